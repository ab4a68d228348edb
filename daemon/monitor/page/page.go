package page

import (
	"cmp"
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"time"

	"mailintegration/daemon"
	"mailintegration/store"
)

// Subject is the part of a daemon that the page looks at. Status waits for nothing: its error says that the daemon does not answer.
type Subject interface {
	Status() (daemon.Status, error)
}

// Options configures a Page.
type Options struct {
	Daemon  Subject              // required
	Desk    func() (Desk, error) // required; fails while the database cannot be used
	Version string               // of the program
	Now     func() time.Time     // nil: time.Now
	Log     Log                  // is told who does what; nil: nobody is told

	// Preview returns what a poll of a mailbox would decide about a message now, as (*daemon.Daemon).Preview does. Nil: no page says it.
	Preview func(ctx context.Context, mailbox string, raw store.Raw) (daemon.Previewed, error)

	// Reconsider records a message that was set aside after all, as (*daemon.Daemon).Reconsider does. Nil: no page offers it.
	Reconsider func(ctx context.Context, id int64, how store.Reconsideration) (store.Outcome, error)

	// Failed is told which fault a person was shown as a number, and where. Nil: nobody is told.
	Failed func(number, route string, err error)

	patience time.Duration // for the database; tests shorten it, zero: usualPatience
}

const (
	// usualPatience is how long a visit waits for the database.
	usualPatience = 7 * time.Second
	// maxAsking is how many visits ask the database at the same time, of the connections that the intake of mail needs.
	maxAsking = 2
)

// Page answers the requests of people. Its methods may be called by several goroutines.
type Page struct {
	daemon   Subject
	openDesk func() (Desk, error)
	version  string
	now      func() time.Time
	failed   func(number, route string, err error)
	patience time.Duration
	preview  func(ctx context.Context, mailbox string, raw store.Raw) (daemon.Previewed, error)

	reconsider func(ctx context.Context, id int64, how store.Reconsideration) (store.Outcome, error)
	replaying  chan struct{} // has an element while a message is replayed
	replayTime time.Duration // of one message

	sections  []section
	languages *languages
	templates map[string]map[string]*template.Template // by language and name
	marks     marks
	static    map[string]staticFile
	downloads downloads
	asking    chan struct{} // has an element for each visit that asks the database
	streams   *streams
	counted   dayCount
	mux       *http.ServeMux

	log      Log
	tokens   tokens
	sessions sessions
	refusals refusals
	origin   http.CrossOriginProtection
	standIn  *session // everybody's, for tests of the sections; nil: each request has its own

	explaining chan struct{} // has an element while a message is explained
	searchTime time.Duration // of one page of a search

	downloadStep time.Duration // of each part of a download
}

//go:embed templates texts static
var files embed.FS

// New returns the page. It fails if a template does not parse, or asks for a text that is missing.
func New(o Options) (*Page, error) {
	if o.Daemon == nil || o.Desk == nil {
		return nil, errors.New("page: no daemon or no database")
	}
	p := &Page{
		daemon: o.Daemon, openDesk: o.Desk, version: o.Version, now: o.Now, failed: o.Failed, log: o.Log,
		patience: cmp.Or(o.patience, usualPatience), sections: sections(), marks: newMarks(), asking: make(chan struct{}, maxAsking),
		streams: newStreams(), preview: o.Preview, explaining: make(chan struct{}, 1), searchTime: usualSearchTime,
		downloadStep: usualDownloadStep, reconsider: o.Reconsider, replaying: make(chan struct{}, 1), replayTime: usualReplayTime,
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.failed == nil {
		p.failed = func(string, string, error) {}
	}
	if p.log == nil {
		p.log = nobody{}
	}
	p.counted.patience = dayPatience
	p.tokens = tokens{ask: p.askTokens, now: p.now, patience: tokensPatience}
	p.sessions.all = map[[sha256.Size]byte]*held{}
	var err error
	if p.languages, err = readLanguages(files); err != nil {
		return nil, err
	}
	if p.static, err = readStatic(files); err != nil {
		return nil, err
	}
	if p.templates, err = p.parseTemplates(files); err != nil {
		return nil, err
	}
	p.mux = p.routes()
	return p, nil
}

// ServeHTTP implements http.Handler.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	p.mux.ServeHTTP(w, r)
}

// routes returns what answers each path.
func (p *Page) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+staticPath+"{name}", p.serveStatic)
	mux.HandleFunc("GET "+livePath, p.serveLive)
	mux.Handle("GET "+logInPath, p.strangers((*visit).showLogIn))
	mux.Handle("POST "+logInPath, p.strangers((*visit).logIn))
	mux.Handle("POST /logout", p.visited(route{pattern: "POST /logout", handle: (*visit).logOut}))
	mux.Handle("GET /{$}", p.visited(route{pattern: "GET /{$}", handle: (*visit).showFirst}))
	mux.Handle("/", p.visited(route{pattern: "/", handle: func(*visit) error { return errNotFound }}))
	for _, s := range p.sections {
		for _, one := range s.routes {
			one.section = s.name
			mux.Handle(one.pattern, p.visited(one))
		}
	}
	return mux
}

// linkTo returns a path if a section answers it, otherwise "": nothing is a link that leads nowhere.
func (p *Page) linkTo(path string) string {
	r, err := http.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return ""
	}
	if _, pattern := p.mux.Handler(r); pattern == "/" {
		return ""
	}
	return path
}

// contentPolicy lets a page load its own style, script and pictures, and nothing else (CSP Level 3).
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// setHeaders sets the header fields of all answers. A browser keeps none of them: they show mail.
func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin") // none at all would also take Origin from the forms
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}
