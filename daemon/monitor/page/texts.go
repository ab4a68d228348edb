package page

import (
	"encoding/xml"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"golang.org/x/text/language"
)

// languageCodes are the languages of the page. The first one is for people of all others.
var languageCodes = []string{"en", "fr"}

// languages are the texts in each language.
type languages struct {
	all     []*texts // in the order of languageCodes
	matcher language.Matcher
}

// texts are the texts of the page in one language.
type texts struct {
	code   string
	values map[string]wording // by SECTION.KEY
}

// wording is a text. {1} stands for the first argument, {2} for the second one, and so on.
type wording struct {
	one   string // for a first argument that is one, "" where the text is the same
	other string
}

// textFile is a file of texts/: the texts of a section.
type textFile struct {
	Texts []struct {
		Key string   `xml:"key,attr"`
		EN  textNode `xml:"en"`
		FR  textNode `xml:"fr"`
	} `xml:"text"`
}

// textNode is a text in one language.
type textNode struct {
	One   string `xml:"one,attr"`
	Other string `xml:",chardata"`
}

// wording returns the text with single spaces.
func (n textNode) wording() wording {
	return wording{one: strings.Join(strings.Fields(n.One), " "), other: strings.Join(strings.Fields(n.Other), " ")}
}

// readLanguages reads texts/*.xml.
func readLanguages(files fs.FS) (*languages, error) {
	l := &languages{}
	var tags []language.Tag
	for _, code := range languageCodes {
		tags = append(tags, language.Make(code))
		l.all = append(l.all, &texts{code: code, values: map[string]wording{}})
	}
	l.matcher = language.NewMatcher(tags)
	names, err := fs.Glob(files, "texts/*.xml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := l.read(files, name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return l, nil
}

// read reads a file of texts. Its name without the suffix is the first part of their keys.
func (l *languages) read(files fs.FS, name string) error {
	octets, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	var file textFile
	if err := xml.Unmarshal(octets, &file); err != nil {
		return err
	}
	section := strings.TrimSuffix(path.Base(name), ".xml")
	for _, t := range file.Texts {
		for i, n := range []textNode{t.EN, t.FR} {
			key, w := section+"."+t.Key, n.wording()
			if _, twice := l.all[i].values[key]; twice || w.other == "" {
				return fmt.Errorf("the text %s is there twice, or is empty in language %s", key, languageCodes[i])
			}
			l.all[i].values[key] = w
		}
	}
	return nil
}

// of returns the texts in the language that a browser prefers (RFC 9110 §12.5.4).
func (l *languages) of(r *http.Request) *texts {
	preferred, _, _ := language.ParseAcceptLanguage(r.Header.Get("Accept-Language")) // what cannot be read asks for nothing
	_, i, _ := l.matcher.Match(preferred...)
	return l.all[i]
}

// text returns a text without arguments.
func (t *texts) text(key string) (text string, isThere bool) {
	w, isThere := t.values[key]
	return w.other, isThere
}

// say returns a text with its arguments, as a string, or as HTML if one of them is HTML. The first argument decides between the
// singular and the plural.
func (t *texts) say(key string, args ...any) (any, error) {
	w, isThere := t.values[key]
	if !isThere {
		return nil, fmt.Errorf("there is no text %s", key)
	}
	text, isHTML := w.other, false
	if len(args) > 0 && w.one != "" && t.isOne(args[0]) {
		text = w.one
	}
	for _, a := range args {
		if _, is := a.(template.HTML); is {
			isHTML = true
		}
	}
	if !isHTML {
		return t.fill(text, args, func(a any) string { return t.show(a) }), nil
	}
	return template.HTML(t.fill(template.HTMLEscapeString(text), args, func(a any) string {
		if h, is := a.(template.HTML); is {
			return string(h)
		}
		return template.HTMLEscapeString(t.show(a))
	})), nil
}

// fill puts the arguments into a text.
func (t *texts) fill(text string, args []any, show func(any) string) string {
	var pairs []string
	for i, a := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i+1)+"}", show(a))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// isOne reports whether a number takes the singular: one in English; none, too, in French.
func (t *texts) isOne(number any) bool {
	n, isNumber := integer(number)
	return isNumber && (n == 1 || n == 0 && t.code == "fr")
}

// show returns an argument in the form of the language.
func (t *texts) show(a any) string {
	if n, is := integer(a); is {
		return t.number(n)
	}
	return fmt.Sprint(a)
}

// integer returns the number that an argument is.
func integer(a any) (n int64, is bool) {
	switch a := a.(type) {
	case int:
		return int64(a), true
	case int64:
		return a, true
	}
	return 0, false
}

// number returns a number with its thousands apart.
func (t *texts) number(n int64) string {
	separator := map[string]string{"en": ",", "fr": "\u202f"}[t.code]
	digits := strconv.FormatInt(max(n, -n), 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + separator + digits[i:]
	}
	if n < 0 {
		digits = "−" + digits
	}
	return digits
}
