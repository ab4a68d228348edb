package htmltext

import (
	"hash/fnv"

	"golang.org/x/net/html/atom"
)

// class says which rules of HTML's tree construction concern an element (HTML Standard §13.2).
type class uint16

const (
	special    class = 1 << iota // its own category: end tags of phrases do not close it (§13.2.4.2)
	nests                        // special, and items of lists are not closed beyond it
	scopes                       // most end tags do not reach beyond it (§13.2.4.2, "particular scope")
	formatting                   // an end tag closes it even where elements overlap (§13.2.6.4.7)
	endsP                        // its start tag closes an open paragraph
	heading
	definition // dd and dt
	ruby       // rt, rp and the like
	cell       // td, th, caption
	row
	group // the parts of a table that hold rows or columns
	isTable
	isTemplate
	isButton
	isList
	void // has no content (§13.1.2)

	classCount = iota
)

// inTable marks the elements that are ignored outside of a table.
const inTable = cell | row | group

// element is an element that is open.
type element struct {
	tag   atom.Atom
	class class
}

// elementNamed returns the element of a name in lower case. An unknown name gets a number that no atom has.
func elementNamed(name []byte) element {
	tag := atom.Lookup(name)
	if tag == 0 {
		h := fnv.New32a()
		h.Write(name) // a hash never fails
		return element{tag: atom.Atom(h.Sum32() | 1<<31)}
	}
	return element{tag: tag, class: classes[tag]}
}

var classes = classesOf([]elementClass{
	{special | nests | scopes, []atom.Atom{atom.Applet, atom.Marquee, atom.Object}},
	{special | nests | scopes | cell, []atom.Atom{atom.Td, atom.Th}},
	{special | nests | scopes | cell | group, []atom.Atom{atom.Caption}},
	{special | nests | row, []atom.Atom{atom.Tr}},
	{special | nests | group, []atom.Atom{atom.Tbody, atom.Thead, atom.Tfoot, atom.Colgroup}},
	{special | nests | scopes | endsP | isTable, []atom.Atom{atom.Table}},
	{special | nests | scopes | isTemplate, []atom.Atom{atom.Template}},
	{special | nests, []atom.Atom{
		atom.Body, atom.Frameset, atom.Iframe, atom.Noembed, atom.Noframes, atom.Noscript, atom.Script, atom.Select,
		atom.Style, atom.Textarea, atom.Title}},
	{special | nests | isButton, []atom.Atom{atom.Button}},
	{special | nests | endsP | isList, []atom.Atom{atom.Ol, atom.Ul}},
	{special | nests | endsP, []atom.Atom{
		atom.Article, atom.Aside, atom.Blockquote, atom.Center, atom.Details, atom.Dir, atom.Dl, atom.Fieldset, atom.Figcaption,
		atom.Figure, atom.Footer, atom.Form, atom.Header, atom.Hgroup, atom.Listing, atom.Main, atom.Menu, atom.Nav,
		atom.Plaintext, atom.Pre, atom.Section, atom.Summary, atom.Xmp}},
	{special | endsP, []atom.Atom{atom.Address, atom.Div, atom.P}},
	{special | nests | endsP | heading, []atom.Atom{atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6}},
	{special | nests | endsP, []atom.Atom{atom.Li}},
	{special | nests | endsP | definition, []atom.Atom{atom.Dd, atom.Dt}},
	{endsP, []atom.Atom{atom.Dialog}},
	{ruby, []atom.Atom{atom.Rt, atom.Rp, atom.Rb, atom.Rtc}},
	{formatting, []atom.Atom{
		atom.A, atom.B, atom.Big, atom.Code, atom.Em, atom.Font, atom.I, atom.Nobr, atom.S, atom.Small, atom.Strike, atom.Strong,
		atom.Tt, atom.U}},
	{special | void, []atom.Atom{
		atom.Area, atom.Base, atom.Basefont, atom.Bgsound, atom.Br, atom.Col, atom.Embed, atom.Frame, atom.Img, atom.Input, atom.Keygen,
		atom.Link, atom.Meta, atom.Param, atom.Source, atom.Track, atom.Wbr}},
	{special | void | endsP, []atom.Atom{atom.Hr}},
})

// elementClass gives elements their class.
type elementClass struct {
	class class
	tags  []atom.Atom
}

func classesOf(all []elementClass) map[atom.Atom]class {
	known := map[atom.Atom]class{}
	for _, c := range all {
		for _, tag := range c.tags {
			known[tag] = c.class
		}
	}
	return known
}
