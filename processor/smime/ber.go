package smime

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
)

var errNotSigned = errors.New("not a signed S/MIME object that can be read")

// Object identifiers of RFC 5652 §4 and §5.1, encoded.
var (
	oidData       = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01}
	oidSignedData = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}
)

// maxContent is the largest content in octets that Content holds in memory.
const maxContent = 4 << 20

// Tags of BER (X.690 §8.1.2).
const (
	berOctets     = 0x04
	berOID        = 0x06
	berInteger    = 0x02
	berSequence   = 0x30
	berSet        = 0x31
	berExplicit   = 0xa0 // [0]
	berChunks     = 0x24 // an octet string in several pieces
	berIndefinite = -1   // the length of an element that ends with end-of-contents octets
)

// berReader reads BER as a stream. Programs that do not know the length of their output in advance write BER instead of
// DER. The reader descends to the content: it skips the elements before the content and does not read those after it.
type berReader struct{ r *bufio.Reader }

// Content returns the content of a SignedData (RFC 5652 §5), at most 4 MiB. It returns an error of the stream as it is.
func Content(object io.Reader) ([]byte, error) {
	watched := &watchedReader{r: object}
	content, err := readSigned(berReader{bufio.NewReader(watched)})
	if watched.err != nil {
		err = watched.err
	}
	return content, err
}

// watchedReader remembers the error of r.
type watchedReader struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

func readSigned(b berReader) ([]byte, error) {
	if b.enter(berSequence) != nil || b.oid(oidSignedData) != nil || b.enter(berExplicit) != nil || b.enter(berSequence) != nil {
		return nil, errNotSigned
	}
	for _, tag := range []byte{berInteger, berSet} { // version and algorithms
		n, err := b.element(tag)
		if err != nil || b.skip(n, 0) != nil {
			return nil, errNotSigned
		}
	}
	if b.enter(berSequence) != nil || b.oid(oidData) != nil || b.enter(berExplicit) != nil {
		return nil, errNotSigned
	}
	return b.octets()
}

// header reads the tag and the length of an element.
func (b berReader) header() (tag byte, length int64, err error) {
	if tag, err = b.r.ReadByte(); err != nil {
		return 0, 0, err
	}
	first, err := b.r.ReadByte()
	switch {
	case err != nil:
		return 0, 0, err
	case tag&0x1f == 0x1f || first > 0x84: // a tag of several octets, or a length beyond 32 bits: no mail has these
		return 0, 0, errNotSigned
	case first == 0x80:
		return tag, berIndefinite, nil
	case first < 0x80:
		return tag, int64(first), nil
	}
	for range first & 0x7f {
		c, err := b.r.ReadByte()
		if err != nil {
			return 0, 0, err
		}
		length = length<<8 | int64(c)
	}
	return tag, length, nil
}

// element reads the header of an element, which must have the wanted tag, and returns the element's length.
func (b berReader) element(want byte) (length int64, err error) {
	tag, length, err := b.header()
	if err == nil && tag != want {
		err = errNotSigned
	}
	return length, err
}

func (b berReader) enter(tag byte) error {
	_, err := b.element(tag)
	return err
}

// oid reads an object identifier, which must equal want.
func (b berReader) oid(want []byte) error {
	n, err := b.element(berOID)
	if err != nil || n != int64(len(want)) {
		return errNotSigned
	}
	got := make([]byte, n)
	if _, err := io.ReadFull(b.r, got); err != nil || !slices.Equal(got, want) {
		return errNotSigned
	}
	return nil
}

// skip skips the content of an element. depth counts the elements of indefinite length around it.
func (b berReader) skip(length int64, depth int) error {
	const deepest = 20
	if length != berIndefinite {
		_, err := io.CopyN(io.Discard, b.r, length)
		return err
	}
	for depth < deepest {
		tag, n, err := b.header()
		if err != nil || tag == 0 && n == 0 {
			return err
		}
		if err := b.skip(n, depth+1); err != nil {
			return err
		}
	}
	return errNotSigned
}

// octets reads an octet string, in one piece or several.
func (b berReader) octets() ([]byte, error) {
	var content bytes.Buffer
	tag, length, err := b.header()
	if err != nil || tag != berOctets && tag != berChunks {
		return nil, errNotSigned
	}
	if tag == berOctets {
		err := b.append(&content, length)
		return content.Bytes(), err
	}
	// The pieces end where the element ends, by its length or by end-of-contents octets.
	for read := int64(0); length == berIndefinite || read < length; {
		tag, n, err := b.header()
		if err == nil && tag == 0 && n == 0 {
			break
		}
		if err != nil || tag != berOctets {
			return nil, errNotSigned
		}
		if err := b.append(&content, n); err != nil {
			return nil, err
		}
		read += n + headerSize(n)
	}
	return content.Bytes(), nil
}

// append reads n octets and appends them, within maxContent.
func (b berReader) append(content *bytes.Buffer, n int64) error {
	if n < 0 || int64(content.Len())+n > maxContent {
		return errNotSigned
	}
	_, err := io.CopyN(content, b.r, n)
	return err
}

// headerSize returns the number of octets of a tag and a length, as DER writes them.
func headerSize(length int64) int64 {
	size := int64(2)
	if length >= 0x80 {
		for ; length > 0; length >>= 8 {
			size++
		}
	}
	return size
}
