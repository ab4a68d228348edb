package processor

import "io"

// place is a place in a decoded body, from which it can be read without what is before it.
type place struct {
	start int64 // in the raw message
	skip  int64 // octets to leave out, once decoded
	enc   transferEncoding
}

// placeAt is the place n octets into a decoded body, which has been read up to there or a little further.
func (b *decodedBody) placeAt(n int64) place {
	if b.decoder == nil {
		return place{start: b.start + n, enc: b.enc}
	}
	best := place{start: b.start, skip: n, enc: b.enc}
	for _, rest := range b.decoder.rests {
		if rest.decoded <= n && n-rest.decoded < best.skip {
			best.start, best.skip = b.start+rest.encoded, n-rest.decoded
		}
	}
	return best
}

// readAt opens size octets at a place of a body that ends at end.
func readAt(raw io.ReaderAt, at place, end, size int64) io.Reader {
	return io.LimitReader(&skippingReader{r: openAt(raw, at, end, nil), skip: at.skip}, size)
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
