package manual

import (
	"cmp"
	"strings"

	"github.com/alecthomas/kong"

	"mailintegration/config/roff"
)

// Options says what Write needs to know.
type Options struct {
	Program *kong.Node // the model of the command line
	Version string
	Date    string // of the release: 2026-11-26
}

// Write returns the page.
func Write(o Options) []byte {
	p := roff.New(o.Program.Name, 1, o.Date, "MailIntegration "+o.Version, "records the mail of a service desk in PostgreSQL")
	p.Section("Synopsis")
	p.Paragraph("`" + o.Program.Name + "` [`--config` FILE] VERB [ARGUMENT...]")
	p.Section("Description")
	for _, text := range description {
		p.Paragraph(text)
	}
	p.Section("Options")
	p.Paragraph("These options belong to every verb.")
	for _, f := range o.Program.Flags {
		flag(p, f)
	}
	p.Section("Verbs")
	for _, v := range o.Program.Leaves(true) {
		verb(p, v)
	}
	for _, s := range sections {
		p.Section(s.title)
		s.write(p)
	}
	return p.Bytes()
}

// verb writes one verb with its arguments and flags.
func verb(p *roff.Page, v *kong.Node) {
	p.Subsection(usage(v))
	p.Paragraph(v.Help)
	for paragraph := range strings.SplitSeq(v.Detail, "\n\n") {
		if paragraph != "" {
			p.Paragraph(strings.Join(strings.Fields(paragraph), " "))
		}
	}
	for _, a := range v.Positional {
		p.Item(argument(a), a.Help)
	}
	for _, group := range ownFlags(v) {
		for _, f := range group {
			flag(p, f)
		}
	}
}

// usage returns how a verb is typed: its name, its arguments, and the flags that must be given.
func usage(v *kong.Node) string {
	words := []string{v.Path()}
	var optional bool
	for _, group := range ownFlags(v) {
		for _, f := range group {
			if f.Required {
				words = append(words, form(f))
			} else {
				optional = true
			}
		}
	}
	for _, a := range v.Positional {
		words = append(words, argument(a))
	}
	if optional {
		words = append(words, "[OPTION...]")
	}
	return strings.Join(words, " ")
}

// argument returns an argument as the usage shows it: in capitals, with dots if there may be several, in brackets if there
// need not be one.
func argument(a *kong.Positional) string {
	name := strings.ToUpper(a.Name)
	if a.IsCumulative() {
		name += "..."
	}
	if !a.Required {
		name = "[" + name + "]"
	}
	return name
}

// ownFlags returns the flags of a verb and of the verbs above it, without those that belong to every verb.
func ownFlags(v *kong.Node) [][]*kong.Flag {
	var all [][]*kong.Flag
	for n := v; n.Parent != nil; n = n.Parent {
		var group []*kong.Flag
		for _, f := range n.Flags {
			if !f.Hidden {
				group = append(group, f)
			}
		}
		all = append(all, group)
	}
	return all
}

// flag writes a flag with what it does.
func flag(p *roff.Page, f *kong.Flag) {
	text := f.Help
	if f.Enum != "" && !strings.Contains(text, f.EnumSlice()[0]) {
		text += " One of " + strings.Join(f.EnumSlice(), ", ") + "."
	}
	if len(f.Envs) > 0 {
		text += " The variable " + strings.Join(f.Envs, ", ") + " says the same."
	}
	p.Item(form(f), text)
}

// form returns a flag as it is typed.
func form(f *kong.Flag) string {
	name := "--" + f.Name
	if f.Tag.Negatable != "" {
		name = "--[no-]" + f.Name
	}
	if f.Short != 0 {
		name = "-" + string(f.Short) + ", " + name
	}
	if f.IsBool() || f.IsCounter() {
		return name
	}
	return name + " " + cmp.Or(f.PlaceHolder, strings.ToUpper(f.Name))
}
