package mailbody

import (
	"bytes"
	"encoding/base64"
	"image"
	_ "image/gif"  // a format that is shown
	_ "image/jpeg" // a format that is shown
	_ "image/png"  // a format that is shown
	"net/url"
	"strings"
)

// gallery has the images of a document.
type gallery struct {
	ask   Pictures
	left  int64 // octets that its images may still have
	tags  int   // images that were asked for
	known map[string]string
}

// dataURL returns the address of an image within the document. It fails for images that are not the mail's own, that are too large, or
// that a reader of images does not know.
func (g *gallery) dataURL(source string) (string, bool) {
	if g.tags++; g.tags > maxImageTags {
		return "", false
	}
	scheme, rest, _ := strings.Cut(source, ":")
	switch strings.ToLower(scheme) {
	case "data":
		_, content, _ := strings.Cut(rest, ",")
		if int64(len(content)) > g.most()*4/3+4 {
			return "", false
		}
		octets, err := base64.StdEncoding.DecodeString(content)
		if err != nil {
			return "", false
		}
		return g.embed(octets)
	case "cid":
		return g.attached(rest)
	}
	return "", false
}

// attached returns the address of an image that the mail has as an attachment (RFC 2392).
func (g *gallery) attached(contentID string) (string, bool) {
	if unescaped, err := url.PathUnescape(contentID); err == nil {
		contentID = unescaped
	}
	if known, ok := g.known[contentID]; ok {
		if int64(len(known)) > g.left || known == "" {
			return "", false
		}
		g.left -= int64(len(known))
		return known, true
	}
	if g.ask == nil {
		return "", false
	}
	found, ok := g.embed(g.ask(contentID, g.most()))
	if g.known == nil {
		g.known = map[string]string{}
	}
	g.known[contentID] = found
	return found, ok
}

// most returns the octets that the next image may have.
func (g *gallery) most() int64 { return min(maxPicture, g.left) }

// embed returns the octets of an image as an address. Their header says what they are, whatever the mail says.
func (g *gallery) embed(octets []byte) (string, bool) {
	if len(octets) == 0 || int64(len(octets)) > g.most() {
		return "", false
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(octets))
	if err != nil || config.Width <= 0 || config.Height <= 0 || config.Width > maxPixels/config.Height {
		return "", false
	}
	g.left -= int64(len(octets))
	return "data:image/" + format + ";base64," + base64.StdEncoding.EncodeToString(octets), true
}
