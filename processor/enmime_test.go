package processor

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/jhillyerd/enmime/v2"

	"mailintegration/processor/charset"
)

// TestMessagesAreReadAsEnmimeReadsThem compares text and attachments with those that enmime finds in every message of
// the corpus. testdata/enmime.json explains each difference.
func TestMessagesAreReadAsEnmimeReadsThem(t *testing.T) {
	t.Parallel()
	dir, ok := corpus(t)
	if !ok {
		return
	}
	var explained map[string]string
	readJSON(t, filepath.Join("testdata", "enmime.json"), &explained)
	compared, same := 0, 0
	for _, name := range filesOf(t, dir) {
		if !isMessage(name) {
			continue
		}
		octets := readFile(t, name)
		theirs, err := enmime.NewParser(enmime.DisableCharacterDetection(true)).ReadEnvelope(bytes.NewReader(octets))
		if err != nil {
			continue // enmime returns nothing to compare with
		}
		compared++
		rel, _ := filepath.Rel(dir, name) // below dir
		found := compareWithEnmime(octets, theirs)
		if len(found) == 0 {
			same++
		}
		for field, difference := range found {
			if key := filepath.ToSlash(rel) + " " + field; explained[key] == "" {
				t.Errorf("%s: %s", key, difference)
			} else {
				delete(explained, key)
			}
		}
	}
	for key := range explained {
		t.Errorf("testdata/enmime.json explains %q, but there is no such difference", key)
	}
	t.Logf("%d messages compared, %d read alike", compared, same)
	if compared < 180 {
		t.Errorf("compared only %d messages, want at least 180", compared)
	}
}

// isMessage reports whether a file of the corpus is a message, not a part of one.
func isMessage(name string) bool {
	switch filepath.Ext(name) {
	case ".html", ".txt", ".tnef", ".json", ".md", ".png", ".golden":
		return false
	}
	return !strings.HasSuffix(name, "_reply_text") && !strings.HasPrefix(filepath.Base(name), "LICENSE")
}

// compareWithEnmime returns the fields that enmime reads differently.
func compareWithEnmime(octets []byte, theirs *enmime.Envelope) map[string]string {
	raw := bytes.NewReader(octets)
	m := Parse(raw, raw.Size())
	found := map[string]string{}
	const separator = "\n--\n" // which enmime puts between two texts
	if ours, other := letters(strings.ReplaceAll(m.Text, separator, "")), letters(strings.ReplaceAll(theirs.Text, separator, "")); theirs.Text != "" && !isFromHTML(theirs) && ours != other {
		found["text"] = "ours " + cutFor(m.Text) + ", theirs " + cutFor(theirs.Text)
	}
	var ours, other []string
	for _, a := range m.Attachments {
		content, _ := io.ReadAll(a.Open(raw)) // a reader of bytes does not fail
		ours = append(ours, fingerprint(content)+" "+a.Name)
	}
	for _, parts := range [][]*enmime.Part{theirs.Attachments, theirs.Inlines, theirs.OtherParts} {
		for _, p := range parts {
			if isTextOf(m, p) {
				continue
			}
			other = append(other, fingerprint(p.Content)+" "+p.FileName)
		}
	}
	if only, theirOnly := without(ours, other), without(other, ours); len(only)+len(theirOnly) > 0 {
		found["attachments"] = "only ours " + strings.Join(only, ", ") + "; only theirs " + strings.Join(theirOnly, ", ")
	}
	return found
}

// isTextOf reports whether a part that enmime lists among the others is the text of a message, or repeats it.
func isTextOf(m *Message, p *enmime.Part) bool {
	if p.Disposition == "attachment" || p.FileName != "" {
		return false
	}
	isText := p.ContentType == "" || strings.HasPrefix(p.ContentType, "text/")
	return p.ContentType == "text/html" || isText && strings.Contains(letters(m.Text), letters(string(p.Content)))
}

// isFromHTML reports whether the text was made from HTML; that conversion is a matter of taste.
func isFromHTML(e *enmime.Envelope) bool {
	return e.Root == nil || e.Root.BreadthMatchFirst(func(p *enmime.Part) bool { return p.ContentType == "text/plain" }) == nil
}

// letters returns a text without its white space.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

func cutFor(s string) string {
	s, _ = charset.CutRunes(s, 300)
	return strconv.Quote(s)
}

// fingerprint returns the number of octets and a digest of them.
func fingerprint(content []byte) string {
	sum := sha256.Sum256(content)
	return strconv.Itoa(len(content)) + ":" + hex.EncodeToString(sum[:4])
}

// without returns the elements of all whose fingerprint none of the others has.
func without(all, others []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(a string) bool {
		return slices.ContainsFunc(others, func(b string) bool {
			x, _, _ := strings.Cut(a, " ")
			y, _, _ := strings.Cut(b, " ")
			return x == y
		})
	})
}
