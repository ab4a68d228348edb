package processor

import "io"

// WithContent returns the attachment with its octets: open gives them decoded, streamed from the raw message.
func (a Attachment) WithContent(open func(raw io.ReaderAt) io.Reader) Attachment {
	a.open = open
	return a
}
