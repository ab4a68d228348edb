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
		{"the name of a list is skipped", "[helpdesk-list] Re: [Incident] 4711", 4711, ""},
		{"a list's name after the prefix is skipped", "Re: [IT-Help] [Incident] 4711", 4711, ""},
		{"a mark with a colon within is skipped", "[CAUTION: EXTERNAL] Re: [Incident] 4711", 4711, ""},
		{"a mark with a colon behind is skipped", "[EXTERNAL SENDER]: Re: [Incident] 4711", 4711, ""},
		{"a mark with a dash behind is skipped", "[Externe] - RE : [Incident] 4711", 4711, ""},
		{"a mark in round brackets is skipped", "AW: (EXTERN) [Incident] 4711", 4711, ""},
		{"a mark in braces is skipped", "{Spam? 6.2} Re: [Incident] 4711", 4711, ""},
		{"a mark in angle brackets is skipped", "<External> Re: [Incident] 4711", 4711, ""},
		{"a mark in CJK brackets is skipped", "回复：【外部邮件】 [Incident] 4711", 4711, ""},
		{"a mark in brackets of full width is skipped", "（社外） Re: [Incident] 4711", 4711, ""},
		{"a mark in brackets that hardly anybody knows is skipped", "⁅EXT⁆ 〔社外〕 «Внешнее» Re: [Incident] 4711", 4711, ""},
		{"a mark with brackets within is skipped", "[EXT [mail]] Re: [Incident] 4711", 4711, ""},
		{"several marks are skipped", "[EXT] (list) {3} Re: 【x】 [Incident] 4711", 4711, ""},
		{"a score in asterisks is skipped", "***SPAM 7.5*** Re: [Incident] 4711", 4711, ""},
		{"words of a gateway before a colon are skipped", "EXTERNAL EMAIL: Re: [Incident] 4711", 4711, ""},
		{"words of a gateway before a prefix are skipped", "EXTERN AW: [Incident] 4711", 4711, ""},
		{"words of a gateway between signs are skipped", "⚠️ External sender ⚠️ [Incident] 4711", 4711, ""},
		{"an emoji of several characters is skipped", "Re: 👩🏽‍💻 [Incident] 4711", 4711, ""},
		{"an emoji that is punctuation is skipped", "‼️ [Incident] 4711", 4711, ""},
		{"characters that cannot be seen are skipped anywhere", "\u200eRe:\u200b [\u00adIncident]\u2060 #\u200f4711\u2069 - x", 4711, "x"},
		{"a prefix of several words is skipped", "Meeting Forward Notification: [Incident] 4711", 4711, ""},
		{"a prefix that combines words of calendars is skipped", "Notification: Updated meeting invitation (declined): [Incident] 4711", 4711, ""},
		{"a prefix that combines words of calendars in German is skipped", "Aktualisierte Einladung zur Besprechung: [Incident] 4711", 4711, ""},
		{"a prefix with parentheses is skipped", "Absent(e) du bureau : [Incident] 4711", 4711, ""},
		{"a prefix with hyphens is skipped", "Out-of-Office: [Incident] 4711", 4711, ""},
		{"a known prefix may be longer than any word", "Vidarebefordrat: [Incident] 4711", 4711, ""},
		{"a prefix that lost its accents is skipped", "Odpoved automaticka: Automaticka odpoved: [Incident] 4711", 0, ""},
		{"a known prefix that lost its accents is skipped", "Automaticka odpoved: [Incident] 4711", 4711, ""},
		{"a Turkish prefix in capitals is skipped", "OTOMATİK YANIT: İLT: YNT: [Incident] 4711", 4711, ""},
		{"a prefix in letters of full width is skipped", "ＲＥ： [Incident] 4711", 4711, ""},
		{"two prefixes may share a colon", "Out of Office Re: [Incident] 4711", 4711, ""},
		{"the team's name may stand in the tag", "[Incident IT] 4711", 4711, ""},
		{"the team's name may stand in the tag behind a dash", "[Incident - IT Montreal] 4711", 4711, ""},
		{"program and team may stand in the tag", "[Work Order Octopus – IT] 4711", 4711, ""},
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
		{"a percentage", "[Event] 95% of the disk is full", 0, ""},
		{"an amount of money", "[Request] 20€ for paper", 0, ""},
		{"a product", "[Request] 3× toner", 0, ""},
		{"an ordinal", "[Incident] 3rd floor", 0, ""},
		{"words of calendars in two languages", "Einladung updated: [Incident] 4711", 0, ""},
		{"words of calendars without a prefix among them", "New request: [Incident] 4711", 0, ""},
		{"a person's words before a colon", "Mail error: [Incident] 4711", 0, ""},
		{"more prefixes than any chain of programs writes", strings.Repeat("RE: ", 61) + "[Incident] 4711", 0, ""},
		{"an unknown name in the tag", "[Incident - HR] 4711", 0, ""},
		{"a name that the tag's word only ends with", "[IncidentIT] 4711", 0, ""},
		{"the name alone in the tag", "[IT] 4711", 0, ""},
		{"a mark and no tag", "[CAUTION: EXTERNAL] 4711 is my extension", 0, ""},
		{"the name of a list and a number", "Re: [list] 12 things to do", 0, ""},
		{"words of a gateway that begin a sentence", "External mail does not reach [Incident] 4711", 0, ""},
		{"a bracket that is not closed", "(External Re: [Incident] 4711", 0, ""},
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

func TestANumberThatCountsThingsInNewMailNamesNoRequest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, header, subject string
		number                int64 // 0 for none
	}{
		{"a small number and a word", "", "[Incident] 3 printers down", 0},
		{"a number of two digits and a word", "", "[Request] 20 chairs", 0},
		{"a year and a word", "", "[Event] 2025 annual meeting", 0},
		{"a word in another script", "", "[Incident] 3 台打印机", 0},
		{"a word that begins with a digit", "", "[Task] 2 4K screens", 0},
		{"a small number and a unit", "", "[Event] 95 % full", 0},
		{"a forward of new mail", "", "FW: [Incident] 3 printers down", 0},
		{"a mark before it", "", "[EXT] [Incident] 3 printers down", 0},
		{"a number alone", "", "[Incident] 7", 7},
		{"a number sign", "", "[Incident] #3 still broken", 3},
		{"a colon", "", "[Incident] 12: printer", 12},
		{"a dash", "", "[Incident] 9 – printer", 9},
		{"a parenthesis", "", "[Incident] 9 (urgent)", 9},
		{"three digits", "", "[Incident] 401 My reply", 401},
		{"four digits that are no year", "", "[Incident] 4711 printer", 4711},
		{"the prefix of an answer", "", "RE: [Incident] 3 printers down", 3},
		{"the prefix of an absence note", "", "Automatic reply: [Incident] 3 printers down", 3},
		{"In-Reply-To", "In-Reply-To: <a@b>\n", "[Incident] 3 printers down", 3},
		{"References", "References: <a@b>\n", "[Incident] 3 printers down", 3},
		{"an automatic answer", "Auto-Submitted: auto-replied\n", "[Incident] 3 printers down", 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := parseString("From: ann@example.com\n" + tt.header + "Subject: " + tt.subject + "\n\nbody\n")
			tag, ok := newSubjectGrammar(nil, nil).named(m, m.Subject)
			if tag.Number != tt.number || ok != (tt.number != 0) {
				t.Errorf("%q names %d, %v; want %d", tt.subject, tag.Number, ok, tt.number)
			}
		})
	}
}

func TestWhatStandsBeforeOurSubjectInAnAutomaticAnswerNeedsNotBeKnown(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]int64{
		"Auto-Submitted: auto-replied\nSubject: Words that nobody knows: Re: [Incident] 4711\n": 4711,
		"Subject: Words that nobody knows: Re: [Incident] 4711\n":                               0,
		"Auto-Submitted: auto-replied\nSubject: Thank you for [Incident] 4711\n":                0,
	} {
		m := parseString("From: ann@example.com\n" + header + "\nbody\n")
		if tag, _ := newSubjectGrammar(nil, nil).named(m, m.Subject); tag.Number != want {
			t.Errorf("%q names %d, want %d", header, tag.Number, want)
		}
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
		"[list] (EXT) Fwd: printer":       true,
		"转发: printer":                     true,
		"Továbbítás: nyomtató":            true,
		"VS: printer":                     false, // an answer in Finnish
	} {
		if got := isForward(subject); got != want {
			t.Errorf("isForward(%q) = %v, want %v", subject, got, want)
		}
	}
}

func TestThePrefixWithTwoMeaningsIsReadByTheMailBelowIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"Se nedenfor.\n\nFra: Bo\nSendt: mandag\nTil: Ann\nEmne: printer\n": true,
		"Kiitos.\n\nLähettäjä: Bo\nLähetetty: maanantai\n":                  false,
		"Nothing is shown.\n": false,
	} {
		if got := isForwarded(&Message{Subject: "VS: printer", Text: text}); got != want {
			t.Errorf("%q: isForwarded = %v, want %v", text, got, want)
		}
	}
}

func TestSubjectIsParsedInLinearTime(t *testing.T) { // not parallel: it counts allocations
	g := newSubjectGrammar(nil, []string{"IT"})
	for _, unit := range []string{"RE: ", "[EXTERNAL] ", "[", "RE[", "[Incident] ", "Ｒ：", "Automatic reply: ", "*EXT* ", "*", "* ", "(", "([", "⚠", "EXT ", "a: b: ", "Absence 2: ", "【x】"} {
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
