package store

import (
	"bytes"
	"crypto/sha256"
	"io"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// RawName is the name that a raw message has as an attachment.
const RawName = "message.eml"

// File is a file to attach to a request or an activity. Its name is shown, and never used as a path.
type File struct {
	Name      string // "" for a name of the store's choice
	MediaType string
	ContentID string // by which HTML shows the file
	Inline    bool   // the HTML shows it
	IsMessage bool   // it is a message as it was received
	Content   Raw    // the octets; they must not change before the transaction ends

	part *processor.Attachment // the attachment of Content to keep, nil for the whole Content
}

// OctetsOf returns octets in memory as the content of a File.
func OctetsOf(content []byte) Raw { return inMemory{bytes.NewReader(content), sha256.Sum256(content)} }

type inMemory struct {
	*bytes.Reader
	digest [sha256.Size]byte
}

// Digest implements Raw.
func (m inMemory) Digest() [sha256.Size]byte { return m.digest }

// messageFiles returns the attachments of a message as files and, if withRaw, the message itself.
func messageFiles(m *newMessage, list []processor.Attachment, withRaw bool) []File {
	var files []File
	for i, a := range list {
		files = append(files, File{Name: a.Name, MediaType: a.MediaType, ContentID: a.ContentID, Inline: a.Inline,
			Content: m.Raw, part: &list[i]})
	}
	if withRaw {
		files = append(files, File{Name: RawName, MediaType: "message/rfc822", IsMessage: true, Content: m.Raw})
	}
	return files
}

// storedFile is a file of the attachment directory.
type storedFile struct {
	File
	attached bool // to the request or activity; otherwise only the receipt names it

	digest [sha256.Size]byte // zero before an attachment of a message is kept; known from the start for a whole content
	octets int64
}

// storedFiles returns the files to keep.
func storedFiles(list []File, attached bool) []*storedFile {
	var files []*storedFile
	for _, f := range list {
		one := &storedFile{File: f, attached: attached}
		if one.isWhole() {
			one.digest, one.octets = f.Content.Digest(), f.Content.Size()
		}
		files = append(files, one)
	}
	return files
}

// isWhole reports whether the file holds the whole content, so that its digest and size are known from the start.
func (f *storedFile) isWhole() bool { return f.part == nil }

// open returns a reader of the octets to keep.
func (f *storedFile) open() io.Reader {
	if f.isWhole() {
		return io.NewSectionReader(f.Content, 0, f.Content.Size())
	}
	return f.part.Open(f.Content)
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

// add adds the files that are attached to a request or, unless it is 0, to an activity of the request.
func (t *attachmentRows) add(request, activity int64, files []*storedFile) {
	var position int32
	for _, f := range files {
		if !f.attached {
			continue
		}
		position++
		t.request = append(t.request, request)
		t.activity = append(t.activity, activity)
		t.position = append(t.position, position)
		t.name = append(t.name, attachmentName(f.Name))
		t.mediaType = append(t.mediaType, capped(f.MediaType, maxLine))
		t.contentID = append(t.contentID, capped(f.ContentID, maxLine))
		t.octets = append(t.octets, f.octets)
		t.digest = append(t.digest, f.digest[:])
		t.inline = append(t.inline, f.Inline)
		t.raw = append(t.raw, f.IsMessage)
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
