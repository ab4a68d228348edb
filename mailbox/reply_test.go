package mailbox

import (
	"strings"
	"testing"
)

// TestResponseCodes uses response codes of RFC 2449 §8.
func TestResponseCodes(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"[IN-USE] busy", "IN-USE"},
		{"[in-use]", "IN-USE"},
		{"[SYS/TEMP] later", "SYS/TEMP"},
		{"[SYS/TEMP/DISK] later", "SYS/TEMP/DISK"},
		{"[AUTH]no blank", "AUTH"},
		{"", ""},
		{"no code [AUTH]", ""},
		{"[] empty", ""},
		{"[AUTH", ""},
		{"[two words] are not a code", ""},
		{"[caf\xc3\xa9] is not a code", ""},
		{"[\x01] is not a code", ""},
	}
	for _, tt := range tests {
		if got := code(tt.text); got != tt.want {
			t.Errorf("code(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

// TestParseReply accepts status lines and nothing else.
func TestParseReply(t *testing.T) {
	t.Parallel()
	tests := []struct {
		line string
		want string // "" for an invalid line
	}{
		{"+OK", "+OK"}, {"+OK ", "+OK"}, {"+OK 2 320", "+OK 2 320"}, {"+OK\tx", "+OK x"}, {"-ERR", "-ERR"},
		{"-ERR [AUTH] no", "-ERR [AUTH] no"},
		{"", ""}, {" +OK", ""}, {"+ok", ""}, {"+OKAY", ""}, {"-ERROR", ""}, {"-err", ""}, {"+ ", ""}, {".", ""}, {"+OK[X]", ""},
	}
	for _, tt := range tests {
		r, ok := parseReply(tt.line)
		if ok != (tt.want != "") || ok && r.String() != tt.want {
			t.Errorf("parseReply(%q) = %v, %v", tt.line, r, ok)
		}
	}
}

// TestPresentable keeps text of the server from harming a log or a terminal.
func TestPresentable(t *testing.T) {
	t.Parallel()
	long := Presentable(strings.Repeat("é", 1000))
	if len(long) > 2*maxShown {
		t.Errorf("presentable returns %d octets", len(long))
	}
	if got := Presentable("a\x1b[2J\x00\xff"); got != "a\ufffd[2J\ufffd\ufffd" {
		t.Errorf("shown is %q", got)
	}
}
