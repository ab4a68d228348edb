package smime

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

// Encoded object identifiers with tag and length.
const (
	signedData = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
	data       = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
)

// element returns an element of BER whose content has less than 128 octets.
func element(tag byte, content ...string) string {
	all := strings.Join(content, "")
	return string([]byte{tag, byte(len(all))}) + all
}

// signed returns a SignedData with the encoded content and no signature.
func signed(content string) string {
	encapsulated := element(berSequence, data, element(berExplicit, content))
	return element(berSequence, signedData, element(berExplicit, element(berSequence,
		element(berInteger, "\x01"), element(berSet), encapsulated, element(berSet))))
}

// indefinite is a SignedData whose elements have no length, and whose content comes in two pieces.
const indefinite = "\x30\x80" + signedData + "\xa0\x80\x30\x80\x02\x01\x01\x31\x00\x30\x80" + data +
	"\xa0\x80\x24\x80\x04\x02he\x04\x03llo\x00\x00"

func TestTheContentOfASignedObjectIsRead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, object, want string
		isError            bool
	}{
		{"content in one piece", signed(element(berOctets, "hello")), "hello", false},
		{"content in several pieces", signed(element(berChunks, element(berOctets, "hel"), element(berOctets, "lo"))), "hello", false},
		{"elements of indefinite length", indefinite, "hello", false},
		{"an object without content", signed(""), "", true},
		{"data that is not signed", element(berSequence, data), "", true},
		{"an object that is cut off", signed(element(berOctets, "hello"))[:42], "", true},
		{"octets that are not BER", "hello", "", true},
		{"no octets", "", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Content(strings.NewReader(tt.object))
			if (err != nil) != tt.isError || err == nil && string(got) != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestAReadErrorIsReturnedUnchanged(t *testing.T) {
	t.Parallel()
	errDisk := errors.New("disk is gone")
	if _, err := Content(iotest.ErrReader(errDisk)); !errors.Is(err, errDisk) {
		t.Errorf("got %v, want %v", err, errDisk)
	}
}

// FuzzContent checks that no object has more content than octets.
func FuzzContent(f *testing.F) {
	f.Add(signed(element(berOctets, "hello")))
	f.Add(indefinite)
	f.Fuzz(func(t *testing.T, object string) {
		if content, _ := Content(strings.NewReader(object)); len(content) > len(object) {
			t.Errorf("%d octets of content in an object of %d", len(content), len(object))
		}
	})
}
