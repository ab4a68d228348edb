package main

import (
	"os"
	"regexp"
	"runtime/debug"
	"testing"
)

func TestVersionNamesTheRevision(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		settings []debug.BuildSetting
		want     string
	}{
		{"outside of a repository", []debug.BuildSetting{{Key: "GOOS", Value: "linux"}}, ""},
		{"everything is committed", []debug.BuildSetting{
			{Key: "vcs.revision", Value: "5c47bf3bb7a144d79a0fd6669adb0efdc432e4a2"}, {Key: "vcs.modified", Value: "false"},
		}, "revision 5c47bf3bb7a1, "},
		{"a file was changed", []debug.BuildSetting{
			{Key: "vcs.revision", Value: "5c47bf3bb7a144d79a0fd6669adb0efdc432e4a2"}, {Key: "vcs.modified", Value: "true"},
		}, "revision 5c47bf3bb7a1 modified, "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := revision(test.settings); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// TestTheChangelogHasTheVersion compares the version with the newest release in CHANGELOG.md.
func TestTheChangelogHasTheVersion(t *testing.T) {
	t.Parallel()
	changelog, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	newest := regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$`).FindSubmatch(changelog)
	if newest == nil || string(newest[1]) != version {
		t.Errorf("the newest release in CHANGELOG.md is %q, version.go has %s", newest, version)
	}
}
