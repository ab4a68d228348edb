package page

import "net/http"

// section is a part of the page with an entry in the menu.
type section struct {
	name   string // the texts NAME.menu and NAME.title
	path   string // of its first page
	routes []route
}

// route says what answers a path.
type route struct {
	pattern string // of http.ServeMux, with the method: "GET /mailboxes"
	right   right
	handle  func(*visit) error

	section string // that it belongs to, "" for none
	isOpen  bool   // for people who have not logged in, too; it checks its forms itself
}

// right says how much a visitor may do.
type right int

// The rights.
const (
	toRead right = iota
	toAct        // and to read
)

// sections returns the sections in the order of the menu.
func sections() []section {
	return []section{
		mailboxesSection(),
		messagesSection(),
		troubleSection(),
		outboxSection(),
		requestsSection(),
		asidesSection(),
	}
}

// showFirst leads from "/" to the first section.
func (v *visit) showFirst() error {
	http.Redirect(v.w, v.r, v.page.sections[0].path, http.StatusSeeOther)
	return nil
}
