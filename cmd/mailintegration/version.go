package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"
)

// version is the version of the next or current release; a release sets it together with the heading in CHANGELOG.md.
// The Makefile reads this line to name the archives of make package.
const version = "0.1.0"

type versionCmd struct{}

// Run prints the version, the revision that the program was built from where the build knows it, and the platform.
func (versionCmd) Run(e *env) error { return printVersion(e.stdout) }

// versionFlag is the flag --version, which is asked for more often than the verb.
type versionFlag bool

// BeforeReset prints the version and ends the program, whatever else is on the command line. kong calls it.
func (versionFlag) BeforeReset(app *kong.Kong) error {
	err := printVersion(app.Stdout)
	if err == nil {
		app.Exit(exitDone)
	}
	return err
}

func printVersion(to io.Writer) error {
	built := runtime.Version()
	if info, ok := debug.ReadBuildInfo(); ok {
		built = revision(info.Settings) + built
	}
	_, err := fmt.Fprintf(to, "mailintegration %s (%s, %s/%s)\n", version, built, runtime.GOOS, runtime.GOARCH)
	return err
}

// builtFrom returns the revision that the program was built from, "" if the build does not know it.
func builtFrom() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return strings.TrimSuffix(strings.TrimPrefix(revision(info.Settings), "revision "), ", ")
	}
	return ""
}

// revision returns "revision 5c47bf3bb7a1, " from a build's settings, with "modified" when files were not committed; it
// returns "" for a build outside of a repository.
func revision(settings []debug.BuildSetting) string {
	const short = 12
	var id, state string
	for _, s := range settings {
		switch {
		case s.Key == "vcs.revision":
			id = s.Value[:min(len(s.Value), short)]
		case s.Key == "vcs.modified" && s.Value == "true":
			state = " modified"
		}
	}
	if id == "" {
		return ""
	}
	return "revision " + id + state + ", "
}
