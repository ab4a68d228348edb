package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"mailintegration/mailbox/pop3test"
)

func TestCharactersThatATerminalObeysAreEscaped(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"lines and columns", "a\tb\nc", "a\tb\nc"},
		{"text in any script", "Café Δ شكرا 日本 🙂", "Café Δ شكرا 日本 🙂"},
		{"joiners that words and emoji need", "می\u200cخواهم 👩\u200d🚒", "می\u200cخواهم 👩\u200d🚒"},
		{"an escape sequence", "a\x1b[2Jb", `a\u001b[2Jb`},
		{"a sequence in one character", "a\u009b2Jb", `a\u009b2Jb`},
		{"a bell, a backspace, DEL and NUL", "\a\b\x7f\x00", `\u0007\u0008\u007f\u0000`},
		{"a carriage return that rewrites the line", "evil\rgood", `evil\u000dgood`},
		{"overrides of the direction", "\u202aa\u202bb\u202cc\u202dd\u202ee", `\u202aa\u202bb\u202cc\u202dd\u202ee`},
		{
			"isolates and marks of the direction",
			"\u2066a\u2067b\u2068c\u2069d\u200ee\u200ff\u061c", `\u2066a\u2067b\u2068c\u2069d\u200ee\u200ff\u061c`,
		},
		{"characters without width", "a\u200bb\u2060c\ufeffd\u00ade", `a\u200bb\u2060c\ufeffd\u00ade`},
		{"blank letters", "a\u3164b\u115fc\u1160d\uffa0", `a\u3164b\u115fc\u1160d\uffa0`},
		{"tags beyond the Basic Multilingual Plane", "a\U000e0041b", `a\udb40\udc41b`},
		{"line separators", "a\u2028b\u2029c", `a\u2028b\u2029c`},
		{"octets that are not UTF-8", "a\x9b2Jb\xe2\x80", "a\ufffd2Jb\ufffd"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var whole bytes.Buffer
			out := &terminal{to: &whole}
			fmt.Fprint(out, test.text)
			out.flush()
			if whole.String() != test.want {
				t.Errorf("%q is printed, want %q", whole.String(), test.want)
			}
			var pieces bytes.Buffer
			out = &terminal{to: &pieces}
			for _, octet := range []byte(test.text) {
				if n, err := out.Write([]byte{octet}); n != 1 || err != nil {
					t.Fatalf("%d octets written, %v", n, err)
				}
			}
			out.flush()
			if got := strings.ReplaceAll(pieces.String(), "\ufffd\ufffd", "\ufffd"); got != test.want {
				t.Errorf("octet by octet, %q is printed, want %q", got, test.want)
			}
		})
	}
}

// TestEscapedJSONHasTheSameStrings prints random strings as JSON and reads them back.
func TestEscapedJSONHasTheSameStrings(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		runes := make([]rune, random.IntN(20))
		for i := range runes {
			if runes[i] = rune(random.IntN(0x10FFFF)); random.IntN(2) == 0 {
				runes[i] = rune(random.IntN(0x2100))
			}
		}
		want := map[string]string{"text": strings.ToValidUTF8(string(runes), "\ufffd")}
		var out, printed bytes.Buffer
		if err := (output{JSON: true}).print(&env{stdout: &terminal{to: &out}}, want, nil, nil); err != nil {
			t.Fatal(err)
		}
		printed.Write(out.Bytes())
		var got map[string]string
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || got["text"] != want["text"] {
			t.Fatalf("%q is read back as %q, %v", want["text"], got["text"], err)
		}
		for _, r := range printed.String() {
			if r != '\n' && isHidden(r) {
				t.Fatalf("%U is printed within %q", r, printed.String())
			}
		}
	}
}

func TestTextFromOutsideStaysOnOneLine(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	printLine(&out, "  %s", "a\n  Decision: open an incident\tb")
	if want := `  a\n  Decision: open an incident\tb` + "\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// TestTheTextOfAServerIsEscaped has a POP3 server refuse the log-in with a line that would rewrite the screen.
func TestTheTextOfAServerIsEscaped(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	in := install(t, srv.Port(), "helpdesk", pop3test.DefaultPassword)
	for _, verb := range []string{"once", "check"} {
		srv.At("PASS ***").Reply("-ERR [AUTH] \u202eno\u009b2J\x1b[31m\u200b")
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{"-c", in.config, verb}, nil, &out, &errs); code != exitUnreachable {
			t.Errorf("%s: exit code %d\n%s%s", verb, code, &out, &errs)
		}
		srv.Heal()
		for _, r := range out.String() + errs.String() {
			if r != '\n' && isHidden(r) {
				t.Errorf("%s prints %U", verb, r)
			}
		}
		if !utf8.Valid(out.Bytes()) || !strings.Contains(out.String(), "server said") {
			t.Errorf("%s does not say what the server said:\n%q", verb, &out)
		}
	}
}

func TestTextIsWrappedAtBlanks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		width      int
		want       string
	}{
		{"a text that fits", "one two", 7, "one two"},
		{"a text that does not", "one two three", 7, "one two\nthree"},
		{"each line by itself", "one two\nthree four", 7, "one two\nthree\nfour"},
		{"a long word stays whole", "see /etc/mailintegration now", 8, "see\n/etc/mailintegration\nnow"},
		{"the blank after a question stays", "Name [x]: ", 9, "Name [x]: "},
		{"letters count, not octets", "été été", 7, "été été"},
		{"without a width nothing is wrapped", "one two three", 0, "one two three"},
	} {
		if got := wrapped(test.text, test.width); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
