package main

import (
	"io"
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

func TestArgumentsOfPsqlThatNameStatements(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]bool{
		"": false, "-x": false, "-F ; --no-psqlrc": false, "--csv -h db.example.com": false, "-c SELECT": true, "-Atc SELECT": true,
		"--command=SELECT": true, "-f file.sql": true, "--file file.sql": true,
	} {
		if got := namesStatements(strings.Fields(args)); got != want {
			t.Errorf("%s: %t", args, got)
		}
	}
}

func TestAPhraseIsSeenHoweverItsTextIsCut(t *testing.T) {
	t.Parallel()
	const text = "ERROR:  cannot execute UPDATE in a read-only transaction\n"
	for cut := range text {
		w := phraseWatch{to: io.Discard, phrase: "read-only transaction"}
		for _, part := range []string{text[:cut], text[cut:]} {
			if n, err := io.WriteString(&w, part); n != len(part) || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		}
		if !w.seen {
			t.Errorf("cut at %d", cut)
		}
	}
	other := phraseWatch{to: io.Discard, phrase: "read-only transaction"}
	if _, err := io.WriteString(&other, "ERROR:  syntax error\n"); err != nil || other.seen {
		t.Errorf("another text: %v, %v", other, err)
	}
}
