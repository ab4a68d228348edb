package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/daemon"
)

// wantProblems fails the test unless the daemon knows these problems: "file mailbox polled: a part of its only mistake".
func (r *reloaded) wantProblems(want ...string) {
	r.Helper()
	var got []string
	for _, p := range r.problems {
		polled := map[bool]string{true: "polled", false: "not polled"}[p.Polled]
		got = append(got, strings.TrimSpace(filepath.Base(p.File)+" "+p.Mailbox)+" "+polled+": "+strings.Join(p.Mistakes, "; "))
		if bytes.Contains(p.XML, []byte("secret-of-")) || strings.Contains(strings.Join(p.Mistakes, ""), "secret-of-") {
			r.Errorf("a secret is in %+v", p)
		}
	}
	if len(got) != len(want) {
		r.Fatalf("the daemon knows %q, want %q", got, want)
	}
	for i := range want {
		head, mistake, _ := strings.Cut(want[i], ": ")
		if !strings.HasPrefix(got[i], head+": ") || !strings.Contains(got[i], mistake) {
			r.Errorf("the daemon knows %q, want %q", got[i], want[i])
		}
	}
}

func TestTheDaemonKnowsWhichMailboxFilesAreBroken(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	r.wantProblems()
	r.mailbox("a", "<Port>many</Port>")
	r.mailbox("c", "<Port>many</Port><Password>secret-of-c</Password><ServerName>secret-of-c</ServerName>")
	r.settled()
	r.wantProblems("a.xml a polled: Port: many is not a port", "c.xml c not polled: Port: many is not a port")
	if xml := string(r.problems[0].XML); !strings.Contains(xml, "<UserName>a</UserName>") || !strings.Contains(xml, "Port could not be read") {
		t.Errorf("of the file this could be read:\n%s", xml)
	}
	r.mailbox("a", "")
	r.settled()
	r.wantProblems("c.xml c not polled: Port: many is not a port")
	r.remove("boxes/c.xml")
	r.settled()
	r.wantProblems()
}

func TestTheDaemonKnowsABrokenFileFromItsStart(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	r.mailbox("a", "<Port>many</Port>")
	service, _, _ := r.watcher.Load()
	r.in.service = service
	r.reloader = newReloader(r.in, r.apply, func(p []daemon.ConfigurationProblem) { r.problems = p }, r.watcher)
	r.wantProblems("a.xml a not polled: Port: many is not a port")
}

func TestTheDaemonKnowsThatItsServiceFileIsBroken(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	r.mailbox("c", "<Port>many</Port>")
	r.settled()
	r.service("<LogLevl>debug</LogLevl>")
	r.mailbox("b", "<Port>many</Port>")
	r.settled()
	r.wantProblems("service.xml polled: did you mean LogLevel", "b.xml b polled: Port", "c.xml c not polled: Port")
	if !bytes.Contains(r.problems[2].XML, []byte("<UserName>c</UserName>")) {
		t.Errorf("what could be read of c.xml was forgotten: %s", r.problems[2].XML)
	}
	r.service("")
	r.mailbox("b", "")
	r.remove("boxes/c.xml")
	r.settled()
	r.wantProblems()
}
