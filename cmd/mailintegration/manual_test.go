package main

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"testing"

	"mailintegration/cmd/mailintegration/manual"
	"mailintegration/config"
)

var updateDocuments = flag.Bool("update", false, "rewrite the manual pages and the documentation of the log")

// TestTheManualIsCurrent compares the manual pages with those that the command line and the tags of the configuration yield.
// Do not compare them by hand: make generate rewrites them.
func TestTheManualIsCurrent(t *testing.T) {
	t.Parallel()
	changelog, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	date := regexp.MustCompile(`(?m)^## \[[\d.]+\] - (.*)$`).FindSubmatch(changelog)
	if date == nil {
		t.Fatal("CHANGELOG.md has no release")
	}
	parser, err := newParser(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	tags, err := config.Manual(version, string(date[1]))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]byte{
		"../../deploy/man/mailintegration.1":     manual.Write(manual.Options{Program: parser.Model.Node, Version: version, Date: string(date[1])}),
		"../../deploy/man/mailintegration.xml.5": tags,
	} {
		if *updateDocuments {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not current: run make generate (%v)", path, err)
		}
	}
}
