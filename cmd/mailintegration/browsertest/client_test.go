//go:build browser

package browsertest

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// client asks a program for pages as a browser does, without drawing them. It follows no redirection.
type client struct {
	http.Client
	t       *testing.T
	program *program
}

// newClient returns a client that has not logged in.
func newClient(p *program) *client {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return &client{t: p.t, program: p, Client: http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// logIn logs in with a token.
func (c *client) logIn(token string) {
	c.t.Helper()
	if answer := c.post("/login", url.Values{"token": {token}}); answer.StatusCode != http.StatusSeeOther {
		c.t.Fatalf("the log-in is answered with %s", answer.Status)
	}
}

// get asks for a page, and reads all of it.
func (c *client) get(path string) *http.Response {
	c.t.Helper()
	return c.send(http.MethodGet, path, nil)
}

// post sends a form, with the header fields that are given in pairs.
func (c *client) post(path string, form url.Values, header ...string) *http.Response {
	c.t.Helper()
	return c.send(http.MethodPost, path, strings.NewReader(form.Encode()), append(header, "Content-Type", "application/x-www-form-urlencoded")...)
}

// send sends a request, and reads all of its answer.
func (c *client) send(method, path string, body io.Reader, header ...string) *http.Response {
	c.t.Helper()
	r, err := http.NewRequest(method, c.program.url(path), body)
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer
}
