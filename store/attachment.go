package store

import (
	"crypto/sha256"
	"io"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// RawName is the name that a raw message has as an attachment.
const RawName = "message.eml"

// storedFile is a file of the attachment directory: an attachment or a raw message, and where its octets come from.
type storedFile struct {
	attachment processor.Attachment // zero for a raw message
	raw        bool
	attached   bool // to the request or activity; otherwise only the receipt names it
	message    Raw

	digest [sha256.Size]byte // zero before an attachment is kept; known from the start for a raw message
	octets int64
}

// rawMessageFile returns the raw message as a file to keep.
func rawMessageFile(m *newMessage) *storedFile {
	return &storedFile{raw: true, message: m.Raw, digest: m.digest, octets: m.Raw.Size()}
}

// open returns a reader of the octets to keep.
func (c *storedFile) open() io.Reader {
	if c.raw {
		return io.NewSectionReader(c.message, 0, c.message.Size())
	}
	return c.attachment.Open(c.message)
}

// attach adds the attachments, and the raw message if asked for, to the files of the record's request or activity.
func (r *record) attach(list []processor.Attachment, withRaw bool) {
	for _, a := range list {
		r.files = append(r.files, &storedFile{attachment: a, attached: true, message: r.Raw})
	}
	if withRaw {
		c := rawMessageFile(r.newMessage)
		c.attached = true
		c.attachment = processor.Attachment{Name: RawName, MediaType: "message/rfc822"}
		r.files = append(r.files, c)
	}
}

func filesOf(records []*record) []*storedFile {
	var list []*storedFile
	for _, r := range records {
		list = append(list, r.files...)
	}
	return list
}

// attachmentRows are new rows of the table attachment, column by column.
type attachmentRows struct {
	request, activity, octets  []int64
	position                   []int32
	name, mediaType, contentID []string
	digest                     [][]byte
	inline, raw                []bool
}

func (t *attachmentRows) add(r *record) {
	var position int32
	for _, c := range r.files {
		if !c.attached {
			continue
		}
		position++
		t.request = append(t.request, r.request)
		t.activity = append(t.activity, r.activity)
		t.position = append(t.position, position)
		t.name = append(t.name, attachmentName(c.attachment.Name))
		t.mediaType = append(t.mediaType, capped(c.attachment.MediaType, maxLine))
		t.contentID = append(t.contentID, capped(c.attachment.ContentID, maxLine))
		t.octets = append(t.octets, c.octets)
		t.digest = append(t.digest, c.digest[:])
		t.inline = append(t.inline, c.attachment.Inline)
		t.raw = append(t.raw, c.raw)
	}
}

// attachmentName returns a name in a form that the database can keep. The name is shown, and never used as a path.
func attachmentName(name string) string {
	if name = capped(name, maxLine); name == "" {
		return "attachment"
	}
	return name
}

func (t *attachmentRows) queue(b *pgx.Batch) {
	if len(t.request) == 0 {
		return
	}
	b.Queue(`INSERT INTO attachment (request_id, activity_id, position, name, media_type, octets, sha256, content_id, inline, raw)
		SELECT a.request_id, nullif(a.activity, 0), a.position, a.name, a.media_type, a.octets, a.sha256, a.content_id,
			a.inline, a.raw
		FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::text[], $5::text[], $6::bigint[], $7::bytea[],
			$8::text[], $9::boolean[], $10::boolean[])
			AS a (request_id, activity, position, name, media_type, octets, sha256, content_id, inline, raw)`,
		t.request, t.activity, t.position, t.name, t.mediaType, t.octets, t.digest, t.contentID, t.inline, t.raw)
}
