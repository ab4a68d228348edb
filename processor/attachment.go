package processor

import (
	"io"
	"path"
	"strings"

	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
)

// attachments returns the attachments of a message. body is its sanitised HTML: the attachments that it shows are inline.
func (r *reader) attachments(parts []*entity.Part, body, hint string) []Attachment {
	var all []Attachment
	for _, p := range parts {
		u, isContainer := r.containers[p]
		all = append(all, u.attachments...)
		if isContainer && u.isWhole {
			continue
		}
		all = append(all, Attachment{
			Name:      r.attachmentName(p, hint),
			MediaType: p.MediaType,
			ContentID: p.ContentID(),
			open:      func(raw io.ReaderAt) io.Reader { return p.Open(raw) },
		})
	}
	if len(all) > r.limits.Parts {
		r.note(nil, "attachments dropped: too many")
		all = all[:r.limits.Parts]
	}
	if len(all) == 0 {
		return nil
	}
	shown := contentIDsIn(body)
	for i := range all {
		all[i].Inline = all[i].ContentID != "" && shown[all[i].ContentID]
	}
	return all
}

// unpack reads the attachments that contain others.
func (r *reader) unpack(parts []*entity.Part) {
	for _, p := range parts {
		if isTNEF(p) {
			r.contains(p, r.winmail(p))
		}
	}
}

// contains records what a part contains.
func (r *reader) contains(p *entity.Part, u unpacked) {
	if r.containers == nil {
		r.containers = make(map[*entity.Part]unpacked)
	}
	r.containers[p] = u
}

// contentIDsIn returns the Content-IDs that HTML refers to by cid: URLs (RFC 2392).
func contentIDsIn(body string) map[string]bool {
	ids := map[string]bool{}
	for {
		_, rest, ok := strings.Cut(body, `src="cid:`)
		if !ok {
			return ids
		}
		id, after, ok := strings.Cut(rest, `"`)
		if !ok {
			return ids
		}
		ids[entity.PercentDecode(unescapeAmp(id))] = true
		body = after
	}
}

func unescapeAmp(s string) string { return strings.ReplaceAll(s, "&amp;", "&") }

// attachmentName returns a part's name: never empty, one line, without a directory.
func (r *reader) attachmentName(p *entity.Part, hint string) string {
	name := p.FileName(hint)
	if name == "" && p.MediaType == "message/rfc822" {
		name = r.messageName(p, hint)
	}
	name = fileName(name)
	if name == "" {
		return defaultName(p.Path(), p.MediaType)
	}
	return cutName(name, r.limits.Name)
}

// fileName returns the last element of a Unix or Windows path, without overrides of direction, which let a program look
// like a picture; "" if that names no file.
func fileName(name string) string {
	name = charset.WithoutOverrides(name)
	name = strings.TrimSpace(name[strings.LastIndexAny(name, `/\`)+1:])
	if strings.Trim(name, ". ") == "" {
		return ""
	}
	return name
}

// cutName cuts a name to at most n runes and keeps its extension.
func cutName(name string, n int) string {
	if _, isCut := charset.CutRunes(name, n); !isCut {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > 20 || len(ext) >= n {
		ext = ""
	}
	stem, _ := charset.CutRunes(strings.TrimSuffix(name, ext), n-len([]rune(ext)))
	return stem + ext
}

// messageName names an attached message by its subject.
func (r *reader) messageName(p *entity.Part, hint string) string {
	const headerOctets = 16 << 10
	value := entity.ReadField(p.Open(r.raw), min(p.Body.Size(), headerOctets), r.limits.entity(), "Subject")
	subject := charset.OneLine(entity.DecodeField(value, hint))
	if subject == "" {
		return ""
	}
	subject, _ = charset.CutRunes(strings.Map(inFileName, subject), 100)
	return strings.TrimSpace(subject) + ".eml"
}

// inFileName replaces the characters that some systems do not allow in a file name.
func inFileName(r rune) rune {
	if strings.ContainsRune(`/\:*?"<>|`, r) {
		return '_'
	}
	return r
}

// defaultName returns a name for a part without one, from its place and media type: "part-2.1.png".
func defaultName(path, mediaType string) string {
	stem := "part"
	if path != "" {
		stem += "-" + path
	}
	return stem + extensionOf(mediaType)
}

// extensionOf returns the file name extension of a media type.
func extensionOf(mediaType string) string {
	kind, sub, _ := strings.Cut(mediaType, "/")
	switch sub {
	case "plain", "delivery-status", "disposition-notification", "rfc822-headers", "global-delivery-status", "feedback-report":
		return ".txt"
	case "rfc822", "global", "partial":
		return ".eml"
	case "html", "pdf", "xml", "json", "zip", "gif", "png", "bmp", "webp", "tiff", "mp4", "csv", "rtf", "css":
		return "." + sub
	case "jpeg", "jpg", "pjpeg":
		return ".jpg"
	case "svg+xml":
		return ".svg"
	case "calendar":
		return ".ics"
	case "vcard", "x-vcard", "directory":
		return ".vcf"
	case "mpeg":
		return map[string]string{"audio": ".mp3", "video": ".mpg"}[kind]
	case "pgp-signature", "pgp-encrypted", "pgp-keys":
		return ".asc"
	case "pkcs7-signature", "x-pkcs7-signature":
		return ".p7s"
	case "pkcs7-mime", "x-pkcs7-mime":
		return ".p7m"
	case "ms-tnef":
		return ".dat"
	}
	if kind == "multipart" {
		return ".eml"
	}
	return ".bin"
}
