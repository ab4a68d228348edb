//go:build unix

package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"mailintegration/store/backup"
	"mailintegration/store/storetest"
)

// TestABackupRestoresEveryMessageOnce plays README's "Backup and restore" with the verbs: mail arrives before, during and after the
// backup, the machine dies, and what was recorded since the backup comes back from the mailbox.
func TestABackupRestoresEveryMessageOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name             string
		private, survive bool // the database is a private PostgreSQL; the attachment directory survives
	}{
		{"a private PostgreSQL", true, false},
		{"a private PostgreSQL, with the attachment directory as it was at the end", true, true},
		{"a server's PostgreSQL", false, false},
		{"a server's PostgreSQL, with the attachment directory as it was at the end", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url := ""
			if !tt.private {
				url = storetest.Direct(t, storetest.Empty(t).URL)
			}
			b := newBackedUpIn(t, url)
			b.mail(1, 2)
			b.once()
			before := b.runUntilTheMachineDies(func() { b.backUp() })
			if tt.private {
				storetest.Until(b, "PostgreSQL is gone with its files", func() bool { return os.RemoveAll(b.path("data")) == nil })
			} else {
				b.useDatabase(storetest.Direct(t, storetest.Empty(t).URL))
			}
			if !tt.survive {
				b.must(os.RemoveAll(b.path("attachments")))
			}
			out := b.verb("restore", b.path("mail.tar"))
			if adopts := strings.Contains(out, "attachments adopt"); adopts != tt.survive {
				t.Errorf("restore says\n%s", out)
			}
			b.once()
			b.wantRestored(before)
			b.wantFiles(false)
			b.sendAgain(false)
		})
	}
}

// backUp writes the archive mail.tar and verifies it.
func (b *backedUp) backUp() backup.Manifest {
	b.Helper()
	var m backedUpResult
	b.must(json.Unmarshal([]byte(b.verb("backup", b.path("mail.tar"), "--json")), &m))
	info, err := os.Stat(b.path("mail.tar"))
	b.must(err)
	if info.Mode().Perm() != 0o600 {
		b.Errorf("the archive has mode %v", info.Mode())
	}
	if out := b.verb("restore", "--verify", b.path("mail.tar")); !strings.Contains(out, "is a complete backup") {
		b.Errorf("--verify says %s", out)
	}
	return m.Manifest
}
