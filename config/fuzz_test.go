package config

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// FuzzMailbox reads arbitrary octets as a mailbox file. The loader never panics, and either accepts the file or reports
// a mistake.
func FuzzMailbox(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*/*.xml")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, read := readMailbox("fuzz.xml", data, nil)
		for _, mistake := range read.mistakes {
			if mistake.Line < 1 || mistake.Column < 1 || mistake.Text == "" || strings.ContainsAny(mistake.String(), "\n\r\x00") {
				t.Errorf("%#v is not one line with a place", mistake)
			}
		}
		isComplete := m.ServerName != "" && m.UserName != "" && m.Processor != "" && m.Port != 0
		if len(read.mistakes) == 0 && (!isComplete || m.Schedule.Next(m.Schedule.Next(testTime)).Before(testTime)) {
			t.Errorf("accepted although incomplete: %+v", m)
		}
		readService("fuzz.xml", data, nil)
	})
}

// FuzzSecret puts a password between arbitrary octets within <Password>. No mistake may show the password.
func FuzzSecret(f *testing.F) {
	for _, around := range [][2]string{
		{"", ""}, {"&", ";"}, {"<", ">"}, {"<x ", "='"}, {"</", ">"}, {"<Port>", "</Port>"}, {"<?", "?>"}, {"<![CDATA[", ""},
		{"a<Server>", "</Server>"}, {"\n", "\n"}, {"<!", ">"}, {"<UnknownTag>", "</UnknownTag>"}, {"</>", ""}, {"<a><b><Name>", "</c></a>"},
		{"<TrustedCertificate>", "</TrustedCertificate>"}, {"<a:", " />"}, {"<PasswordFile>", ""}, {"\x00", "\xff"}, {"<Enabled ", "/>"},
	} {
		f.Add(around[0], around[1])
	}
	f.Fuzz(checkSecret)
}

// TestNoTornMarkupShowsASecret does what FuzzSecret does, with pieces of markup in random order.
func TestNoTornMarkupShowsASecret(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"<", ">", "</", "/>", "&", ";", "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "<!", "=", "'", "\"", ":", " ", "\n", "x", "é",
		"<Port>", "</Port>", "<Name>", "</Name>", "<Server>", "</Server>", "<Schedule>", "<TrustedCertificate>", "<PasswordFile>",
		"<Password>", "<Database>", "</MailIntegration>", "<MailIntegration>", "<x>", "</x>", "<X/>", "<Pasword>", "<GatewayTypeName a='",
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		var around [2]string
		for i := range around {
			for range rnd.IntN(7) {
				around[i] += pieces[rnd.IntN(len(pieces))]
			}
		}
		checkSecret(t, around[0], around[1])
	}
}

// checkSecret reads a mailbox file whose secret tag contains a marker between before and after. No mistake or warning
// may contain the marker.
func checkSecret(t *testing.T, before, after string) {
	const marker = "qzxhunterxzq"
	opening := strings.ToLower(before)
	for _, tag := range []string{"Password", "password", "Pasword", "PasswordFile", "Database"} {
		if strings.Contains(opening, "</"+strings.ToLower(tag)) || strings.Contains(opening, "</password") || strings.Contains(opening, marker) {
			continue // the tag is closed before the marker, so the marker is not part of the secret
		}
		text := minimal("<" + tag + ">" + before + marker + after + "</" + tag + ">")
		_, read := readMailbox("fuzz.xml", []byte(text), nil)
		for _, m := range append(read.mistakes, asMistakes(read.warnings)...) {
			if strings.Contains(strings.ToLower(m.String()), marker) {
				t.Errorf("%q shows the secret of %q", m.String(), text)
			}
		}
	}
}

func asMistakes(warnings []Warning) []Mistake {
	var mistakes []Mistake
	for _, w := range warnings {
		mistakes = append(mistakes, w.Mistake)
	}
	return mistakes
}

var testTime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
