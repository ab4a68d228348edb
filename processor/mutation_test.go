package processor

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestParseKeepsItsPromisesForDamagedMessages damages every message of the corpus in many ways, the same ones in each
// run. MUTATIONS sets the number of damaged copies of each message.
func TestParseKeepsItsPromisesForDamagedMessages(t *testing.T) {
	t.Parallel()
	n := 1
	if env := os.Getenv("MUTATIONS"); env != "" {
		var err error
		if n, err = strconv.Atoi(env); err != nil || n < 1 {
			t.Fatalf("MUTATIONS is %q: set it to a positive number", env)
		}
	}
	begin, octets, count, slowest := time.Now(), 0, 0, time.Duration(0)
	files := slices.DeleteFunc(messages(t), func(name string) bool { return filepath.Ext(name) == ".json" })
	for _, name := range files {
		content := readFile(t, name)
		seed := fnv.New64a()
		seed.Write([]byte(name[len(name)-min(len(name), 20):])) // a hash never fails
		rng := rand.New(rand.NewPCG(seed.Sum64(), 1))
		for i := range n {
			damaged := damage(rng, content)
			octets, count, slowest = octets+len(damaged), count+1, max(slowest, timeOf(func() { checkPromises(t, damaged, DefaultLimits()) }))
			if t.Failed() {
				t.Fatalf("in mutation %d of %s", i, name)
			}
		}
	}
	t.Logf("%d mutations of %d messages, %d MiB, in %v; the slowest took %v", count, len(files), octets>>20, time.Since(begin).Round(time.Second), slowest.Round(time.Millisecond))
}

// timeOf returns the time that f takes. A long time is measured again: another program may have used the machine.
func timeOf(f func()) time.Duration {
	const long = 100 * time.Millisecond
	shortest := time.Duration(math.MaxInt64)
	for range 5 {
		start := time.Now()
		f()
		if shortest = min(shortest, time.Since(start)); shortest < long {
			break
		}
	}
	return shortest
}

// damage returns a message with a few random kinds of damage, accidental or malicious.
func damage(rng *rand.Rand, content []byte) []byte {
	damaged := append([]byte(nil), content...)
	for range 1 + rng.IntN(4) {
		if len(damaged) == 0 {
			return damaged
		}
		at := rng.IntN(len(damaged))
		end := min(len(damaged), at+1+rng.IntN(200))
		switch rng.IntN(9) {
		case 0: // an octet is replaced
			damaged[at] = byte(rng.IntN(256))
		case 1: // a bit is flipped
			damaged[at] ^= 1 << rng.IntN(8)
		case 2: // the end is cut off
			damaged = damaged[:at]
		case 3: // a piece is missing
			damaged = append(damaged[:at], damaged[end:]...)
		case 4: // a piece is repeated
			damaged = append(damaged[:end], append([]byte(nil), damaged[at:]...)...)
		case 5: // a piece overwrites another
			piece := append([]byte(nil), damaged[at:end]...)
			copy(damaged[rng.IntN(len(damaged)):], piece)
		case 6: // a piece with a meaning overwrites others
			copy(damaged[at:], meaningful[rng.IntN(len(meaningful))])
		case 7: // a piece with a meaning is inserted
			damaged = append(damaged[:at], append([]byte(meaningful[rng.IntN(len(meaningful))]), damaged[at:]...)...)
		case 8: // white space is changed
			for i := at; i < end; i++ {
				if damaged[i] == '\n' || damaged[i] == ' ' {
					damaged[i] = "\n \r\t"[rng.IntN(4)]
				}
			}
		}
	}
	return damaged
}

// meaningful are pieces that have a meaning in mail.
var meaningful = []string{
	"\n\n", "\r\n\r\n", "\n--", "--\n", "\x00", "\xff\xfe", "=?utf-8?B?", "?=", "=?x?Q?=?=", "\"", "(", "<", ">", ";", ",", "=", "=\n", "%00", "''",
	"\nContent-Type: multipart/mixed; boundary=\"\"\n", "\nContent-Type: message/rfc822\n", "\nContent-Transfer-Encoding: base64\n", "\nContent-Type: text/html\n\n<",
	"begin 644 x\n", "`\nend\n", "\nOn 1 Jan 2026 10:00, a@b.example wrote:\n> ", "\nFrom: a\nSent: b\nTo: c\nSubject: d\n", "\nFinal-Recipient: rfc822; \nStatus: 5.1.1\n\n",
	"\x78\x9f\x3e\x22", "\x30\x80", "<table><tr>", "</", "<!--", "&#x110000;", "\x1b$B", "+AAA-", "charset=utf-16", "charset=", "*0*=", "*=utf-8''%",
}
