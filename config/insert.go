package config

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
)

// HasTags returns which tags a mailbox file has, by their names in the reference. Tags of filters and of Smtp do not count.
func HasTags(data []byte) map[string]bool {
	found := map[string]bool{}
	for _, e := range parse("", data, mailboxSet()).elements {
		found[e.tag.Name] = true
	}
	return found
}

// encodingName matches the encoding in an XML declaration, with what stands before it.
var encodingName = regexp.MustCompile(`^(\s*<\?xml\s[^>]*?encoding\s*=\s*["'])[^"']*`)

// InsertTags returns a mailbox file with a text behind the start tag of its root, in UTF-8. Nothing else of the file changes, but
// for the encoding that its declaration names. The text has \n for the end of a line; the file keeps its own.
func InsertTags(data []byte, text string) ([]byte, error) {
	content, fault := toUTF8(data)
	if fault != "" {
		return nil, errors.New(fault)
	}
	content = encodingName.ReplaceAll(content, []byte("${1}utf-8"))
	decoder := xml.NewDecoder(bytes.NewReader(content))
	decoder.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil, errors.New("has no root")
		}
		if _, isStart := token.(xml.StartElement); isStart {
			break
		}
	}
	if bytes.Contains(content, []byte("\r\n")) {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	at := decoder.InputOffset()
	return append(append(bytes.Clone(content[:at]), text...), content[at:]...), nil
}
