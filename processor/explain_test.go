package processor

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestExplainWritesTheJSONThatProgramsRead compares the JSON octet by octet, because programs rely on it.
func TestExplainWritesTheJSONThatProgramsRead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		mail     string // file
		decision func(m *Message) Decision
	}{
		{"everything", "testdata/explain/full.eml", func(m *Message) Decision {
			return OpenRequest{
				Reason: NewReason(ReasonNewMail, "no request is named"), Kind: Incident, Subject: m.Subject,
				Requester: User{ID: 1, Logon: "alee", Name: "Ann Lee"}, User: User{ID: 1, Logon: "alee"}, Site: Ref{1, "Montreal"},
				Source: Ref{1, "Email"}, Priority: Ref{1, "Normal"}, Group: Ref{1, "Desk"}, Assignee: User{ID: 2, Logon: "bruno"}, LinkedTo: 4711,
				Attachments: m.Attachments, AttachRaw: true,
			}
		}},
		{"nothing", "testdata/explain/empty.eml", func(m *Message) Decision {
			return Ignore{NewReason(ReasonAutomatic, "nothing")}
		}},
		{"an activity", "testdata/explain/empty.eml", func(m *Message) Decision {
			return AddActivity{Reason: NewReason(ReasonSubject, "subject names incident 4711"), Request: 4711, Kind: Incident, Author: User{Name: "x"}, Reopen: true, Flagged: true}
		}},
		{"a refusal", "testdata/explain/empty.eml", func(m *Message) Decision { return Refuse{Reason: NewReason(ReasonNoNewRequests, "no")} }},
		{"set aside", "testdata/explain/empty.eml", func(m *Message) Decision { return SetAside{NewReason(ReasonPanic, "no")} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			octets := readFile(t, tt.mail)
			m := Parse(bytes.NewReader(octets), int64(len(octets)))
			file := "testdata/explain/" + strings.ReplaceAll(tt.name, " ", "-") + ".json"
			checkExplanation(t, file, m, octets, tt.decision(m))
		})
	}
}

func TestExplainReturnsAnErrorWhenTheMessageCannotBeReadAgain(t *testing.T) {
	t.Parallel()
	octets := readFile(t, "testdata/explain/full.eml")
	m := Parse(bytes.NewReader(octets), int64(len(octets)))
	if _, err := Explain(m, failingReader{bytes.NewReader(octets), 10}, Ignore{}); !errors.Is(err, errDisk) {
		t.Errorf("got %v, want %v", err, errDisk)
	}
}

func TestExplainWritesEmptyArraysAndNoNull(t *testing.T) {
	t.Parallel()
	var d desk
	for _, octets := range []string{"", "\n", "From: a@example.com\n\nx", "To: b@example.com\n\n"} {
		m := parseString(octets)
		e, err := Explain(m, strings.NewReader(octets), Policy{Rules: Rules{Processor: EndUserIncident}}.Decide(m, d, time.Time{}))
		b, jsonErr := json.Marshal(e)
		if err != nil || jsonErr != nil || strings.Contains(string(b), "null") {
			t.Errorf("%q: %s (%v, %v)", octets, b, err, jsonErr)
		}
	}
}
