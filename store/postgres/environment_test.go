package postgres

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPostgreSQLDoesNotTellTheServiceManagerHowItIs keeps the variables of the service manager, and PostgreSQL's own, from its
// programs. A server that is built with systemd would otherwise report itself ready in the daemon's place.
func TestPostgreSQLDoesNotTellTheServiceManagerHowItIs(t *testing.T) {
	t.Parallel()
	got := cleaned([]string{
		"HOME=/var/lib/mailintegration", "NOTIFY_SOCKET=/run/systemd/notify", "WATCHDOG_USEC=90000000", "WATCHDOG_PID=7",
		"PGDATA=/elsewhere", "LANG=de_DE.UTF-8", "LC_NUMERIC=fr_FR", "PATH=/usr/bin",
	})
	want := []string{"LC_ALL=C", "HOME=/var/lib/mailintegration", "PATH=/usr/bin"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
