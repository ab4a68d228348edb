package page

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
)

// visit is one request of somebody who has logged in.
type visit struct {
	w       *answer
	r       *http.Request
	ctx     context.Context // ends when the database has had its time; a visitor who leaves does not end it, which would cost a connection
	session session
	lang    *texts
	page    *Page
	route   route

	code int  // of the answer that render writes, 0 for 200
	turn bool // it may ask the database
}

// visited returns the handler of a route for those who have logged in and have its right.
func (p *Page) visited(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, isThere := p.session(r)
		if !isThere {
			p.refuseStranger(w, r)
			return
		}
		p.serve(w, r, s, rt)
	})
}

// serve answers a request of a session, the zero one for somebody who has not logged in.
func (p *Page) serve(w http.ResponseWriter, r *http.Request, s session, rt route) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), p.patience)
	defer cancel()
	v := &visit{w: &answer{ResponseWriter: w}, r: r, ctx: ctx, session: s, lang: p.languages.of(r), page: p, route: rt}
	v.w.begins = v.leave
	defer v.leave()
	if err := v.run(); err != nil {
		v.showFault(err)
	}
}

// run answers the request. A panic, which is a bug, is an error of this visit alone.
func (v *visit) run() (err error) {
	defer func() {
		switch r := recover(); r {
		case nil:
		case http.ErrAbortHandler:
			panic(r)
		default:
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	if v.route.isOpen {
		return v.route.handle(v)
	}
	if err := v.checkForm(); err != nil {
		return err
	}
	if !v.session.has(v.route.right) {
		return errNoRight
	}
	err = v.route.handle(v)
	if err == nil && v.code < http.StatusBadRequest && v.route.right == toAct && v.r.Method == http.MethodPost {
		v.page.log.Acted(v.session.name, v.session.logon, v.route.pattern, v.r.URL.Path)
	}
	return err
}

// desk returns the database. Only a few visits have it at the same time, until they render; the others wait.
func (v *visit) desk() (Desk, error) {
	if err := v.takeTurn(); err != nil {
		return nil, err
	}
	desk, err := v.page.openDesk()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoDatabase, err)
	}
	return desk, nil
}

// takeTurn waits until few visits ask the database.
func (v *visit) takeTurn() error {
	if v.turn {
		return nil
	}
	select {
	case v.page.asking <- struct{}{}:
		v.turn = true
		return nil
	case <-v.ctx.Done():
		return errBusy
	}
}

// leave lets the next visit ask the database.
func (v *visit) leave() {
	if v.turn {
		v.turn = false
		<-v.page.asking
	}
}

// render answers with a template inside the layout. Nothing is written before the answer is whole.
func (v *visit) render(name string, data any) error {
	t := v.page.templates[v.lang.code][name]
	if t == nil {
		return fmt.Errorf("no template %s", name)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", v.frame(data)); err != nil {
		return fmt.Errorf("template %s: %w", name, err)
	}
	v.write(v.page.marks.replace(b.Bytes(), v.session))
	return nil
}

// write sends a page, unless the reader's script has it already (RFC 9110 §13.1.2).
func (v *visit) write(body []byte) {
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.lang.code)
	h.Set("ETag", tag)
	h.Add("Vary", "Accept-Language, Cookie")
	switch {
	case v.code != 0:
		v.w.WriteHeader(v.code)
	case strings.Contains(v.r.Header.Get("If-None-Match"), tag):
		v.w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = v.w.Write(body) // a reader who is gone needs no answer
}

// redirect answers a form: the browser gets another page, which shows a notice once.
func (v *visit) redirect(path, noticeKey string) error {
	v.setNotice(noticeKey)
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}
