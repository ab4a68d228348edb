package page

import (
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"net/http"
	"path"
)

// staticPath is where the style and the script are.
const staticPath = "/static/"

// staticFile is a file that all readers get.
type staticFile struct {
	content   []byte
	mediaType string
	tag       string // ETag
}

// readStatic reads static/.
func readStatic(files fs.FS) (map[string]staticFile, error) {
	names, err := fs.Glob(files, "static/*")
	if err != nil {
		return nil, err
	}
	all := map[string]staticFile{}
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(content)
		all[path.Base(name)] = staticFile{content, mediaType(path.Ext(name)), `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	}
	return all, nil
}

// mediaType returns the type of a file, whatever the tables of the machine say.
func mediaType(extension string) string {
	return map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	}[extension]
}

// serveStatic answers with a static file. It shows no mail, so nobody needs to log in, and a browser may keep it.
func (p *Page) serveStatic(w http.ResponseWriter, r *http.Request) {
	f, isThere := p.static[r.PathValue("name")]
	if !isThere {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.mediaType)
	h.Set("Cache-Control", "no-cache") // kept, and asked about
	h.Set("ETag", f.tag)
	if r.Header.Get("If-None-Match") == f.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(f.content)
}
