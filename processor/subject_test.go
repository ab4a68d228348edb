package processor

import (
	"strings"
	"testing"
)

func TestSubjectNamesARequest(t *testing.T) {
	t.Parallel()
	g := newSubjectGrammar([]string{"Störung", "Work Order"}, []string{"IT Montreal", "IT", ""})
	tests := []struct {
		name, subject string
		number        int64 // 0 for none
		rest          string
	}{
		{"a type and a number are enough", "[Incident] 4711", 4711, ""},
		{"no white space is needed", "[Incident]4711", 4711, ""},
		{"case does not matter", "[iNCIDENT] 4711", 4711, ""},
		{"a reply prefix is skipped", "RE: [Incident] 4711 - printer", 4711, "printer"},
		{"several prefixes in any language are skipped", "AW: sv: Réf : TR: Odp: 回复：Antwort: [Incident] 4711", 4711, ""},
		{"a prefix may have a counter", "RE[2]: Re(3): Re^4: Re5: RE [6]: [Incident] 4711", 4711, ""},
		{"a French prefix has a no-break space", "RE\u00a0: [Incident]\u00a04711", 4711, ""},
		{"an automatic prefix of several words is skipped", "Automatic reply: [Incident] 4711", 4711, ""},
		{"a French automatic prefix is skipped", "Réponse automatique : [Incident] 4711", 4711, ""},
		{"a gateway's tag is skipped", "[EXTERNAL] RE: [Incident] 4711", 4711, ""},
		{"a gateway's tag in asterisks is skipped", "*EXT* [Incident] 4711", 4711, ""},
		{"a gateway's tag in several asterisks is skipped", "***SPAM*** RE: [Incident] 4711", 4711, ""},
		{"a gateway's tag in brackets and asterisks is skipped", "[**External**] [Incident] 4711", 4711, ""},
		{"a German forward prefix is skipped", "Weitergeleitet: [Incident] 4711", 4711, ""},
		{"the prefix of a German absence note is skipped", "Abwesenheitsnotiz: [Incident] 4711", 4711, ""},
		{"the prefix of a French absence note with a typographic apostrophe is skipped", "Message d’absence : [Incident] 4711", 4711, ""},
		{"the prefix of a bounce is skipped", "Undeliverable: RE: [Incident] 4711", 4711, ""},
		{"the name of the team may stand before the number", "RE: [Note] IT Montreal #4711 - printer", 4711, "printer"},
		{"the longest team name is taken", "[Note] it  montreal 4711", 4711, ""},
		{"a shorter team name is taken too", "[Note] IT 4711", 4711, ""},
		{"a number sign may stand before the number", "[Activity] #4711: done", 4711, "done"},
		{"a French type", "[Demande de service] 4711", 4711, ""},
		{"a type with the product", "[Demande de service Octopus] 4711", 4711, ""},
		{"a type with the name of this program", "[Incident MailIntegration] 4711", 4711, ""},
		{"a type with composed accents", "[Événement] 4711", 4711, ""},
		{"a type with combining accents", "[E\u0301ve\u0301nement] 4711", 4711, ""},
		{"white space within a type does not matter", "[Service   Request] 4711", 4711, ""},
		{"a configured type", "[störung] 4711", 4711, ""},
		{"a configured type of two words", "[Work Order Octopus] 4711", 4711, ""},
		{"punctuation may follow the number", "[Incident] 4711, printer", 4711, "printer"},
		{"a full stop may follow the number", "[Incident] 4711.", 4711, ""},
		{"a parenthesis may follow the number", "[Incident] 4711 (urgent)", 4711, "(urgent)"},
		{"the first tag counts", "[Incident] 4711 [Incident] 4712", 4711, "[Incident] 4712"},
		{"eighteen digits are a number", "[Incident] 999999999999999999", 999999999999999999, ""},

		{"letters after the number", "[Incident] 4711abc", 0, ""},
		{"accented letters after the number", "[Incident] 4711é", 0, ""},
		{"an underscore after the number", "[Incident] 4711_2", 0, ""},
		{"a fraction", "[Incident] 4711.5", 0, ""},
		{"a range", "[Incident] 4711-4712", 0, ""},
		{"a date", "[Note] 11/03/2026", 0, ""},
		{"a time", "[Note] 10:30 meeting", 0, ""},
		{"an unknown type", "[Foo] 4711", 0, ""},
		{"an unknown type with the product", "[Foo Octopus] 4711", 0, ""},
		{"the product alone", "[Octopus] 4711", 0, ""},
		{"a bare number", "#4711", 0, ""},
		{"a bare number after a prefix", "RE: 4711", 0, ""},
		{"no number", "[Incident]", 0, ""},
		{"a word before the number", "[Incident] printer 4711", 0, ""},
		{"an unknown team name before the number", "[Note] IT Toronto #4711", 0, ""},
		{"a team name within a longer word", "[Note] ITX 4711", 0, ""},
		{"nineteen digits", "[Incident] 1000000000000000000", 0, ""},
		{"zero", "[Incident] 0", 0, ""},
		{"a negative number", "[Incident] -4711", 0, ""},
		{"digits of another script", "[Incident] ٤٧١١", 0, ""},
		{"brackets that are not closed", "[Incident 4711", 0, ""},
		{"nested brackets", "[[Incident]] 4711", 0, ""},
		{"another word in asterisks", "*urgent* [Incident] 4711", 0, ""},
		{"another word in brackets", "[helpdesk-list] Re: [Incident] 4711", 0, ""},
		{"asterisks that are not closed", "***SPAM [Incident] 4711", 0, ""},
		{"asterisks around nothing", "****** [Incident] 4711", 0, ""},
		{"a tag in the middle", "printer [Incident] 4711", 0, ""},
		{"a sentence with a colon before the tag", "my new printer: [Incident] 4711", 0, ""},
		{"a long word with a colon before the tag", "Druckerproblembericht: [Incident] 4711", 0, ""},
		{"an empty subject", "", 0, ""},
		{"only prefixes", "RE: RE: RE:", 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tag, ok := g.parse(tt.subject)
			if ok != (tt.number != 0) || tag.Number != tt.number || tag.Rest != tt.rest {
				t.Errorf("parse(%q) = %+v, %v; want number %d, rest %q", tt.subject, tag, ok, tt.number, tt.rest)
			}
		})
	}
}

func TestTheFirstPrefixTellsWhetherAMessageIsForwarded(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]bool{
		"Weitergeleitet: [Incident] 4711": true,
		"***SPAM*** FW: printer":          true,
		"[EXTERNAL] TR : RE: printer":     true,
		"RE: FW: printer":                 false,
		"Abwesenheitsnotiz: FW: printer":  false,
		"Undeliverable: FW: printer":      false,
		"*FW: printer":                    false,
	} {
		if got := isForward(subject); got != want {
			t.Errorf("isForward(%q) = %v, want %v", subject, got, want)
		}
	}
}

func TestSubjectIsParsedInLinearTime(t *testing.T) { // not parallel: it counts allocations
	g := newSubjectGrammar(nil, []string{"IT"})
	for _, unit := range []string{"RE: ", "[EXTERNAL] ", "[", "RE[", "[Incident] ", "Ｒ：", "Automatic reply: ", "*EXT* ", "*", "* "} {
		short, long := strings.Repeat(unit, 500), strings.Repeat(unit, 5000)
		few := testing.AllocsPerRun(3, func() { g.parse(short) })
		many := testing.AllocsPerRun(3, func() { g.parse(long) })
		if many > 20*few+100 {
			t.Errorf("%q: ten times the length takes %v allocations instead of %v", unit, many, few)
		}
	}
}

func FuzzSubject(f *testing.F) {
	for _, s := range []string{"[Incident] 4711", "RE: [Note] IT Montreal #4711 - printer", "[Demande de service Octopus] 4711", "Re[2]: [EXTERNAL] [x"} {
		f.Add(s)
	}
	g := newSubjectGrammar(nil, []string{"IT Montreal"})
	f.Fuzz(func(t *testing.T, subject string) {
		tag, ok := g.parse(subject)
		if !ok {
			return
		}
		if tag.Number <= 0 || tag.Number > 999999999999999999 || tag.Type == "" {
			t.Errorf("parse(%q) = %+v", subject, tag)
		}
		if again, ok := g.parse("RE: " + subject); !ok || again != tag {
			t.Errorf("an answer to %q has the tag %+v, want %+v", subject, again, tag)
		}
	})
}
