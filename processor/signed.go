package processor

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"strings"
)

// Bounds on what is read of an opaque signed message; past them it is kept as it is.
const (
	signedOctets = 4 << 20 // of its content, which is held in memory while it is looked into
	signedFiles  = 50      // each is read by decoding all of the content again
)

// isSMIME says whether a part is an S/MIME object that may hold a message (RFC 8551 §3.2).
func isSMIME(p *part) bool {
	switch p.mediaType {
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		return true
	case "application/octet-stream": // what gateways make of it
		return strings.EqualFold(cmp.Or(p.dispParams.get("filename"), p.params.get("name")), "smime.p7m")
	}
	return false
}

// signed looks into an S/MIME object that is signed and not encrypted. What is in it is part of the message; the
// object stays an attachment, as it is the proof. Nothing is verified.
func (r *reader) signed(p *part) unpacked {
	const deepest = 2 // a message is signed, and perhaps signed again by a gateway
	if r.signedDepth == deepest {
		r.note(p, "S/MIME object within others: kept as it is")
		return unpacked{}
	}
	content, err := signedContent(p.open(r.raw))
	if err != nil {
		r.note(p, "S/MIME object that is encrypted or cannot be read: kept as it is")
		return unpacked{}
	}
	raw, size := bytes.NewReader(content), int64(len(content))
	w := walker{lines: newLines(raw, size), size: size, limits: r.limits, note: r.note}
	root := w.walk()
	root.parent, root.index = p, 1
	inner := reader{raw: raw, limits: r.limits, note: r.note, text: r.text, html: r.html, signedDepth: r.signedDepth + 1}
	c := inner.collect(root)
	r.text, r.html = inner.text, inner.html
	inner.unpack(c.attachments)
	u := unpacked{segments: c.segments, attachments: inner.attachments(c.attachments, "", "")}
	if len(u.attachments) > signedFiles {
		r.note(p, "attachments of an S/MIME object left in it: too many")
		u.attachments = u.attachments[:signedFiles]
	}
	for i := range u.attachments {
		open := u.attachments[i].open
		u.attachments[i].open = func(raw io.ReaderAt) io.Reader {
			content, err := signedContent(p.open(raw))
			if err != nil {
				return errorReader{err}
			}
			return open(bytes.NewReader(content))
		}
	}
	return u
}

// errorReader is a stream that cannot be read.
type errorReader struct{ err error }

// Read implements io.Reader.
func (e errorReader) Read([]byte) (int, error) { return 0, e.err }

var errSigned = errors.New("not a signed S/MIME object that can be read")

// Object identifiers of RFC 5652 §4 and §5.1, encoded.
var (
	oidData       = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01}
	oidSignedData = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}
)
