package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"mailintegration/daemon/vocabulary"
)

// eventsLogged notes which events the daemons of the tests log.
var eventsLogged *vocabulary.Recorder

// TestMain runs the tests. If the environment asks for it, they fail unless they have seen every event of events.go.
func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "events")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	eventsLogged = vocabulary.NewRecorder(filepath.Join(folder, "logged"))
	code := eventsLogged.RunWhole(m.Run, "..", "daemon")
	os.RemoveAll(folder)
	os.Exit(code)
}
