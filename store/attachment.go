package store

import (
	"crypto/sha256"
	"io"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// RawName is the name that a raw message has as an attachment.
const RawName = "message.eml"

// storedFile is something to keep in the attachment directory, and what is known of it once it is there.
type storedFile struct {
	attachment processor.Attachment // zero for a raw message
	raw        bool
	attached   bool // to the request or activity, and not only kept
	message    Raw

	digest [sha256.Size]byte // of a raw message known from the start
	octets int64
}

// rawMessageFile is the raw message itself.
func rawMessageFile(arr *arrival) *storedFile {
	return &storedFile{raw: true, message: arr.Raw, digest: arr.digest, octets: arr.Raw.Size()}
}

// open gives the octets to keep.
func (c *storedFile) open() io.Reader {
	if c.raw {
		return io.NewSectionReader(c.message, 0, c.message.Size())
	}
	return c.attachment.Open(c.message)
}

// attach notes what is to be attached to the request or activity of the record.
func (r *record) attach(list []processor.Attachment, withRaw bool) {
	for _, a := range list {
		r.files = append(r.files, &storedFile{attachment: a, attached: true, message: r.Raw})
	}
	if withRaw {
		c := rawMessageFile(r.arrival)
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

// attachmentRows are rows of the table attachment, column by column.
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

// attachmentName is a name made storable. It is shown and never used as a path.
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
