package entity

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestTransferEncodingsAreUndone(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, field, body, want string }{
		{"base64", "base64", "aGVsbG8=", "hello"},
		{"base64 in lines", "base64", "aGVs\r\nbG8=\r\n", "hello"},
		{"base64 without padding", "base64", "aGVsbG8", "hello"},
		{"base64 that ends within a quantum", "base64", "aGVsb", "hel"},
		{"base64 with junk", "base64", "aGV*sb-G8=aGVsbG8gYWdhaW4gYW5kIGFnYWlu", "hellohello again and again"},
		{"base64 in several padded blocks", "base64", "aGVsbG8=\nIGFnYWlu\nIQ==\n", "hello again!"},
		{"base64 in short lines", "base64", "a\nG\nV\ns\nb\nG\n8\n=\n", "hello"},
		{"base64 with white space and a parameter", " Base64 ; x", "aGVsbG8=", "hello"},
		{"base64 that is plain text", "base64", "This is plain text.", "This is plain text."},
		{"quoted-printable", "quoted-printable", "caf=C3=A9 =3D", "café ="},
		{"quoted-printable in small letters", "Quoted-Printable", "caf=c3=a9", "café"},
		{"soft line breaks", "quoted-printable", "one=\r\n line", "one line"},
		{"soft line breaks with white space after them", "quoted-printable", "one= \t\r\n line", "one line"},
		{"white space at the end of a line", "quoted-printable", "one  \r\ntwo\t\r\n", "one\r\ntwo\r\n"},
		{"equals signs that encode nothing", "quoted-printable", "a=b =zz ==", "a=b =zz ="},
		{"quoted-printable that ends within a code", "quoted-printable", "one =C", "one =C"},
		{"quoted-printable with a semicolon", "quoted-printable;", "=41", "A"},
		{"uuencode", "x-uuencode", "begin 644 a.txt\n%:&5L;&\\\n`\nend\njunk\n", "hello"},
		{"uuencode without begin", "uuencode", "%:&5L;&\\\n`\nend\n", "hello"},
		{"uuencode cut off", "uuencode", "begin 644 a\n%:&5", "he"},
		{"8bit", "8bit", "caf\xc3\xa9", "café"},
		{"an unknown encoding", "x-unknown", "=41", "=41"},
		{"no encoding", "", "=41\r\n", "=41\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			raw := strings.NewReader(tt.body)
			r := Extent{0, raw.Size(), encodingOf(tt.field)}.Open(raw, nil)
			got, err := io.ReadAll(iotest.OneByteReader(r))
			if err != nil || string(got) != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

func TestEncodedLinesLongerThanTheWindowAreDecoded(t *testing.T) {
	t.Parallel()
	const n = 3*lineBuffer + 17
	for name, tt := range map[string]struct {
		enc        transferEncoding
		unit, want string
	}{
		"base64":           {base64Encoding, "aGVsbG8h", "hello!"},
		"quoted-printable": {quotedPrintable, "=C3=A9x", "éx"},
	} {
		raw := strings.NewReader(strings.Repeat(tt.unit, n))
		got, err := io.ReadAll(Extent{0, raw.Size(), tt.enc}.Open(raw, nil))
		if err != nil || string(got) != strings.Repeat(tt.want, n) {
			t.Errorf("%s: %d octets (%v), want %d", name, len(got), err, n*len(tt.want))
		}
	}
}

func TestClearTextAfterBase64IsDistinguishedFromJunk(t *testing.T) {
	t.Parallel()
	const line = "SGVsbG8sIHRoZSBwcmludGVyIGlzIGJyb2tlbi4K" // a whole line
	tests := []struct{ name, base64, text string }{
		{"a padded block", "aGVsbG8=\r\n", "-- \r\nSent by the list server\r\n"},
		{"a block that needs no padding", line + "\n\n", "This is the footer of the list."},
		{"a footer that begins with a word", line + "\naGVsbG8=\n", "Unsubscribe\nhere: https://lists.example.com or by mail\n"},
		{"several padded blocks", "aGVsbG8=\nIGFnYWlu\nIQ==\n", "_____ \nthe helpers' list\n"},
		{"a line longer than the window", strings.Repeat(line, 2*lineBuffer/len(line)) + "\n", "This is the footer of the list."},
		{"no text after base64", line + "\n", ""},
		{"junk within base64", line + "\n*" + line + "\n", ""},
		{"junk after base64", line + "\n--\n", ""},
		{"text that begins with a short word", "Help\nthe printer is broken", ""},
		{"text alone", "The printer is broken.", ""},
		{"lines of another length", "aGVsb\nG8gYWdh\naW4=\n", ""},
		{"an empty body", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			raw := strings.NewReader("x" + tt.base64 + tt.text)
			_, plain := Extent{1, raw.Size(), base64Encoding}.CutClearText(raw, raw.Size(), nil)
			if plain.Size() != int64(len(tt.text)) {
				t.Errorf("got %d octets of clear text, want %d", plain.Size(), len(tt.text))
			}
		})
	}
}
