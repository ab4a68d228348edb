package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// markupComments matches the comments of a file.
var markupComments = regexp.MustCompile(`(?s)<!--.*?-->`)

// TestEverySampleGoesThroughConfigEditWithoutLosingAComment changes, adds and removes settings of each sample file, those of the
// packages and those of the original.
func TestEverySampleGoesThroughConfigEditWithoutLosingAComment(t *testing.T) {
	t.Parallel()
	var samples []string
	for _, pattern := range []string{
		"deploy/samples/*.xml", "deploy/samples/mailboxes/*.xml", "deploy/packages/*.xml", "deploy/windows/mailintegration.xml", "config/testdata/original/*.xml",
	} {
		found, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %d files", pattern, err, len(found))
		}
		samples = append(samples, found...)
	}
	for _, sample := range samples {
		octets, err := os.ReadFile(sample)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimPrefix(sample, "../../"), func(t *testing.T) {
			t.Parallel()
			if bytes.Contains(octets, []byte("<MailIntegrationService>")) {
				editSample(t, octets, "", "LogLevel=debug", "Smtp/ServerName=smtp.acme.example")
				return
			}
			editSample(t, octets, "sample", "Schedule=7m", "MaxMessageSize=7MB", "Smtp/ServerName=smtp.acme.example")
		})
	}
}

// editSample changes a sample.
func editSample(t *testing.T, octets []byte, name string, settings ...string) {
	t.Helper()
	service := filepath.Join(t.TempDir(), "mailintegration.xml")
	path, arguments := service, []string{"--config", service, "config", "edit", "--no-test"}
	if name != "" {
		path = filepath.Join(filepath.Dir(service), "mailboxes", name+".xml")
		arguments = append(arguments, name)
		writeFile(t, service, []byte("<MailIntegrationService><Login>a</Login><Team>b</Team></MailIntegrationService>"))
	}
	writeFile(t, path, octets)
	edit := func(flags ...string) []byte {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(t.Context(), append(slices.Clone(arguments), flags...), strings.NewReader(""), &out, &errs); code != exitDone {
			t.Fatalf("%v: exit code %d\n%s%s", flags, code, &out, &errs)
		}
		now, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return now
	}
	var set []string
	for _, s := range settings {
		set = append(set, "--set", s)
	}
	changed := edit(set...)
	for _, s := range settings {
		tag, value, _ := strings.Cut(s[strings.IndexByte(s, '/')+1:], "=")
		if !bytes.Contains(changed, []byte("<"+tag+">"+value+"</")) {
			t.Errorf("%s is not in\n%s", s, changed)
		}
	}
	want := markupComments.FindAllString(string(octets), -1)
	if got := markupComments.FindAllString(string(changed), -1); !slices.Equal(want, got) {
		t.Errorf("the comments are %q, not %q", got, want)
	}
	isOurs := func(line string) bool {
		return slices.ContainsFunc(settings, func(s string) bool {
			tag, _, _ := strings.Cut(s[strings.IndexByte(s, '/')+1:], "=")
			return strings.Contains(line, "<"+tag+">")
		}) || strings.Contains(line, "Smtp>")
	}
	rest := func(octets []byte) []string {
		return slices.DeleteFunc(strings.SplitAfter(string(markupComments.ReplaceAll(octets, nil)), "\n"), isOurs)
	}
	if !slices.Equal(rest(octets), rest(changed)) {
		t.Errorf("other lines have changed:\n%s", changed)
	}
}

// writeFile writes a file and makes its folder.
func writeFile(t *testing.T, path string, octets []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, octets, 0o600); err != nil {
		t.Fatal(err)
	}
}
