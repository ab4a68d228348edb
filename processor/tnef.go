package processor

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Outlook may send what a message has in one part, winmail.dat (MS-OXTNEF): a stream of attributes, some of which
// hold properties (MS-OXCDATA §2.8). It is read once, for names and places; the content of its files is skipped then and
// read when an attachment is opened.

// Attributes and properties that are read. An attribute's upper half is its type.
const (
	tnefSignature = 0x223e9f78

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

// Bounds on what is read of one stream; past them it is kept as it is, too.
const (
	tnefFiles = 200
	tnefName  = 4 << 10 // octets of a name or another short value
)

// tnefFile is one attachment of a stream.
type tnefFile struct {
	title, name, long, display string
	mediaType, contentID       string
	at                         place // of the content
	size                       int64
	found                      bool // there is content
}

// tnef is what a stream says.
type tnef struct {
	files      []tnefFile
	text, html string
	hasRTF     bool // the text, in a form that is not read
}

var errTNEF = errors.New("not a TNEF stream that can be read")

// tnefReader reads one stream.
type tnefReader struct {
	body     *decodedBody
	r        *bufio.Reader
	pos      int64 // octets consumed
	textMax  int
	codepage string
	out      tnef
}

// readTNEF reads a stream. An error says that not all of it could be understood; what could be is returned.
func readTNEF(body *decodedBody, textMax int) (tnef, error) {
	t := tnefReader{body: body, r: bufio.NewReaderSize(body, 4<<10), textMax: textMax, codepage: "windows-1252"}
	signature, err := t.uint32()
	if err != nil || signature != tnefSignature {
		return tnef{}, errTNEF
	}
	if err := t.skip(2); err != nil { // a key, which means nothing
		return tnef{}, errTNEF
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
func (t *tnefReader) attribute() error {
	level, err := t.r.ReadByte()
	if err != nil {
		return io.EOF
	}
	t.pos++
	id, err := t.uint32()
	if err != nil || level != 1 && level != 2 {
		return errTNEF
	}
	length, err := t.uint32()
	if err != nil {
		return errTNEF
	}
	end := t.pos + int64(length)
	if err := t.value(id, int64(length)); err != nil {
		return err
	}
	if t.pos > end || t.skip(end-t.pos+2) != nil {
		return errTNEF
	}
	return nil
}

// value reads the value of an attribute, or leaves it to be skipped.
func (t *tnefReader) value(id uint32, length int64) error {
	switch id {
	case attrCodepage:
		if n, err := t.uint32(); err == nil {
			t.codepage = codepageName(n)
		}
	case attrBody:
		octets, err := t.octets(length, t.textMax)
		if err == nil && t.out.text == "" {
			t.out.text = t.string8(octets)
		}
		return err
	case attrMessageProps:
		return t.properties(length, t.messageProperty)
	case attrAttachRendData:
		if len(t.out.files) >= tnefFiles {
			return errTNEF
		}
		t.out.files = append(t.out.files, tnefFile{})
	case attrAttachTitle:
		octets, err := t.octets(length, tnefName)
		t.file().title = t.string8(octets)
		return err
	case attrAttachData:
		f := t.file()
		f.at, f.size, f.found = t.body.placeAt(t.pos), length, true
	case attrAttachProps:
		return t.properties(length, t.fileProperty)
	}
	return nil
}

// file is the attachment that is being read.
func (t *tnefReader) file() *tnefFile {
	if len(t.out.files) == 0 {
		t.out.files = append(t.out.files, tnefFile{})
	}
	return &t.out.files[len(t.out.files)-1]
}

// messageProperty takes in a property of the message.
func (t *tnefReader) messageProperty(id, kind uint16, length int64) error {
	switch id {
	case propBody:
		octets, err := t.octets(length, t.textMax)
		if text := t.propertyText(kind, octets); text != "" {
			t.out.text = text
		}
		return err
	case propRTF:
		t.out.hasRTF = true
	case propHTML:
		octets, err := t.octets(length, t.textMax)
		if t.out.html = t.propertyText(kind, octets); kind == 0x0102 {
			t.out.html = decodeCharset(octets, metaCharset(octets))
		}
		return err
	}
	return nil
}

// fileProperty takes in a property of an attachment.
func (t *tnefReader) fileProperty(id, kind uint16, length int64) error {
	f := t.file()
	var to *string
	switch id {
	case propDisplayName:
		to = &f.display
	case propAttachName:
		to = &f.name
	case propAttachLong:
		to = &f.long
	case propAttachMIME:
		to = &f.mediaType
	case propAttachID:
		to = &f.contentID
	case propAttachObject:
		return t.object(f, kind, length)
	default:
		return nil
	}
	octets, err := t.octets(length, tnefName)
	*to = t.propertyText(kind, octets)
	return err
}

// object takes in a file that is held as a property: its content, or a message as another stream.
func (t *tnefReader) object(f *tnefFile, kind uint16, length int64) error {
	if kind == 0x000d {
		const interfaceID = 16 // octets that say what kind of object it is
		if err := t.skip(min(interfaceID, length)); err != nil {
			return err
		}
		length -= min(interfaceID, length)
	}
	if f.found || length == 0 {
		return nil
	}
	f.at, f.size, f.found = t.body.placeAt(t.pos), length, true
	if head, err := t.r.Peek(4); err == nil && length >= 4 && binary.LittleEndian.Uint32(head) == tnefSignature {
		f.mediaType = "application/ms-tnef"
	}
	return nil
}

// properties reads a list of properties of length octets and gives each of those of variable size to take, which
// reads its value or leaves it.
func (t *tnefReader) properties(length int64, take func(id, kind uint16, length int64) error) error {
	end := t.pos + length
	count, err := t.uint32()
	for ; err == nil && count > 0 && t.pos < end; count-- {
		err = t.property(end, take)
	}
	if err != nil || t.pos > end {
		return errTNEF
	}
	return nil
}

// property reads one property; end is where the list of them ends.
func (t *tnefReader) property(end int64, take func(id, kind uint16, length int64) error) error {
	tag, err := t.uint32()
	if err != nil {
		return err
	}
	kind, id := uint16(tag), uint16(tag>>16)
	if id >= 0x8000 {
		if err := t.propertyName(end); err != nil {
			return err
		}
	}
	const multiple = 0x1000
	values := uint32(1)
	size := propertySize(kind &^ multiple)
	if kind&multiple != 0 || size < 0 {
		if values, err = t.uint32(); err != nil {
			return err
		}
	}
	if size >= 0 {
		if int64(values)*int64(size) > end-t.pos {
			return errTNEF
		}
		return t.skip(int64(values) * int64(size))
	}
	for ; values > 0; values-- {
		if err := t.variable(id, kind&^multiple, end, take); err != nil {
			return err
		}
	}
	return nil
}

// variable reads a value that has a length before it.
func (t *tnefReader) variable(id, kind uint16, end int64, take func(id, kind uint16, length int64) error) error {
	length, err := t.uint32()
	if err != nil {
		return err
	}
	stop := t.pos + padded(int64(length))
	if stop > end {
		return errTNEF
	}
	if err := take(id, kind, int64(length)); err != nil {
		return err
	}
	return t.skip(stop - t.pos)
}

// propertyName skips the name of a property that has one in place of a number.
func (t *tnefReader) propertyName(end int64) error {
	if err := t.skip(16); err != nil { // the set it belongs to
		return err
	}
	kind, err := t.uint32()
	if err != nil {
		return err
	}
	length, err := t.uint32()
	if err != nil || kind == 0 {
		return err
	}
	if padded(int64(length)) > end-t.pos {
		return errTNEF
	}
	return t.skip(padded(int64(length)))
}

// propertySize is the size of a value by its type, -1 for one that says its length itself. Short ones fill four octets.
func propertySize(kind uint16) int {
	switch kind {
	case 0x0001: // nothing
		return 0
	case 0x0002, 0x0003, 0x0004, 0x000a, 0x000b:
		return 4
	case 0x0005, 0x0006, 0x0007, 0x0014, 0x0040:
		return 8
	case 0x0048:
		return 16
	}
	return -1
}

func padded(n int64) int64 { return (n + 3) &^ 3 }

// octets reads length octets, of which at most limit are kept.
func (t *tnefReader) octets(length int64, limit int) ([]byte, error) {
	octets, err := io.ReadAll(io.LimitReader(t.r, min(length, int64(limit))))
	t.pos += int64(len(octets))
	if err == nil {
		err = t.skip(length - int64(len(octets)))
	}
	return octets, err
}

func (t *tnefReader) skip(n int64) error {
	skipped, err := io.CopyN(io.Discard, t.r, n)
	t.pos += skipped
	return err
}

func (t *tnefReader) uint32() (uint32, error) {
	var b [4]byte
	n, err := io.ReadFull(t.r, b[:])
	t.pos += int64(n)
	return binary.LittleEndian.Uint32(b[:]), err
}

// propertyText decodes a property that is text.
func (t *tnefReader) propertyText(kind uint16, octets []byte) string {
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
func (t *tnefReader) string8(octets []byte) string {
	return decodeCharset([]byte(strings.TrimRight(string(octets), "\x00")), t.codepage)
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
