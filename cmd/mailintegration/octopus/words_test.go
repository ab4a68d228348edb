package octopus_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/cmd/mailintegration/octopus"
)

func TestWordsAreSplitAsWindowsDoes(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`a b  c`: "a|b|c", ` "a b" c `: "a b|c", `/x:"a b"c d`: "/x:a bc|d", `C:\a\b c`: `C:\a\b|c`,
		`"C:\a b\\" c`: `C:\a b\|c`, `"C:\a b\" c`: `C:\a b" c`, `a\"b c`: `a"b|c`, `a\\"b c"`: `a\b c`, `"a""b" c`: `a"b|c`, `"" x`: "|x",
		`a\\b`: `a\\b`, "": "", `"open end`: "open end",
	} {
		if got := strings.Join(octopus.WindowsWords(line), "|"); got != want {
			t.Errorf("%s is split into %s, want %s", line, got, want)
		}
	}
}

func TestLinesAreSplitAsAShellOfUnixDoes(t *testing.T) {
	t.Parallel()
	value := func(name string) string { return "<" + name + ">" }
	for line, want := range map[string]string{
		`a b  c`: "a|b|c", `'a "b' "c 'd"`: `a "b|c 'd`, `a\ b "c\"d" "e\f"`: `a b|c"d|e\f`,
		`cd /x && a b; c | d &`: "cd|/x / a|b / c / d", `a >/dev/null 2>&1 b`: "a|b", `a > "x y" <in b 2>>err`: "a|b", `a # b`: "a", `a#b`: "a#b",
		`a '$b' "$b" $b${c} $ $1`: "a|$b|<b>|<b><c>|$|$1", `''`: "", `(a; b)`: "a / b", `a12>x b`: "a12|b",
	} {
		var commands []string
		for _, words := range octopus.UnixWords(line, value) {
			commands = append(commands, strings.Join(words, "|"))
		}
		if diff := cmp.Diff(want, strings.Join(commands, " / ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
}

func TestTextIsReadInTheEncodingsOfWindows(t *testing.T) {
	t.Parallel()
	const want = "rem Montréal à Québec\n"
	utf16 := func(order func(r rune) []byte) string {
		var b []byte
		for _, r := range "rem Montréal à Québec\r\n" {
			b = append(b, order(r)...)
		}
		return string(b)
	}
	little := utf16(func(r rune) []byte { return []byte{byte(r), byte(r >> 8)} })
	big := utf16(func(r rune) []byte { return []byte{byte(r >> 8), byte(r)} })
	for name, octets := range map[string]string{
		"UTF-8": want, "UTF-8 with a mark and the end of DOS": "\xEF\xBB\xBFrem Montréal à Québec\r\n\x1a",
		"UTF-16 little endian": "\xFF\xFE" + little, "UTF-16 big endian": "\xFE\xFF" + big,
		"UTF-16 little endian without a mark": little, "UTF-16 big endian without a mark": big,
		"code page 1252": "rem Montr\xE9al \xE0 Qu\xE9bec\r\n", "code page 850": "rem Montr\x82al \x85 Qu\x82bec\r\n",
	} {
		if got := octopus.Text([]byte(octets)); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := octopus.Text([]byte("@chcp 1252 >nul\nrem \x85 \x93\x94\x82\n")); got != "@chcp 1252 >nul\nrem … “”‚\n" {
		t.Errorf("chcp: %q", got)
	}
}
