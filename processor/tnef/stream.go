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

// Outlook may send what a message has in one part, winmail.dat (MS-OXTNEF): a stream of attributes, some of which
// hold properties (MS-OXCDATA §2.8). It is read once, for names and places; the content of its files is skipped then and
// read when an attachment is opened.

// Attributes and properties that are read. An attribute's upper half is its type.
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

// Bounds on what is read of one stream.
const (
	maxFiles = 200
	maxName  = 4 << 10 // octets of a name or another short value
)

// File is one attachment of a stream. Its texts are as they were written.
type File struct {
	Title, Name, LongName, DisplayName string
	MediaType, ContentID               string
	Place                              entity.Place // of the content
	Size                               int64
	HasContent                         bool
}

// Stream is what a stream says.
type Stream struct {
	Files      []File
	Text, HTML string
	HasRTF     bool // the text is there once more, or only, in RTF

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
	out      Stream
}

// Read reads a stream, and of its text at most textMax octets in each form. An error says that not all of it could be
// understood; what could be is returned.
func Read(body *entity.Body, textMax int) (Stream, error) {
	stream, err := read(body, textMax)
	stream.HasRTF = len(stream.rtf) > 0
	if stream.Text == "" && stream.HTML == "" && stream.HasRTF {
		stream.Text, stream.HTML = readRTF(decompressRTF(stream.rtf, textMax))
	}
	return stream, err
}

func read(body *entity.Body, textMax int) (Stream, error) {
	t := reader{body: body, r: bufio.NewReaderSize(body, 4<<10), textMax: textMax, codepage: "windows-1252"}
	first, err := t.uint32()
	if err != nil || first != signature {
		return Stream{}, errStream
	}
	if err := t.skip(2); err != nil { // a key, which means nothing
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

// attribute reads level, id, length, value and checksum of one attribute; io.EOF at the end of the stream.
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

// value reads the value of an attribute, or leaves it to be skipped.
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

// file is the attachment that is being read.
func (t *reader) file() *File {
	if len(t.out.Files) == 0 {
		t.out.Files = append(t.out.Files, File{})
	}
	return &t.out.Files[len(t.out.Files)-1]
}

// octets reads length octets, of which at most limit are kept.
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
	if n <= int64(len(padding)) { // most often: copying so little would cost a buffer for each property
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

// propertyText decodes a property that is text.
func (t *reader) propertyText(kind uint16, octets []byte) string {
	if kind != 0x001f {
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
	return charset.Decode([]byte(strings.TrimRight(string(octets), "\x00")), t.codepage)
}

// codepageName is the charset of a Windows code page.
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
