package main

import (
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
