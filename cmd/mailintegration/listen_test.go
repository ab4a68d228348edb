package main

import (
	"errors"
	"strings"
	"testing"
)

// TestAPortInUseIsToldOnceAndShownUntilItIsFree has a monitor that can listen at one port only.
func TestAPortInUseIsToldOnceAndShownUntilItIsFree(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	taken := "127.0.0.1:1111"
	r.answerAt = func(address string) error {
		if address == taken {
			return errors.New("address already in use")
		}
		return nil
	}
	r.service("<Listen>127.0.0.1:1111</Listen>")
	r.settled()
	r.wantLog(`"msg":"not listening","address":"127.0.0.1:1111","error":"address already in use"`)
	if len(r.problems) != 1 || r.problems[0].File != r.in.service.File || !r.problems[0].Polled ||
		!strings.Contains(r.problems[0].Mistakes[0], "Listen: nobody answers at 127.0.0.1:1111: address already in use") {
		t.Errorf("the daemon was told %+v", r.problems)
	}

	r.mailbox("a", "<Port>many</Port>") // another mistake hides neither
	r.settled()
	if len(r.problems) != 2 {
		t.Errorf("the daemon was told %+v, want the service file and a mailbox file", r.problems)
	}
	r.service("<LogLevl>debug</LogLevl>")
	r.settled()
	if len(r.problems) != 2 || len(r.problems[0].Mistakes)+len(r.problems[1].Mistakes) != 3 {
		t.Errorf("the daemon was told %+v, want two mistakes of the service file and one of a mailbox file", r.problems)
	}
	r.service("<Listen>127.0.0.1:1111</Listen>")
	r.mailbox("a", "")
	r.settled()
	r.wantLog(`"msg":"not listening"`)

	taken = "none"
	r.settled()
	r.wantLog(`"msg":"listening","address":"127.0.0.1:1111"`)
	if len(r.problems) != 0 {
		t.Errorf("the daemon was told %+v, want nothing", r.problems)
	}
	r.service("")
	r.settled()
	if len(r.problems) != 0 || r.address != "" {
		t.Errorf("the monitor answers at %q; the daemon was told %+v", r.address, r.problems)
	}
}
