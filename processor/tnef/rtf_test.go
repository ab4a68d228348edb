package tnef

import (
	"encoding/binary"
	"strings"
	"testing"
)

func TestRTFBecomesTextOrTheHTMLItWasMadeFrom(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, rtf, text, html string }{
		{"paragraphs and tabs", `{\rtf1\ansi Hello\par world\tab!\line}`, "Hello\nworld\t!", ""},
		{"destinations without text", `{\rtf1{\fonttbl{\f0 Arial;}}{\*\generator x;}{\info{\title t}}{\pict 0102}a}`, "a", ""},
		{"characters of a code page", `{\rtf1\ansicpg1252 caf\'e9 \{x\} \\}`, `café {x} \`, ""},
		{"characters of two octets", `{\rtf1\ansicpg932 \'93\'fa\'96\'7b}`, "日本", ""},
		{"Unicode with a substitute", `{\rtf1\uc1 \u233?t\u233\'e9}`, "été", ""},
		{"Unicode as negative numbers and surrogates", `{\rtf1\uc0\u-10179 \u-8704 }`, "\U0001f600", ""},
		{"encapsulated HTML", `{\rtf1\ansi\fromhtml1{\*\htmltag64 <p>}\htmlrtf \par \htmlrtf0 Hello {\*\htmltag84 <b>}you{\*\htmltag92 </b>}\htmlrtf{\b x}\htmlrtf0}`, "", "<p>Hello <b>you</b>"},
		{"a group that is not closed", `{\rtf1 a{\b b`, "ab", ""},
		{"groups closed too often", `{\rtf1 a}}}b`, "a", ""},
		{"many groups", `{\rtf1 a` + strings.Repeat("{", 10000) + "b", "a", ""},
		{"binary data", `{\rtf1 a\bin3 }}}b}`, "ab", ""},
		{"text that is not RTF", "hello", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if text, html := readRTF([]byte(tt.rtf)); text != tt.text || html != tt.html {
				t.Errorf("got %q, %q, want %q, %q", text, html, tt.text, tt.html)
			}
		})
	}
}

// TestCompressedRTFOfTheSpecificationIsDecompressed decodes the examples of MS-OXRTFCP §4.
func TestCompressedRTFOfTheSpecificationIsDecompressed(t *testing.T) {
	t.Parallel()
	example := []byte("\x2d\x00\x00\x00\x2b\x00\x00\x00\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0")
	if got, want := string(decompressRTF(example, 1000)), "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	crossing := []byte("\x1a\x00\x00\x00\x1c\x00\x00\x00\x4c\x5a\x46\x75\xe2\xd4\x4b\x51\x41\x00\x04\x20\x57\x58\x59\x5a\x0d\x6e\x7d\x01\x0e\xb0")
	if got, want := string(decompressRTF(crossing, 1000)), "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := decompressRTF(example, 10); len(got) != 10 {
		t.Errorf("got %d octets, want 10", len(got))
	}
	for n := range example {
		decompressRTF(example[:n], 1000) // must not panic
	}
}

// FuzzRTF checks that no compressed RTF becomes larger than the limit.
func FuzzRTF(f *testing.F) {
	f.Add([]byte(`{\rtf1\ansi\fromhtml1{\*\htmltag64 <p>}\u233?\'e9\par}`), false)
	f.Add([]byte("\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32\x35"), true)
	f.Fuzz(func(t *testing.T, data []byte, isCompressed bool) {
		kind := uint32(0x414c454d)
		if isCompressed {
			kind = 0x75465a4c
		}
		header := binary.LittleEndian.AppendUint32(make([]byte, 8), kind)
		const limit = 2000
		rtf := decompressRTF(append(append(header, 0, 0, 0, 0), data...), limit)
		text, html := readRTF(rtf)
		if len(rtf) > limit || len(text)+len(html) > 4*limit {
			t.Errorf("%d octets of RTF, %d of text, %d of HTML", len(rtf), len(text), len(html))
		}
	})
}
