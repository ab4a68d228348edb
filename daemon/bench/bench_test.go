//go:build bench && linux

package bench

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailintegration/mailbox/dovecottest"
)

// contest is one kind of maildrop, which every contestant empties in every round.
type contest struct {
	name       string
	title      string
	messages   int
	attachment func(i int) int // octets of the i-th message's attachment
	oneWay     time.Duration   // delay of the line, 0 for none
	toMpop     float64         // the goal for our speed relative to mpop's, 0 for none
	toDrain    float64         // the goal for our speed relative to the raw drain's, 0 for none
}

// contests has all contests.
var contests = []contest{
	{name: "small", title: "2,000 mails of 5 KB", messages: 2000, attachment: none, toMpop: 1.5, toDrain: 0.5},
	{name: "mixed", title: "300 mails of 5 KB, 15 % with 200 KB, 5 % with 5 MB", messages: 300, attachment: mixed},
	{name: "big", title: "5 mails of 25 MB", messages: 5, attachment: func(int) int { return 25_000_000 }},
	{name: "latency", title: "200 mails of 5 KB, 100 ms round trip", messages: 200, attachment: none,
		oneWay: 50 * time.Millisecond, toMpop: 0.8},
}

func none(int) int { return 0 }

// mixed returns the size of an attachment for 4 of every 20 messages, and 0 for the others.
func mixed(i int) int {
	switch i % 20 {
	case 2, 11, 16:
		return 200_000
	case 7:
		return 5_000_000
	}
	return 0
}

// The contestants.
const (
	ours = "mailintegration"
	mpop = "mpop"
	raw  = "raw drain"
)

// run holds the time and the resources that one contestant used for one maildrop.
type run struct {
	usage
	PostgreSQL time.Duration // processor time of PostgreSQL meanwhile
}

// bench has the servers that the contestants use.
type bench struct {
	*testing.T
	dovecot   *dovecottest.Server
	installed *installed
}

// TestBench measures all contestants and prints tables. BENCH_ROUNDS (default 3) and BENCH_CONTESTS (names, default
// all) select the work. The test fails when a contestant does not do its work, not when it is slow.
func TestBench(t *testing.T) {
	if os.Getenv("BENCH_PROFILE") != "" {
		return // only TestProfile runs then
	}
	rounds, err := strconv.Atoi(cmp.Or(os.Getenv("BENCH_ROUNDS"), "3"))
	if err != nil || rounds < 1 {
		t.Fatalf("BENCH_ROUNDS is %q, not a number of rounds", os.Getenv("BENCH_ROUNDS"))
	}
	b := &bench{T: t, dovecot: dovecottest.Start(t, dovecottest.Options{}), installed: install(t)}
	for _, c := range chosenContests() {
		results := map[string][]run{}
		for round := range rounds {
			order := []string{ours, mpop, raw}
			for i := range order {
				who := order[(i+round)%len(order)]
				results[who] = append(results[who], b.run(c, who, round))
			}
		}
		printTable(os.Stdout, c, results)
	}
	fmt.Println()
}

// chosenContests returns the contests that BENCH_CONTESTS names, all of them by default.
func chosenContests() []contest {
	chosen := strings.Fields(os.Getenv("BENCH_CONTESTS"))
	return slices.DeleteFunc(slices.Clone(contests), func(c contest) bool {
		return len(chosen) > 0 && !slices.Contains(chosen, c.name)
	})
}

// run fills a new maildrop and measures how the contestant empties it.
func (b *bench) run(c contest, who string, round int) run {
	b.Helper()
	user := fmt.Sprintf("%s-%d-%s", c.name, round, strings.ReplaceAll(who, " ", "-"))
	for i := range c.messages {
		b.dovecot.Deliver(user, message(c.name, round, i, c.attachment(i)))
	}
	syscall.Sync() // so that the contestant does not wait for the writes of the maildrop
	port := b.dovecot.Port
	if c.oneWay > 0 {
		port = delayProxy(b.T, net.JoinHostPort(b.dovecot.Host, strconv.Itoa(port)), c.oneWay)
	}
	var r run
	switch who {
	case ours:
		r = b.installed.once(b.T, user, port, c.messages)
	case mpop:
		r.usage = b.mpop(user, port, c.messages)
	case raw:
		r.usage, _ = measure(b.T, []string{draining + "=1"},
			os.Args[0], net.JoinHostPort(b.dovecot.Host, strconv.Itoa(port)), user, dovecottest.DefaultPassword)
	}
	if left := b.dovecot.Count(user); left != 0 {
		b.Fatalf("%d messages are left in the maildrop of %s", left, user)
	}
	return r
}

// mpop reads the maildrop into a Maildir, with pipelining.
func (b *bench) mpop(user string, port, messages int) usage {
	b.Helper()
	dir, err := os.MkdirTemp("", "bench-mpop-") // beside the other contestants' files
	if err != nil {
		b.Fatal(err)
	}
	defer os.RemoveAll(dir) // it is a temporary directory
	for _, sub := range []string{"box", "box/cur", "box/new", "box/tmp"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			b.Fatal(err)
		}
	}
	configuration := fmt.Sprintf("account bench\nhost %s\nport %d\nuser %s\nauth user\npassword %s\ntls off\nkeep off\n"+
		"pipelining on\nuidls_file %[5]s/uidls\ndelivery maildir %[5]s/box\n",
		b.dovecot.Host, port, user, dovecottest.DefaultPassword, dir)
	if err := os.WriteFile(filepath.Join(dir, "rc"), []byte(configuration), 0o600); err != nil {
		b.Fatal(err)
	}
	u, _ := measure(b.T, nil, "mpop", "-q", "-C", filepath.Join(dir, "rc"), "bench")
	if got, err := os.ReadDir(filepath.Join(dir, "box", "new")); err != nil || len(got) != messages {
		b.Fatalf("mpop delivered %d of %d mails: %v", len(got), messages, err)
	}
	return u
}
