//go:build unix

package octopus_test

import (
	"os/exec"
	"strings"
	"testing"

	"mailintegration/cmd/mailintegration/octopus"
)

func TestAShellPassesOnQuotedWordsUnchanged(t *testing.T) {
	t.Parallel()
	words := []string{"helpdesk", "help desk", "", "R&D", "a$HOME", "`id`", `\\server\share`, `say "no"`, "d'Arc", `it's "$5"`, "*", "[a]", "~", "!!", "#1", "é"}
	out, err := exec.Command("/bin/sh", "-c", `printf '%s\n' `+octopus.Quoted(words)).CombinedOutput()
	if want := strings.Join(words, "\n") + "\n"; err != nil || string(out) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out, want)
	}
}
