package processor

import (
	"cmp"
	"io"
	"strings"

	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
)

// unmarked tells in which charset the octets of a message are that no declaration is about: those of header fields, file
// names and texts, all together, because a subject alone is often too short to tell.
type unmarked struct {
	root *entity.Part // nil when only texts are known
	raw  io.ReaderAt
	work *entity.Workspace

	fields, detected string // charsets of fields and of texts, once they are known
	alone            int    // texts that were looked at alone
}

// ofFields returns the charset of fields and file names: the one that the message declares anywhere, else the one that
// they are plainly in.
func (u *unmarked) ofFields() string {
	if u.fields == "" {
		u.fields = cmp.Or(u.declared(), u.ofAll())
	}
	return u.fields
}

// declared returns the first charset other than ASCII and UTF-8 that the HTML or an encoded-word of the message declares.
func (u *unmarked) declared() string {
	for p := range u.root.Leaves {
		if p.MediaType == "text/html" && p.Disposition != "attachment" {
			if name := charset.Name(charset.InHTML(u.beginning(p))); charset.HasDecoder(name) && !charset.IsWide(name) {
				return name
			}
		}
	}
	for _, f := range u.root.Header {
		if name := entity.MarkedCharset(f.Value); name != "" {
			return name
		}
	}
	return ""
}

// ofAll returns the charset that all unmarked octets of the message are most likely in.
func (u *unmarked) ofAll() string {
	if u.detected == "" {
		u.detected = cmp.Or(charset.Detect(u.sample()), "windows-1252")
	}
	return u.detected
}

// guess returns the charset of a text: a long one is looked at alone, unless there are many of them. A short one is in the
// charset of the other octets, if it can be.
func (u *unmarked) guess(octets []byte) string {
	const most, long = 20, 24 // texts, octets beyond ASCII
	isEnough := charset.HighOctets(octets[:min(len(octets), 4<<10)]) >= long
	if u.alone < most && (isEnough || u.root == nil && u.detected == "" || !charset.Fits(octets, u.ofAll())) {
		u.alone++
		name := charset.Detect(octets)
		if u.root == nil {
			u.detected = cmp.Or(u.detected, name)
		}
		return name
	}
	return u.ofAll()
}

// sample returns pieces of unmarked octets: of the fields, then of file names, then of texts.
func (u *unmarked) sample() []byte {
	if u.root == nil {
		return nil
	}
	const enough = 1 << 10
	var octets []byte
	add := func(piece []byte) { octets = append(append(octets, charset.SampleOf(piece)...), '\n') }
	for _, f := range u.root.Header {
		if len(octets) < enough && !charset.IsPlain(f.Value) {
			add(entity.Unmarked(f.Value))
		}
	}
	for p := range u.root.Leaves {
		if len(octets) >= enough {
			break
		}
		add(entity.Unmarked(p.RawFileName()))
		if strings.HasPrefix(p.MediaType, "text/") && !charset.HasDecoder(charset.Name(p.Charset())) {
			add(charset.NotUTF8(u.beginning(p)))
		}
	}
	return octets
}

// beginning returns the first octets of a part's body, decoded. They are valid until the next body is read. Reading the
// text of the message reports an error.
func (u *unmarked) beginning(p *entity.Part) []byte {
	const enough = 2 << 10
	octets, _ := p.Body.ReadUpTo(u.raw, enough, u.work)
	return octets
}
