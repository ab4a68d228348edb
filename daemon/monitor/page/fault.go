package page

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"net/http"

	"mailintegration/store"
)

// Faults of a visit, besides those of the store.
var (
	errNotFound   = errors.New("there is no such page")
	errNoRight    = errors.New("the token is for reading only")
	errForm       = errors.New("the form is too old, or comes from elsewhere")
	errBusy       = errors.New("too many visits ask the database")
	errNoDatabase = errors.New("the database cannot be used")
)

// faults are the pages about faults, by their texts fault.NAME.title and fault.NAME.text. The first one that fits counts.
var faults = []struct {
	err  error
	name string
	code int
}{
	{errNotFound, "missing", http.StatusNotFound},
	{errNoRight, "right", http.StatusForbidden},
	{errForm, "form", http.StatusForbidden},
	{errDownloads, "downloads", http.StatusTooManyRequests},
	{errBusy, "busy", http.StatusServiceUnavailable},
	{errNoDatabase, "database", http.StatusServiceUnavailable},
	{store.ErrDamaged, "damaged", http.StatusInternalServerError},
	{fs.ErrNotExist, "gone", http.StatusGone},
	{store.ErrHanging, "directory", http.StatusServiceUnavailable},
	{store.ErrDirectory, "directory", http.StatusServiceUnavailable},
	{store.ErrUnavailable, "database", http.StatusServiceUnavailable},
	{store.ErrLocked, "busy", http.StatusServiceUnavailable},
	{context.DeadlineExceeded, "busy", http.StatusServiceUnavailable},
}

// faultView is the model of the page about a fault.
type faultView struct {
	Name   string
	Number string // under which the log has the error, "" if it has not
}

// unexpected is the name of the page about all other errors.
const unexpected = "unexpected"

// faultOf returns the name of the page about an error, and the code of the answer.
func faultOf(err error) (name string, code int) {
	for _, known := range faults {
		if errors.Is(err, known.err) {
			return known.name, known.code
		}
	}
	return unexpected, http.StatusInternalServerError
}

// noteFault lets the log have an unexpected error, and returns the number under which it has it, "" for an error that is known.
func (p *Page) noteFault(where string, err error) (number string) {
	if name, _ := faultOf(err); name == unexpected {
		number = rand.Text()[:8]
		p.failed(number, where, err)
	}
	return number
}

// showFault answers with a page about an error. It tells nothing of the error itself, which may name hosts and statements: the log
// has that of an unexpected one.
func (v *visit) showFault(err error) {
	if v.w.begun {
		panic(http.ErrAbortHandler) // the reader has a part of another answer, and must not take it for all
	}
	var view faultView
	view.Name, v.code = faultOf(err)
	view.Number = v.page.noteFault(v.route.pattern, err)
	if v.render("fault", view) != nil {
		http.Error(v.w, view.Name, v.code)
	}
}
