package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"go.uber.org/zap/zapcore"
)

// TestTheLogHasTheErrorOfAPageUnderItsNumber: the page itself tells the reader nothing of it.
func TestTheLogHasTheErrorOfAPageUnderItsNumber(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	in := &installation{log: newLogger(&logged, zapcore.WarnLevel)}
	in.events().pageFailed("AB12CD34", "GET /mailboxes", errors.New("template mailboxes: no such field"))
	want := `"msg":"page failed","number":"AB12CD34","route":"GET /mailboxes","error":"template mailboxes: no such field","hint":"this is a bug`
	if !strings.Contains(logged.String(), want) {
		t.Errorf("%s is not in %s", want, &logged)
	}
}

func TestTheLogTellsWhoDoesWhatOnThePage(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	in := &installation{log: newLogger(&logged, zapcore.InfoLevel)}
	told := pageLog{in.events}
	told.LoggedIn("Ann's \"phone\"\n", "192.0.2.1")
	told.LogInRefused(7, "192.0.2.1")
	told.Acted("Ann", "ann", "POST /asides/{id}/replay", "/asides/7/replay")
	told.LoggedOut("Ann", "192.0.2.1")
	for _, want := range []string{
		`"msg":"page log-in","token":"Ann's \"phone\"\n","client":"192.0.2.1"}`,
		`"msg":"page log-in refused","times":7,"client":"192.0.2.1","hint":"a token is mistyped`,
		`"msg":"page action","token":"Ann","user":"ann","action":"POST /asides/{id}/replay","path":"/asides/7/replay"}`,
		`"msg":"page log-out","token":"Ann","client":"192.0.2.1"}`,
	} {
		if !strings.Contains(logged.String(), want) {
			t.Errorf("%s is not in %s", want, &logged)
		}
	}
	if n := strings.Count(logged.String(), "\n"); n != 4 {
		t.Errorf("%d lines, want 4", n)
	}
}
