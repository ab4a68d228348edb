package processor

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/processor/charset"
)

func TestAReadErrorInASignedMessageIsReturned(t *testing.T) {
	t.Parallel()
	octets := readFile(t, filepath.Join("testdata", "an-opaque-signed-message-is-read", "mail.eml"))
	raw := bytes.NewReader(octets)
	m := Parse(raw, raw.Size())
	if len(m.Attachments) != 2 || m.Attachments[0].Name != "bon.pdf" {
		t.Fatalf("attachments: %+v", m.Attachments)
	}
	if _, err := io.ReadAll(m.Attachments[0].Open(failingReader{raw, 100})); !errors.Is(err, errDisk) {
		t.Errorf("got %v, want %v", err, errDisk)
	}
}

func TestNestedSignedMessagesAreReadToALimitedDepth(t *testing.T) {
	t.Parallel()
	content := []byte("Content-Type: text/plain\r\n\r\ninnermost\r\n")
	for range 4 {
		object := signedObject(content)
		content = append([]byte("Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n"),
			base64.StdEncoding.AppendEncode(nil, object)...)
		m := parseString("Subject: x\r\n" + string(content))
		checkBounds(t, m, DefaultLimits())
		if hasText := m.Text == "innermost"; hasText == (len(m.Defects) > 0) || len(m.Attachments) == 0 {
			t.Errorf("text %q, defects %v, %d attachments", m.Text, m.Defects, len(m.Attachments))
		}
	}
}

func TestOnlySoManyAttachmentsAreTakenOutOfASignedMessage(t *testing.T) {
	t.Parallel()
	content := "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: image/png\n\nx\n", 1900) +
		"--b\nContent-Type: image/png\n\n" + strings.Repeat("x", 1<<20) + "\n--b--\n"
	octets := "Subject: x\nContent-Type: application/pkcs7-mime\n\n" + string(signedObject([]byte(content)))
	raw := &countingReader{Reader: strings.NewReader(octets)}
	m := Parse(raw, raw.Size())
	if len(m.Attachments) != signedFiles+1 || len(m.Defects) != 1 {
		t.Fatalf("%d attachments, %v", len(m.Attachments), m.Defects)
	}
	if last := m.Attachments[signedFiles]; last.MediaType != "application/pkcs7-mime" {
		t.Errorf("the object itself is not kept: %+v", last)
	}
	raw.octets = 0
	for _, a := range m.Attachments {
		if _, err := io.Copy(io.Discard, a.Open(raw)); err != nil {
			t.Fatalf("%s: %v", a.Name, err)
		}
	}
	if most := (signedFiles + 1) * (raw.Size() + window); raw.octets > most {
		t.Errorf("read %d octets of a message of %d, want at most %d", raw.octets, raw.Size(), most)
	}
}

func TestASignedMessageIsKnownByItsTypeOrFileName(t *testing.T) {
	t.Parallel()
	object := base64.StdEncoding.EncodeToString(signedObject([]byte("Content-Type: text/plain\n\nhello\n")))
	for field, want := range map[string]string{
		"application/octet-stream; name=SMIME.p7m": "hello", "application/x-pkcs7-mime": "hello", "application/octet-stream; name=a.p7m": "",
	} {
		m := parseString("Subject: x\nContent-Type: " + field + "\nContent-Transfer-Encoding: base64\n\n" + object + "\n")
		if m.Text != want || len(m.Attachments) != 1 {
			t.Errorf("%s: %q, %d attachments", field, m.Text, len(m.Attachments))
		}
	}
}

// signedObject returns a SignedData without signatures.
func signedObject(content []byte) []byte {
	const berOctets, berOID, berInteger, berSequence, berSet, berExplicit = 0x04, 0x06, 0x02, 0x30, 0x31, 0xa0 // X.690 §8.1.2
	oidData := []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01")                                                  // RFC 5652 §4
	oidSignedData := []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")                                            // RFC 5652 §5.1
	oid := func(b []byte) []byte { return berElement(berOID, b) }
	inner := berElement(berExplicit, berElement(berOctets, content))
	encapsulated := berElement(berSequence, append(oid(oidData), inner...))
	signed := append(berElement(berInteger, []byte{1}), berElement(berSet, nil)...)
	signed = append(append(signed, encapsulated...), berElement(berSet, nil)...)
	return berElement(berSequence, append(oid(oidSignedData), berElement(berExplicit, berElement(berSequence, signed))...))
}

func berElement(tag byte, content []byte) []byte {
	n := len(content)
	header := []byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}
	return append(header, content...)
}

// FuzzSigned checks the promises of Parse for arbitrary S/MIME objects.
func FuzzSigned(f *testing.F) {
	f.Add(signedObject([]byte("Content-Type: text/plain\r\n\r\nhello\r\n")))
	f.Add([]byte("\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80\x02\x01\x01\x31\x00\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80\x24\x80\x04\x03\n\nx\x00\x00"))
	f.Fuzz(func(t *testing.T, object []byte) {
		checkPromises(t, append([]byte("Content-Type: application/pkcs7-mime\r\n\r\n"), object...), DefaultLimits())
	})
}

// FuzzReplyText checks that the reply text is a piece of the text, and is empty only if the text is.
func FuzzReplyText(f *testing.F) {
	f.Add("Yes.\n\nOn 3 Nov 2026, Ann <a@b.example> wrote:\n> x\n> y\n-- \nAnn")
	f.Add("Yes.\n\n____\nFrom: a\nSent: b\nTo: c\nSubject: d\n\ne")
	f.Fuzz(func(t *testing.T, text string) {
		m := &Message{Subject: "Re: x", Text: charset.Clean(text)} // only an answer is cut
		if got := replyText(m); !strings.Contains(m.Text, got) || got == "" && m.Text != "" {
			t.Errorf("%q is not in %q", got, m.Text)
		}
	})
}
