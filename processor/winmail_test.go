package processor

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// winmailMessage wraps a TNEF stream into a message.
func winmailMessage(stream []byte, encoding string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Subject: x\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: %s\r\n\r\n", encoding)
	if encoding != "base64" {
		b.Write(stream)
		return b.Bytes()
	}
	text := base64.StdEncoding.EncodeToString(stream)
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	b.WriteString(text + "\r\n")
	return b.Bytes()
}

// unpackedNames parses a message and returns its text and its attachments as "name media-type octets".
func unpackedNames(t *testing.T, octets, within []byte) (m *Message, names []string) {
	t.Helper()
	raw := bytes.NewReader(octets)
	m = Parse(raw, raw.Size())
	checkBounds(t, m, DefaultLimits())
	for _, a := range m.Attachments {
		content, err := io.ReadAll(a.Open(raw))
		if err != nil {
			t.Errorf("%s: %v", a.Name, err)
		}
		if !bytes.Contains(within, content) {
			t.Errorf("%s: its %d octets are not in the stream", a.Name, len(content))
		}
		names = append(names, fmt.Sprintf("%s %s %d", a.Name, a.MediaType, len(content)))
	}
	return m, names
}

func TestContainersOfOutlookAreUnpacked(t *testing.T) {
	t.Parallel()
	dir, ok := corpus(t)
	if !ok {
		return
	}
	const octets, whole = " application/octet-stream ", "winmail.dat application/ms-tnef "
	tests := map[string]struct {
		text  string // its beginning
		names []string
	}{
		"MAPI_ATTACH_DATA_OBJ": {"Det er jo en velkjent sak at bodødamene", []string{"VIA_Nytt_1402.doc" + octets + "61952", "VIA_Nytt_1402.pdf" + octets + "213685", "VIA_Nytt_14021.htm" + octets + "68919"}},
		"MAPI_OBJECT":          {"Attached is the updated October Discounted Price List", []string{"Untitled_Attachment" + octets + "628224"}},
		"attachments":          {"Casdasdfasdfasd\n", []string{"zappa_av1.jpg" + octets + "2937", "bookmark.htm" + octets + "85805"}},
		// Its signature is wrong.
		"badchecksum":       {"", []string{whole + "98184"}},
		"body":              {"THE BILL OF RIGHTS\nAmendments 1-10", nil},
		"data-before-name":  {"asdf", []string{"AUTOEXEC.BAT" + octets + "0", "CONFIG.SYS" + octets + "0", "boot.ini" + octets + "289"}},
		"garbage-at-end":    {"", []string{whole + "4184"}}, // a receipt, without text or files
		"long-filename":     {"I've attached a temp. license for QARun 4.7.", []string{"allproductsmar2000.dat" + octets + "279"}},
		"missing-filenames": {"Hi Stephen,\n\nSue has encountered a Date problem", []string{"generpts.src" + octets + "61210", "TechlibDEC99.doc" + octets + "33792", "TechlibDEC99-JAN00.doc" + octets + "34304", "TechlibNOV99.doc" + octets + "33792"}},
		// A note of how a message was sent, without text or files.
		"multi-name-property":   {"", []string{whole + "3039"}},
		"multi-value-attribute": {"You received a voice mail from", []string{"208225__5_seconds__Voice_Mail.mp3 audio/mp3 10656"}},
		"one-file":              {"", []string{"AUTHORS" + octets + "244"}},
		// Cut off within a value.
		"panic":                  {"----------\nFrom: Andreas Wallenberg", []string{"image001.jpg image/jpeg 11250", "image002.jpg image/jpeg 9583", "image003.png image/png 7147", whole + "67359"}},
		"rtf":                    {"aafgag'alga'kgk\n\nagka;kgag\n", nil},
		"triples":                {"Sample description", nil},
		"two-files":              {"", []string{"AUTHORS" + octets + "244", "README" + octets + "893"}},
		"unicode-mapi-attr-name": {"Przesyłam poprawiony plik\n", []string{"spaconsole2.cfg" + octets + "8387", "image001.png image/png 3815", "image002.png image/png 3573", "image003.png image/png 3792"}},
		"unicode-mapi-attr":      {"hello world", []string{"example.dat" + octets + "1024"}},
	}
	for _, file := range filesOf(t, filepath.Join(dir, "tnef")) {
		name := strings.TrimSuffix(filepath.Base(file), ".tnef")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, ok := tests[name]
			if !ok {
				t.Fatal("the file is not in the table")
			}
			stream := readFile(t, file)
			for _, encoding := range []string{"base64", "binary"} {
				m, names := unpackedNames(t, winmailMessage(stream, encoding), stream)
				if diff := cmp.Diff(want.names, names); diff != "" {
					t.Errorf("%s: (-want +got):\n%s", encoding, diff)
				}
				if !strings.HasPrefix(m.Text, want.text) || want.text == "" && m.Text != "" {
					t.Errorf("%s: text is %.100q", encoding, m.Text)
				}
			}
		})
	}
}

func TestADamagedContainerIsKeptBesideTheFilesFoundInIt(t *testing.T) {
	t.Parallel()
	stream := tnefStream(
		tnefAttr(2, attrAttachRendData, make([]byte, 14)), tnefAttr(2, attrAttachTitle, []byte("a.txt\x00")), tnefAttr(2, attrAttachData, []byte("content of a")),
		tnefAttr(2, attrAttachRendData, make([]byte, 14)), tnefAttr(2, attrAttachTitle, []byte(`..\..\b.txt`+"\x00")), tnefAttr(2, attrAttachData, []byte("content of b")),
	)
	m, names := unpackedNames(t, winmailMessage(stream, "base64"), stream)
	if diff := cmp.Diff([]string{"a.txt application/octet-stream 12", "b.txt application/octet-stream 12"}, names); diff != "" || len(m.Defects) > 0 {
		t.Errorf("whole: %v\n%s", m.Defects, diff)
	}
	for n := range stream {
		m, names := unpackedNames(t, winmailMessage(stream[:n], "base64"), stream)
		last := ""
		if len(names) > 0 {
			last = names[len(names)-1]
		}
		isWhole := last == "a.txt application/octet-stream 12" && len(m.Defects) == 0 // ends between two attributes
		if !isWhole && !strings.HasPrefix(last, "winmail.dat ") && !strings.HasPrefix(last, "b.txt ") {
			t.Errorf("cut off after %d octets: %q, %v", n, names, m.Defects)
		}
	}
}

func TestEachFileOfAContainerIsReadFromNearItsBeginning(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("0123456789abcdef"), 2<<10)
	var attrs [][]byte
	for range tnefFiles + 50 {
		attrs = append(attrs, tnefAttr(2, attrAttachRendData, make([]byte, 14)), tnefAttr(2, attrAttachData, content))
	}
	octets := winmailMessage(tnefStream(attrs...), "base64")
	raw := &countingReader{Reader: strings.NewReader(string(octets))}
	m := Parse(raw, int64(len(octets)))
	if len(m.Attachments) != tnefFiles+1 || len(m.Defects) == 0 {
		t.Fatalf("%d attachments, %v", len(m.Attachments), m.Defects)
	}
	raw.octets = 0
	for _, a := range m.Attachments[:tnefFiles] {
		got, err := io.ReadAll(a.Open(raw))
		if err != nil || !bytes.Equal(got, content) {
			t.Fatalf("%s: %d octets, %v", a.Name, len(got), err)
		}
	}
	// Open starts near the beginning of the file, so that it reads about a window and a half more than its size.
	if most := int64(tnefFiles * (2*len(content) + 4*window)); raw.octets > most {
		t.Errorf("read %d octets for %d files of %d", raw.octets, tnefFiles, len(content))
	}
}

// Attributes of a TNEF stream (MS-OXTNEF §2.1.3.1).
const (
	attrBody           = 0x0002800c
	attrMessageProps   = 0x00069003
	attrAttachRendData = 0x00069002 // begins an attachment
	attrAttachTitle    = 0x00018010
	attrAttachData     = 0x0006800f

	tnefFiles = 200 // the limit of the files taken out of one stream
)

// tnefStream returns a stream of attributes.
func tnefStream(attrs ...[]byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0x223e9f78) // its signature
	b = append(b, 1, 0)
	for _, a := range attrs {
		b = append(b, a...)
	}
	return b
}

func tnefAttr(level byte, id uint32, value []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte{level}, id)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(value)))
	return append(append(b, value...), 0, 0)
}

// FuzzTNEF checks the promises of Parse for arbitrary TNEF streams.
func FuzzTNEF(f *testing.F) {
	f.Add(tnefStream(tnefAttr(1, attrBody, []byte("text")), tnefAttr(2, attrAttachRendData, nil), tnefAttr(2, attrAttachData, []byte("x"))))
	f.Add(tnefStream(tnefAttr(1, attrMessageProps, []byte{1, 0, 0, 0, 0x1e, 0, 0, 0x10, 1, 0, 0, 0, 2, 0, 0, 0, 'h', 'i', 0, 0})))
	f.Fuzz(func(t *testing.T, stream []byte) {
		octets := winmailMessage(stream, "binary")
		checkPromises(t, octets, DefaultLimits())
	})
}
