package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// maxFileOctets limits the size of a configuration file, and of every file that it names.
const maxFileOctets = 1 << 20

// readFile returns the octets of a regular file of at most maxFileOctets. Its errors are half sentences that do not
// name the file.
func readFile(path string) ([]byte, error) {
	// Stat comes first, because opening a pipe or a device could block for ever.
	info, err := os.Stat(path)
	if err != nil {
		return nil, reason(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, reason(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileOctets+1))
	if err != nil {
		return nil, reason(err)
	}
	if len(data) > maxFileOctets {
		return nil, fmt.Errorf("larger than %d KB", maxFileOctets>>10)
	}
	return data, nil
}

// isFile reports whether path is a regular file.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// reason returns err without the name of the file.
func reason(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return missing{}
	}
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// missing is the fs.ErrNotExist of a file, without its name.
type missing struct{}

// Error returns "no such file".
func (missing) Error() string { return "no such file" }

// Is reports whether target is fs.ErrNotExist.
func (missing) Is(target error) bool { return target == fs.ErrNotExist }

// declaration matches the encoding in an XML declaration.
var declaration = regexp.MustCompile(`^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)["']`)

// toUTF8 returns data as UTF-8 without a byte order mark. fault says why data cannot be decoded, "" when it can.
func toUTF8(data []byte) (text []byte, fault string) {
	mark, enc, fault := encodingOf(data)
	switch {
	case fault != "":
		return nil, fault
	case enc == nil:
		return data[len(mark):], ""
	}
	return convert(data[len(mark):], enc)
}

// encodingOf returns the byte order mark of data, and the encoding of the rest, nil for UTF-8. The byte order mark says the
// encoding, else the XML declaration, else it is UTF-8. fault says why there is no such encoding, "" when there is.
func encodingOf(data []byte) (mark []byte, enc encoding.Encoding, fault string) {
	for _, known := range []struct {
		beginning string
		isMark    bool
		enc       encoding.Encoding
	}{
		{"\xEF\xBB\xBF", true, nil},
		{"\xFF\xFE", true, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
		{"<\x00", false, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
		{"\xFE\xFF", true, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
		{"\x00<", false, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
	} {
		switch {
		case !bytes.HasPrefix(data, []byte(known.beginning)):
		case known.isMark:
			return data[:len(known.beginning)], known.enc, ""
		default:
			return nil, known.enc, ""
		}
	}
	found := declaration.FindSubmatch(data)
	if found == nil {
		return nil, nil, ""
	}
	name := string(found[1])
	// A declaration that is readable octet by octet is not in UTF-16, whatever it says. .NET writes such files.
	if strings.HasPrefix(strings.ToLower(name), "utf-16") {
		return nil, nil, ""
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		return nil, nil, fmt.Sprintf("unknown encoding %s (write encoding=\"utf-8\" and save the file as UTF-8)", shown(name))
	}
	if enc == unicode.UTF8 {
		return nil, nil, ""
	}
	return nil, enc, ""
}

// convert decodes data. Octets without a meaning in the encoding become U+FFFD.
func convert(data []byte, enc encoding.Encoding) ([]byte, string) {
	text, err := enc.NewDecoder().Bytes(data)
	if err != nil {
		return nil, "cannot be read in the encoding it declares (save the file as UTF-8)"
	}
	return bytes.TrimPrefix(text, []byte("\uFEFF")), ""
}

// badCharacter returns the offset of the first octet or character that XML 1.0 §2.2 does not allow, and its fault; -1
// when there is none.
func badCharacter(text []byte) (offset int, fault string) {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError:
			return i, "not a character in the file's encoding (save the file as UTF-8, or name its encoding: " +
				"<?xml version=\"1.0\" encoding=\"windows-1252\"?>)"
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0xFFFE, r == 0xFFFF:
			return i, fmt.Sprintf("the character %U is not allowed in XML (remove it)", r)
		}
		i += size
	}
	return -1, ""
}
