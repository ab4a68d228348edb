package entity

import (
	"bytes"
	"io"
)

// Extent is where a body lies in the raw message, and how it is encoded there.
type Extent struct {
	Start, End int64
	encoding   transferEncoding
}

// Size returns how many octets the body has in the raw message.
func (e Extent) Size() int64 { return e.End - e.Start }

// IsEncoded reports whether the octets of the body stand for others.
func (e Extent) IsEncoded() bool { return e.encoding != identity }

// Beginning returns at most n octets from the beginning of the body, not decoded. An error of raw meets the next reader
// again.
func (e Extent) Beginning(raw io.ReaderAt, n int64) []byte {
	head := make([]byte, min(e.Size(), n))
	read, _ := raw.ReadAt(head, e.Start)
	return head[:read]
}

// ReadUpTo returns at most limit octets of the body, decoded. They are valid until work, which may be nil, is used again.
func (e Extent) ReadUpTo(raw io.ReaderAt, limit int, work *Workspace) ([]byte, error) {
	b := bytes.NewBuffer(work.text())
	b.Grow(int(min(e.Size(), int64(limit))) + bytes.MinRead)
	_, err := b.ReadFrom(io.LimitReader(e.Open(raw, work), int64(limit)))
	return b.Bytes(), err
}

// Place is a place in a decoded body, from which it can be read without what is before it.
type Place struct {
	extent Extent // from where decoding begins
	skip   int64  // octets to leave out, once decoded
}

// PlaceAt returns the place n octets into a body, which has been read up to there or a little further.
func (b *Body) PlaceAt(n int64) Place {
	e := b.extent
	if b.decoder == nil {
		e.Start += n
		return Place{extent: e}
	}
	best := Place{extent: e, skip: n}
	for _, rest := range b.decoder.rests {
		if rest.decoded <= n && n-rest.decoded < best.skip {
			best.extent.Start, best.skip = e.Start+rest.encoded, n-rest.decoded
		}
	}
	return best
}

// Open opens size octets at the place.
func (p Place) Open(raw io.ReaderAt, size int64) io.Reader {
	return io.LimitReader(&skippingReader{r: p.extent.open(raw, nil), skip: p.skip}, size)
}

// skippingReader leaves out the first octets.
type skippingReader struct {
	r    io.Reader
	skip int64
}

// Read implements io.Reader.
func (s *skippingReader) Read(p []byte) (int, error) {
	if s.skip > 0 {
		n, err := io.CopyN(io.Discard, s.r, s.skip)
		if s.skip -= n; err != nil {
			return 0, err
		}
	}
	return s.r.Read(p)
}
