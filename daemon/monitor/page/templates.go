package page

import (
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"time"

	"mailintegration/store"
)

// layoutFile has what all pages have around their content.
const layoutFile = "templates/layout.html"

// parseTemplates parses each template together with the layout, in each language.
func (p *Page) parseTemplates(files fs.FS) (map[string]map[string]*template.Template, error) {
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	all := map[string]map[string]*template.Template{}
	for _, lang := range p.languages.all {
		if err := checkTexts(files, layoutFile, lang); err != nil {
			return nil, err
		}
		all[lang.code] = map[string]*template.Template{}
		for _, name := range names {
			if name == layoutFile {
				continue
			}
			if err := checkTexts(files, name, lang); err != nil {
				return nil, err
			}
			t, err := template.New(name).Funcs(p.functions(lang)).ParseFS(files, layoutFile, name)
			if err != nil {
				return nil, err
			}
			all[lang.code][strings.TrimSuffix(path.Base(name), ".html")] = t
		}
	}
	return all, nil
}

// textCall finds the texts that a template names.
var textCall = regexp.MustCompile(`\bt "([^"]+)"`)

// checkTexts fails if a template names a text that is missing.
func checkTexts(files fs.FS, name string, lang *texts) error {
	source, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	for _, call := range textCall.FindAllSubmatch(source, -1) {
		if _, isThere := lang.text(string(call[1])); !isThere {
			return fmt.Errorf("%s: there is no text %s", name, call[1])
		}
	}
	return nil
}

// functions returns the functions of the templates:
//
//	{{t "mailboxes.backlog" .N}}  a text in the language of the reader; a key may be composed: (print "mailboxes.state." .State)
//	{{mail .Subject}}             a line from mail, isolated and cut; {{mail .Subject 60}} cuts elsewhere
//	{{mailtext .Body}}            a text from mail with its lines
//	{{when .At}} {{ago .At}}      a time, in full or as a distance; nothing for a time that is not known
//	{{csrf}}                      the hidden field of each form
//	{{number .N}} {{size .Octets}}
//	{{filesof .Number .Files}}    files with the number of their request
func (p *Page) functions(lang *texts) template.FuncMap {
	return template.FuncMap{
		"t":        lang.say,
		"mail":     mailLine,
		"mailtext": mailText,
		"when":     lang.when,
		"ago":      func(at any) (template.HTML, error) { return lang.ago(p.now(), at) },
		"lasting":  func(since any) (string, error) { return lang.since(p.now(), since) },
		"csrf":     p.marks.csrfTag,
		"number":   func(n any) string { return lang.show(n) },
		"size":     lang.size,
		"filesof":  func(number int64, files store.FileList) filesOf { return filesOf{number, files} },
	}
}

// frameView is the model of the layout.
type frameView struct {
	Language string
	Menu     []menuEntry
	Visitor  string
	Version  string
	Notice   string
	At       time.Time // when the page was made
	Code     int
	Path     string
	IsLive   bool // the script keeps the page current
	Data     any
}

// menuEntry is an entry of the menu.
type menuEntry struct {
	Name, Path string
	IsCurrent  bool
}

// frame returns the model of the layout around the data of a page.
func (v *visit) frame(data any) frameView {
	f := frameView{
		Language: v.lang.code, Visitor: v.session.name, Version: v.page.version, Notice: v.takeNotice(), At: v.page.now(),
		Path: v.r.URL.RequestURI(), Data: data, IsLive: v.r.Method == "GET" && v.code == 0,
	}
	if v.session.name == "" {
		f.Version = "" // nothing for strangers
		return f
	}
	for _, s := range v.page.sections {
		f.Menu = append(f.Menu, menuEntry{s.name, s.path, s.name == v.route.section})
	}
	return f
}
