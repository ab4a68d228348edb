package template

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"mailintegration/processor"
)

// TestEachKindHasAShippedTextInEachLanguage also finds a file that has no kind or no language.
func TestEachKindHasAShippedTextInEachLanguage(t *testing.T) {
	t.Parallel()
	for _, kind := range processor.ReplyKinds {
		for _, language := range Languages() {
			text, ok := Shipped(kind, language)
			if !ok {
				t.Errorf("%s has no text in %s", kind, language)
				continue
			}
			if err := Check(kind, text); err != nil {
				t.Errorf("%s in %s: %v", kind, language, err)
			}
		}
	}
	if n, want := len(shipped()), len(processor.ReplyKinds)*len(Languages()); n != want {
		t.Errorf("%d texts are shipped, want %d", n, want)
	}
	if names, err := fs.Glob(files, "texts/*.txt"); err != nil || len(names) != len(shipped()) {
		t.Errorf("files %v, %v", names, err)
	}
}

// TestTheSubjectOfEachShippedTextNamesItsRequest reads each subject, and an answer to it, with the grammar of processor.
func TestTheSubjectOfEachShippedTextNamesItsRequest(t *testing.T) {
	t.Parallel()
	policy := processor.NewPolicy(processor.Rules{Processor: processor.EndUserIncident}, processor.References{Team: processor.Ref{ID: 1, Name: "IT Montréal"}})
	for _, kind := range processor.ReplyKinds {
		for _, language := range Languages() {
			for _, requestKind := range []processor.RequestKind{processor.Incident, processor.ServiceRequest, processor.Event} {
				for _, about := range []string{"Printer", "3 printers", "#5", "4712", "[Incident] 12", ""} {
					data := Sample(kind)
					data.Team, data.Subject = "IT Montréal", about
					if kind != processor.ReplyDenied {
						data.Kind = requestKind
					}
					subject, _, err := Compose(kind, language, Text{}, data)
					if err != nil {
						t.Fatal(err)
					}
					want := fmt.Sprint([]int64{4711})
					if kind == processor.ReplyDenied {
						want = fmt.Sprint([]int64(nil)) // a refusal is about no request
					}
					for _, prefix := range []string{"", "Re: ", "RÉF : ", "AW: [EXTERNAL] "} {
						if got := fmt.Sprint(policy.Keys(&processor.Message{Subject: prefix + subject}).Numbers); got != want {
							t.Errorf("%s in %s: %q names %s, want %s", kind, language, prefix+subject, got, want)
						}
					}
				}
			}
		}
	}
}

func TestShippedTextsReadWellWithAndWithoutTheirFields(t *testing.T) {
	t.Parallel()
	for _, kind := range processor.ReplyKinds {
		for _, language := range Languages() {
			bare := Data{Number: 4711, Kind: processor.Incident, Team: "IT", Group: "Network"}
			for _, data := range []Data{Sample(kind), bare} {
				subject, body, err := Compose(kind, language, Text{}, data)
				if err != nil {
					t.Fatal(err)
				}
				for _, odd := range []string{"<no value>", "{{", "  ", " ,", " .\n", "\n\n\n\n", " \n"} {
					if strings.Contains(subject+"\n"+body, odd) {
						t.Errorf("%s in %s has %q:\n%s\n\n%s", kind, language, odd, subject, body)
					}
				}
			}
		}
	}
}

func TestALanguageWithoutATextGetsTheEnglishOne(t *testing.T) {
	t.Parallel()
	_, english, _ := Compose(processor.ReplyClosed, "en", Text{}, Sample(processor.ReplyClosed))
	for _, language := range []string{"", "de"} {
		if _, body, err := Compose(processor.ReplyClosed, language, Text{}, Sample(processor.ReplyClosed)); body != english || err != nil {
			t.Errorf("%q: %s (%v)", language, body, err)
		}
	}
}

func TestATextOfTheTeamTakesThePlaceOfTheShippedOne(t *testing.T) {
	t.Parallel()
	own := Text{Subject: "{{.Tag}} received", Body: "Thank you{{if .Name}}, {{.Name}}{{end}}.\r\n{{if eq .Kind \"incident\"}}Soon.{{else}}Later.{{end}}"}
	subject, body, err := Compose(processor.ReplyAcknowledgement, "en", own, Sample(processor.ReplyAcknowledgement))
	if subject != "[Incident] IT Montreal #4711 received" || body != "Thank you, Anna Tremblay.\nSoon.\n" || err != nil {
		t.Errorf("%q, %q, %v", subject, body, err)
	}
}

// A text may have become wrong since it was checked, because the database was edited or the program is older.
func TestATextOfTheTeamThatFailsGivesWayToTheShippedOne(t *testing.T) {
	t.Parallel()
	wantSubject, wantBody, _ := Compose(processor.ReplyDenied, "fr", Text{}, Sample(processor.ReplyDenied))
	for _, own := range []Text{{"{{.Gone}}", "x"}, {"x", "{{.Name"}, {"{{if .Number}}x{{end}}", "x"}, {"x", `{{if eq .Number 1}}x{{end}}`}} {
		subject, body, err := Compose(processor.ReplyDenied, "fr", own, Sample(processor.ReplyDenied))
		if subject != wantSubject || body != wantBody {
			t.Errorf("%v: %q, %q", own, subject, body)
		}
		if err == nil || !strings.Contains(err.Error(), "the team's text for denied in the language fr cannot be used") {
			t.Errorf("%v: error %v", own, err)
		}
	}
}

func TestNothingInTheFieldsBreaksTheHeaderSection(t *testing.T) {
	t.Parallel()
	for _, evil := range []string{"a\r\nBcc: all@example.com\r\n\r\nbody", "a\nb", "a\rb", "a\x00b", "a\u2028b", "a\u0085b", "a\v\fb", "\u202ea", strings.Repeat("long ", 100_000)} {
		d := Data{Name: evil, Subject: evil, Team: evil, TeamAddress: evil, Group: evil, Text: evil, Number: 1, Kind: processor.Event}
		for _, text := range []Text{{}, {"{{.Name}} {{.Subject}} {{.Team}} {{.TeamAddress}} {{.Group}} {{.Text}}", "{{.Text}}"}, {"a\r\nBcc: {{.Name}}", "x"}} {
			subject, body, _ := Compose(processor.ReplyNewEvent, "en", text, d)
			if strings.ContainsAny(subject, "\r\n\x00\v\f\u0085\u2028\u202e") || len([]rune(subject)) > maxSubject {
				t.Errorf("subject %q", subject)
			}
			if strings.ContainsAny(body, "\r\x00") || len(body) > maxBody {
				t.Errorf("body of %d octets, %q…", len(body), body[:100])
			}
		}
	}
}

func TestEachMistakeOfATextIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, subject, body, want string }{
		{"an unknown field", "{{.Tag}}", "one\ntwo {{.Requester}}", "body, line 2: there is no field .Requester: use one of Name, Subject, Number"},
		{"an unknown field where the sample does not come", "{{.Tag}}", "{{if .Name}}x{{else}}\n\n{{.Who}}{{end}}", "body, line 3: there is no field .Who"},
		{"an unknown field of the subject", "{{.Tag}} {{.Nummer}}", "x", "subject: there is no field .Nummer"},
		{"an action that is not closed", "{{.Tag}}", "one\n{{.Name", "body, line 2: "},
		{"an if without an end", "{{.Tag}}", "one\n{{if .Name}}", "body, line 2: unexpected EOF"},
		{"a subject of two lines", "{{.Tag}}\nBcc: all@example.com", "x", "the subject has more than one line"},
		{"an empty subject", " ", "x", "the subject is empty"},
		{"an empty body", "{{.Tag}}", "\n", "the body is empty"},
		{"a subject without the number", "Thank you", "x", "the subject does not begin with {{.Tag}}"},
		{"a loop", "{{.Tag}}", "{{range 1000000000}}x{{end}}", "body, line 1: {{range"},
		{"a function that makes a text long", "{{.Tag}}", `{{printf "%1000000000d" 1}}`, "the function printf is not possible"},
		{"a function behind a bar", "{{.Tag}}", `{{.Name | html}}`, "the function html is not possible"},
		{"a variable", "{{.Tag}}", `{{$x := .Name}}{{$x}}`, "variables are not possible"},
		{"a variable that is the data", "{{.Tag}}", `{{$.Name}}`, "is not possible"},
		{"all the data", "{{.Tag}}", `{{.}}`, "is not possible"},
		{"with", "{{.Tag}}", `{{with .Name}}{{.Secret}}{{end}}`, "is not possible"},
		{"a text that calls itself", "{{.Tag}}", `{{define "x"}}{{template "x"}}{{end}}{{template "x"}}`, "define and block are not possible"},
		{"a comparison that cannot be", "{{.Tag}}", "{{if eq .Number 4711}}x{{end}}", "body, line 1: "},
		{"a field of a field", "{{.Tag}}", "{{.Name.Secret}}", "there is no field .Name.Secret"},
		{"a long text", "{{.Tag}}", strings.Repeat("x", maxBody+1), "the body is longer than 65536 octets"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := Check(processor.ReplyClosed, Text{tc.subject, tc.body})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %s", err, tc.want)
			}
		})
	}
	if err := Check("other", Text{"x", "x"}); err == nil || !strings.Contains(err.Error(), "denied, acknowledgement, closed, new_event") {
		t.Errorf("an unknown kind: %v", err)
	}
	two := Check(processor.ReplyDenied, Text{"{{.A}}", "{{.B}}\n{{.C}}"})
	if two == nil || strings.Count(two.Error(), "\n") != 2 {
		t.Errorf("not all mistakes are named: %v", two)
	}
}

func TestEachFieldIsDescribedForPeopleWhoWriteTexts(t *testing.T) {
	t.Parallel()
	var described []string
	for _, f := range FieldList() {
		described = append(described, f.Name)
	}
	if got, want := fmt.Sprint(described), fmt.Sprint(fieldNames()); got != want {
		t.Errorf("described are %s, the fields are %s", got, want)
	}
}

func TestAFileOfATextIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, file, want, mistake string }{
		{"as it is written", "Subject: {{.Tag}} - x\n\nHello,\n\nbye\n", "Subject: {{.Tag}} - x\n\nHello,\n\nbye\n", ""},
		{"as Windows writes it", "\uFEFFSUBJECT:x\r\n\r\nHello\r\n\r\n", "Subject: x\n\nHello\n", ""},
		{"without a subject", "Hello\n", "", `line 1: the file must begin with a line "Subject: …"`},
		{"with a second line of the subject", "Subject: x\nBcc: all@example.com\n\nHello", "", "line 2: an empty line must follow the subject"},
		{"empty", "", "", "line 1: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			text, err := ParseFile(tc.file)
			if tc.mistake != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tc.mistake) {
					t.Errorf("error %v, want %s", err, tc.mistake)
				}
				return
			}
			if got := text.File(); got != tc.want || err != nil {
				t.Errorf("%q, %v; want %q", got, err, tc.want)
			}
		})
	}
}

func TestALanguageIsKeptAsItsPrimarySubtag(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{"": "", " ": "", "fr": "fr", "FR-ca": "fr", "en_US": "en", "french": "", "f": "", "12": "", "-": ""} {
		got, err := CleanLanguage(typed)
		isValid := want != "" || strings.TrimSpace(typed) == ""
		if got != want || isValid != (err == nil) {
			t.Errorf("%q: %q, %v", typed, got, err)
		}
	}
}
