package main

import (
	"os/exec"
	"strings"
	"testing"
)

func TestDbExecSaysWhatToDoWithoutPostgreSQLsPrograms(t *testing.T) {
	t.Parallel()
	c := dbExecCmd{Program: []string{"no-such-program"}}
	err := c.explain(exec.Command(c.Program[0]).Run())
	if hint := hintOf(err); !strings.Contains(hint, "client programs") {
		t.Errorf("%v, hint %q", err, hint)
	}
}
