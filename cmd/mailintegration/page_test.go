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
