package mailbody

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"unicode/utf8"

	"mailintegration/processor/htmltext"
)

// Bounds of a document.
const (
	maxSource    = 1 << 20 // octets of HTML that are read
	maxElements  = 20_000
	maxOpen      = 400     // elements that are open at once; browsers stop at 512
	maxFormats   = 40      // of them, those of formatting, which a browser repeats in each block that follows
	maxPicture   = 2 << 20 // octets of one image
	maxPictures  = 8 << 20 // octets of all images
	maxPixels    = 25_000_000
	maxAddress   = 200 // characters of an address
	maxImageTags = 200
)

// Words are the words of a document in the language of its reader.
type Words struct {
	Language string // for the attribute lang
	Image    string // "image", before the name of an image that is not shown
	Rest     string // the note at the end of a document that was cut
}

// Pictures returns the octets of an image of the mail by its Content-ID, nil if there is none or it has more than most octets. It is
// asked once for each Content-ID.
type Pictures func(contentID string, most int64) []byte

const style = `html{color-scheme:light;background:#fff;color:#111}` +
	`body{margin:.75rem;font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}` +
	`img{max-width:100%;height:auto}pre{white-space:pre-wrap}small,.image{color:#555;font-size:.85em}`

// Policy is the Content-Security-Policy of a document. It also holds if somebody opens the document outside of its frame.
var Policy = "default-src 'none'; img-src data:; style-src '" + hashOf(style) + "'; " +
	"sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// hashOf returns the hash by which a policy names a style.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Document returns the document that shows the HTML of a mail. Its length is at most a few times that of the source, the bound of which
// it keeps, and of the images.
func Document(source string, words Words, pictures Pictures) []byte {
	w := &writer{words: words, pictures: gallery{ask: pictures, left: maxPictures}}
	source, isCut := cut(source, maxSource)
	w.b.WriteString(`<!doctype html><html lang="` + html.EscapeString(words.Language) + `"><head><meta charset="utf-8"><title></title><style>` +
		style + `</style></head><body>`)
	w.write(htmltext.Sanitise(source))
	if isCut || w.isFull {
		w.b.WriteString(`<hr><p><small>` + html.EscapeString(words.Rest) + `</small></p>`)
	}
	w.b.WriteString(`</body></html>`)
	return w.b.Bytes()
}

// cut returns a text with no more than a number of octets, and whether it was longer.
func cut(s string, most int) (string, bool) {
	if len(s) <= most {
		return s, false
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most], true
}
