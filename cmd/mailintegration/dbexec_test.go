package main

import (
	"os/exec"
	"strings"
	"testing"
)

func TestDbExecSaysWhatToDoWithoutPostgreSQLsPrograms(t *testing.T) {
	t.Parallel()
	err := explainProgram("no-such-program", exec.Command("no-such-program").Run())
	if hint := hintOf(err); !strings.Contains(hint, "client programs") {
		t.Errorf("%v, hint %q", err, hint)
	}
}
