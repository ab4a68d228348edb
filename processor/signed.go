package processor

import (
	"bytes"
	"io"
	"strings"

	"mailintegration/processor/entity"
	"mailintegration/processor/smime"
)

// signedFiles bounds the attachments taken out of an opaque signed message: each is read by decoding all of it again. The
// others stay in the object.
const signedFiles = 50

// isSMIME reports whether a part is an S/MIME object that may hold a message (RFC 8551 §3.2).
func isSMIME(p *entity.Part) bool {
	switch p.MediaType {
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		return true
	case "application/octet-stream": // what gateways make of it
		return strings.EqualFold(p.RawFileName(), "smime.p7m")
	}
	return false
}

// signed reads an S/MIME object that is signed and not encrypted. Its content is part of the message; the object stays an
// attachment, because it holds the signature. Nothing is verified.
func (r *reader) signed(p *entity.Part) unpacked {
	const deepest = 2 // signed by the author and perhaps again by a gateway
	if r.signedDepth == deepest {
		r.note(p, "S/MIME object within others: kept as it is")
		return unpacked{}
	}
	content, err := smime.Content(p.Open(r.raw))
	if err != nil {
		r.note(p, "S/MIME object that is encrypted or cannot be read: kept as it is")
		return unpacked{}
	}
	raw, size := bytes.NewReader(content), int64(len(content))
	root, _ := entity.Read(raw, size, r.limits.entity(), r.note, nil) // octets in memory have no error
	root.SetContainer(p)
	inner := reader{
		raw: raw, limits: r.limits, note: r.note, text: r.text, html: r.html, within: r.within, reread: r.reread, signedDepth: r.signedDepth + 1,
	}
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
			content, err := smime.Content(p.Open(raw))
			if err != nil {
				return errorReader{err}
			}
			return open(bytes.NewReader(content))
		}
	}
	return u
}

// errorReader returns its error from each Read.
type errorReader struct{ err error }

// Read implements io.Reader.
func (e errorReader) Read([]byte) (int, error) { return 0, e.err }

// clearSigned returns a text that is signed with OpenPGP in the text itself (RFC 9580 §7) without what the signature
// adds; any other text is returned unchanged.
func clearSigned(text string) string {
	const begin, end = "-----BEGIN PGP SIGNED MESSAGE-----\n", "\n-----BEGIN PGP SIGNATURE-----"
	before, signed, ok := strings.Cut(text, begin)
	if !ok || strings.TrimSpace(before) != "" {
		return text
	}
	_, signed, ok = strings.Cut("\n"+signed, "\n\n") // after the fields that name hashes: zero or more (RFC 9580 §7.1)
	if !ok {
		return text
	}
	content, rest, ok := strings.Cut(signed, end)
	if !ok {
		return text
	}
	_, after, _ := strings.Cut(rest, "-----END PGP SIGNATURE-----")
	return strings.TrimPrefix(strings.ReplaceAll("\n"+content, "\n- ", "\n"), "\n") + "\n" + after
}
