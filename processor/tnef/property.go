package tnef

import (
	"encoding/binary"

	"mailintegration/processor/charset"
)

// messageProperty takes in a property of the message.
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
		if t.out.HTML = t.propertyText(kind, octets); kind == 0x0102 {
			t.out.HTML = charset.Decode(octets, charset.InHTML(octets))
		}
		return err
	}
	return nil
}

// fileProperty takes in a property of an attachment.
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

// object takes in a file that is held as a property: its content, or a message as another stream.
func (t *reader) object(f *File, kind uint16, length int64) error {
	if kind == 0x000d {
		const interfaceID = 16 // octets that say what kind of object it is
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

// properties reads a list of properties of length octets and gives each of those of variable size to take, which
// reads its value or leaves it.
func (t *reader) properties(length int64, take func(id, kind uint16, length int64) error) error {
	end := t.pos + length
	count, err := t.uint32()
	for ; err == nil && count > 0 && t.pos < end; count-- {
		err = t.property(end, take)
	}
	if err != nil || t.pos > end {
		return errStream
	}
	return nil
}

// property reads one property; end is where the list of them ends.
func (t *reader) property(end int64, take func(id, kind uint16, length int64) error) error {
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
			return errStream
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
func (t *reader) variable(id, kind uint16, end int64, take func(id, kind uint16, length int64) error) error {
	length, err := t.uint32()
	if err != nil {
		return err
	}
	stop := t.pos + padded(int64(length))
	if stop > end {
		return errStream
	}
	if err := take(id, kind, int64(length)); err != nil {
		return err
	}
	return t.skip(stop - t.pos)
}

// propertyName skips the name of a property that has one in place of a number.
func (t *reader) propertyName(end int64) error {
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
		return errStream
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
