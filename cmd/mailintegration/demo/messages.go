package demo

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"strings"
	"text/template"
	"time"
)

//go:embed messages/*.eml
var samples embed.FS

// Sample is one sample message. Its octets are a template, since an answer names the number of a request.
type Sample struct {
	Name string // "03-answer-by-subject"
	From string // reverse-path
	To   string // user of the maildrop

	octets []byte
}

// Samples returns the sample messages in the order of sending.
func Samples() ([]Sample, error) {
	files, err := samples.ReadDir("messages")
	if err != nil {
		return nil, err
	}
	var all []Sample
	for _, f := range files {
		octets, err := samples.ReadFile(path.Join("messages", f.Name()))
		if err != nil {
			return nil, err
		}
		s := Sample{Name: strings.TrimSuffix(f.Name(), ".eml"), From: "sender@acme.example", To: "servicedesk", octets: octets}
		if strings.HasPrefix(s.Name, "2") {
			s.To = "monitoring"
		}
		all = append(all, s)
	}
	return all, nil
}

// Octets returns the message with the date now. If it is an answer by subject, it names the request with the number printer.
func (s Sample) Octets(now time.Time, printer int64) ([]byte, error) {
	t, err := template.New(s.Name).Parse(string(s.octets))
	if err != nil {
		return nil, fmt.Errorf("sample %s: %w", s.Name, err)
	}
	var b bytes.Buffer
	data := map[string]any{"Date": now.Format(time.RFC1123Z), "Printer": printer}
	if err := t.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("sample %s: %w", s.Name, err)
	}
	return b.Bytes(), nil
}
