package tnef

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"

	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
)

// Identifiers of the attributes (MS-OXTNEF §2.1.3) and properties (MS-OXPROPS) that are read. The upper half of an
// attribute's identifier is its type.
const (
	signature = 0x223e9f78

	attrBody           = 0x0002800c
	attrMessageProps   = 0x00069003
	attrCodepage       = 0x00069007
	attrAttachRendData = 0x00069002 // begins an attachment
	attrAttachTitle    = 0x00018010
	attrAttachData     = 0x0006800f
	attrAttachProps    = 0x00069005

	propBody         = 0x1000
	propRTF          = 0x1009
	propHTML         = 0x1013
	propDisplayName  = 0x3001
	propAttachObject = 0x3701
	propAttachName   = 0x3704
	propAttachLong   = 0x3707
	propAttachMIME   = 0x370e
	propAttachID     = 0x3712
)

// Bounds on what is read of one stream. Read fails at a file beyond maxFiles; longer values are cut off.
const (
	maxFiles = 200
	maxName  = 4 << 10 // octets of a name or another short value
)

// File is one attachment in a stream. Its names are in UTF-8, and otherwise as they were written.
type File struct {
	Title, Name, LongName, DisplayName string
	MediaType, ContentID               string
	Place                              entity.Place // of the content
	Size                               int64
	HasContent                         bool
}

// Stream holds the contents of a TNEF stream.
type Stream struct {
	Files      []File
	Text, HTML string
	HasRTF     bool // the stream has the text in RTF, beside Text or HTML or alone

	rtf []byte // compressed
}

var errStream = errors.New("not a TNEF stream that can be read")

// reader reads one stream.
type reader struct {
	body     *entity.Body
	r        *bufio.Reader
	pos      int64 // octets consumed
	textMax  int
	codepage string
	guess    charset.Guess // for strings that are not in the code page
	out      Stream
}

// Read reads a stream, and at most textMax octets of its text in each form. When it fails it returns what it has
// understood so far, too.
func Read(body *entity.Body, textMax int) (Stream, error) {
	stream, err := read(body, textMax)
	stream.HasRTF = len(stream.rtf) > 0
	if stream.Text == "" && stream.HTML == "" && stream.HasRTF {
		stream.Text, stream.HTML = readRTF(decompressRTF(stream.rtf, textMax))
	}
	return stream, err
}

func read(body *entity.Body, textMax int) (Stream, error) {
	t := reader{body: body, r: bufio.NewReaderSize(body, 4<<10), textMax: textMax, codepage: "windows-1252", guess: charset.DetectOnce()}
	first, err := t.uint32()
	if err != nil || first != signature {
		return Stream{}, errStream
	}
	if err := t.skip(2); err != nil { // LegacyKey, which means nothing here
		return Stream{}, errStream
	}
	for {
		err := t.attribute()
		if err == io.EOF {
			return t.out, nil
		}
		if err != nil {
			return t.out, err
		}
	}
}

// attribute reads level, identifier, length, value and checksum of one attribute. It returns io.EOF at the end of the
// stream.
func (t *reader) attribute() error {
	level, err := t.r.ReadByte()
	if err != nil {
		return io.EOF
	}
	t.pos++
	id, err := t.uint32()
	if err != nil || level != 1 && level != 2 {
		return errStream
	}
	length, err := t.uint32()
	if err != nil {
		return errStream
	}
	end := t.pos + int64(length)
	if err := t.value(id, int64(length)); err != nil {
		return err
	}
	if t.pos > end || t.skip(end-t.pos+2) != nil {
		return errStream
	}
	return nil
}

// value reads the value of an attribute. It reads nothing of an attribute that means nothing here.
func (t *reader) value(id uint32, length int64) error {
	switch id {
	case attrCodepage:
		if n, err := t.uint32(); err == nil {
			t.codepage = codepageName(n)
		}
	case attrBody:
		octets, err := t.octets(length, t.textMax)
		if err == nil && t.out.Text == "" {
			t.out.Text = t.string8(octets)
		}
		return err
	case attrMessageProps:
		return t.properties(length, t.messageProperty)
	case attrAttachRendData:
		if len(t.out.Files) >= maxFiles {
			return errStream
		}
		t.out.Files = append(t.out.Files, File{})
	case attrAttachTitle:
		octets, err := t.octets(length, maxName)
		t.file().Title = t.string8(octets)
		return err
	case attrAttachData:
		f := t.file()
		f.Place, f.Size, f.HasContent = t.body.PlaceAt(t.pos), length, true
	case attrAttachProps:
		return t.properties(length, t.fileProperty)
	}
	return nil
}

// file returns the attachment that the current attributes belong to.
func (t *reader) file() *File {
	if len(t.out.Files) == 0 {
		t.out.Files = append(t.out.Files, File{})
	}
	return &t.out.Files[len(t.out.Files)-1]
}

// octets reads length octets and returns at most limit of them.
func (t *reader) octets(length int64, limit int) ([]byte, error) {
	octets, err := io.ReadAll(io.LimitReader(t.r, min(length, int64(limit))))
	t.pos += int64(len(octets))
	if err == nil {
		err = t.skip(length - int64(len(octets)))
	}
	return octets, err
}

func (t *reader) skip(n int64) error {
	var padding [8]byte
	if n <= int64(len(padding)) { // the usual case, in which io.CopyN would allocate a buffer for each property
		read, err := io.ReadFull(t.r, padding[:max(n, 0)])
		t.pos += int64(read)
		return err
	}
	skipped, err := io.CopyN(io.Discard, t.r, n)
	t.pos += skipped
	return err
}

func (t *reader) uint32() (uint32, error) {
	var b [4]byte
	n, err := io.ReadFull(t.r, b[:])
	t.pos += int64(n)
	return binary.LittleEndian.Uint32(b[:]), err
}

// propertyText decodes the value of a property that is text.
func (t *reader) propertyText(kind uint16, octets []byte) string {
	if kind != kindUnicode {
		return t.string8(octets)
	}
	units := make([]uint16, len(octets)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(octets[2*i:])
	}
	return strings.TrimRight(string(utf16.Decode(units)), "\x00")
}

// string8 decodes text in the code page of the stream.
func (t *reader) string8(octets []byte) string {
	return charset.DecodeGuessing([]byte(strings.TrimRight(string(octets), "\x00")), t.codepage, t.guess)
}

// codepageName returns the charset of a Windows code page.
func codepageName(n uint32) string {
	switch n {
	case 65001:
		return "utf-8"
	case 932, 936, 949, 950, 437, 850, 852, 858, 866:
		return "cp" + strconv.Itoa(int(n))
	case 874:
		return "windows-874"
	}
	return "windows-" + strconv.Itoa(int(n))
}
