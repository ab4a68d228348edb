package page

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"html/template"
	"net/http"
)

// maxForm limits the octets of a form.
const maxForm = 64 << 10

// csrfField is the field of a form that shows that it comes from a page of this session.
const csrfField = "csrf"

// checkForm refuses a request that may change something and that does not come from a form of this session: by what the browser
// tells (Sec-Fetch-Site, Origin), and by a value that only the pages of the session have.
func (v *visit) checkForm() error {
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead {
		return nil
	}
	if v.page.origin.Check(v.r) != nil {
		return errForm
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	shown := v.r.PostFormValue(csrfField)
	if v.session.csrf == "" || subtle.ConstantTimeCompare([]byte(shown), []byte(v.session.csrf)) != 1 {
		return errForm
	}
	return nil
}

// marks stand in the text of a template for what depends on the session. They are random, so that nothing else contains them.
type marks struct{ csrf string }

// newMarks returns the marks of a page.
func newMarks() marks { return marks{csrf: rand.Text()} }

// csrfTag returns the hidden field of a form.
func (m marks) csrfTag() template.HTML {
	return template.HTML(`<input type="hidden" name="` + csrfField + `" value="` + m.csrf + `">`)
}

// replace puts the values of a session in the place of the marks.
func (m marks) replace(text []byte, s session) []byte {
	return bytes.ReplaceAll(text, []byte(m.csrf), []byte(template.HTMLEscapeString(s.csrf)))
}
