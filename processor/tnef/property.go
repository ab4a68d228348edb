package tnef

import (
	"encoding/binary"

	"mailintegration/processor/charset"
)

// Types of properties (MS-OXCDATA §2.11.1) that are treated in a way of their own.
const (
	kindObject   = 0x000d
	kindUnicode  = 0x001f
	kindBinary   = 0x0102
	kindMultiple = 0x1000 // set in the type of a property with several values

	firstNamed = 0x8000 // identifiers from here on stand for names
)

// messageProperty reads a property of the message.
func (t *reader) messageProperty(id, kind uint16, length int64) error {
	switch id {
	case propBody:
		octets, err := t.octets(length, t.textMax)
		if text := t.propertyText(kind, octets); text != "" {
			t.out.Text = text
		}
		return err
	case propRTF:
		octets, err := t.octets(length, t.textMax)
		t.out.rtf = octets
		return err
	case propHTML:
		octets, err := t.octets(length, t.textMax)
		if kind == kindBinary {
			t.out.HTML = charset.Decode(octets, charset.InHTML(octets))
		} else {
			t.out.HTML = t.propertyText(kind, octets)
		}
		return err
	}
	return nil
}

// fileProperty reads a property of an attachment.
func (t *reader) fileProperty(id, kind uint16, length int64) error {
	f := t.file()
	var to *string
	switch id {
	case propDisplayName:
		to = &f.DisplayName
	case propAttachName:
		to = &f.Name
	case propAttachLong:
		to = &f.LongName
	case propAttachMIME:
		to = &f.MediaType
	case propAttachID:
		to = &f.ContentID
	case propAttachObject:
		return t.object(f, kind, length)
	default:
		return nil
	}
	octets, err := t.octets(length, maxName)
	*to = t.propertyText(kind, octets)
	return err
}

// object notes where the content of a file lies that is stored as a property. A message is stored as another stream.
func (t *reader) object(f *File, kind uint16, length int64) error {
	if kind == kindObject {
		const interfaceID = 16 // octets of the identifier of the object's interface
		if err := t.skip(min(interfaceID, length)); err != nil {
			return err
		}
		length -= min(interfaceID, length)
	}
	if f.HasContent || length == 0 {
		return nil
	}
	f.Place, f.Size, f.HasContent = t.body.PlaceAt(t.pos), length, true
	if head, err := t.r.Peek(4); err == nil && length >= 4 && binary.LittleEndian.Uint32(head) == signature {
		f.MediaType = "application/ms-tnef"
	}
	return nil
}

// properties reads a list of properties that has length octets. It calls read for each value of variable size; read
// reads the value or leaves it.
func (t *reader) properties(length int64, read func(id, kind uint16, length int64) error) error {
	end := t.pos + length
	count, err := t.uint32()
	for ; err == nil && count > 0 && t.pos < end; count-- {
		err = t.property(end, read)
	}
	if err != nil || t.pos > end {
		return errStream
	}
	return nil
}

// property reads one property. end is the position at which the list of properties ends.
func (t *reader) property(end int64, read func(id, kind uint16, length int64) error) error {
	tag, err := t.uint32()
	if err != nil {
		return err
	}
	kind, id := uint16(tag), uint16(tag>>16)
	if id >= firstNamed {
		if err := t.propertyName(end); err != nil {
			return err
		}
	}
	values := uint32(1)
	size := propertySize(kind &^ kindMultiple)
	if kind&kindMultiple != 0 || size < 0 {
		if values, err = t.uint32(); err != nil {
			return err
		}
	}
	if size >= 0 {
		if int64(values)*int64(size) > end-t.pos {
			return errStream
		}
		return t.skip(int64(values) * int64(size))
	}
	for ; values > 0; values-- {
		if err := t.variable(id, kind&^kindMultiple, end, read); err != nil {
			return err
		}
	}
	return nil
}

// variable reads a value with a length before it.
func (t *reader) variable(id, kind uint16, end int64, read func(id, kind uint16, length int64) error) error {
	length, err := t.uint32()
	if err != nil {
		return err
	}
	stop := t.pos + padded(int64(length))
	if stop > end {
		return errStream
	}
	if err := read(id, kind, int64(length)); err != nil {
		return err
	}
	return t.skip(stop - t.pos)
}

// propertyName skips the name of a named property.
func (t *reader) propertyName(end int64) error {
	if err := t.skip(16); err != nil { // the property set of the name
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
		return errStream
	}
	return t.skip(padded(int64(length)))
}

// propertySize returns the size of a value by its type, -1 for a type whose values have their length before them.
// Values shorter than four octets fill four.
func propertySize(kind uint16) int {
	switch kind {
	case 0x0001: // PtypNull
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
