package entity

import (
	"bytes"
	"io"
)

// Extent says where a body lies in the raw message, and how it is encoded there.
type Extent struct {
	Start, End int64
	encoding   transferEncoding
}

// Size returns the number of octets that the body has in the raw message.
func (e Extent) Size() int64 { return e.End - e.Start }

// IsEncoded reports whether the body has a transfer encoding that is undone.
func (e Extent) IsEncoded() bool { return e.encoding != identity }

// Beginning returns at most the first n octets of the body, not decoded. It ignores an error of raw, which the next
// reader of the body will meet again.
func (e Extent) Beginning(raw io.ReaderAt, n int64) []byte {
	head := make([]byte, min(e.Size(), n))
	read, _ := raw.ReadAt(head, e.Start)
	return head[:read]
}

// ReadUpTo returns at most the first limit octets of the decoded body. They are valid until work is used again; work
// may be nil.
func (e Extent) ReadUpTo(raw io.ReaderAt, limit int, work *Workspace) ([]byte, error) {
	b := bytes.NewBuffer(work.text())
	b.Grow(int(min(e.Size(), int64(limit))) + bytes.MinRead)
	_, err := b.ReadFrom(io.LimitReader(e.Open(raw, work), int64(limit)))
	return b.Bytes(), err
}

// Place is a position in a decoded body, from which the body can be read without decoding all that is before it.
type Place struct {
	extent Extent // where decoding begins
	skip   int64  // decoded octets to leave out
}

// PlaceAt returns the place n octets into the decoded body. The body must have been read up to there or a little
// further.
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

// Open returns size octets of the body, from the place on.
func (p Place) Open(raw io.ReaderAt, size int64) io.Reader {
	return io.LimitReader(&skippingReader{r: p.extent.open(raw, nil), skip: p.skip}, size)
}

// skippingReader leaves out the first octets of r.
type skippingReader struct {
	r    io.Reader
	skip int64
}

// Read implements io.Reader.
func (s *skippingReader) Read(p []byte) (int, error) {
	if s.skip > 0 {
		n, err := io.CopyN(io.Discard, s.r, s.skip)
		s.skip -= n
		if err != nil {
			return 0, err
		}
	}
	return s.r.Read(p)
}
