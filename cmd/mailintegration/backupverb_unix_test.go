//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store/backup"
	"mailintegration/store/postgres"
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
			out := b.verb("restore", "--original-stopped", b.path("mail.tar"))
			if adopts := strings.Contains(out, "attachments adopt"); adopts != tt.survive {
				t.Errorf("restore says\n%s", out)
			}
			if tt.private {
				may := b.query(`SELECT has_table_privilege('mailintegration_reader', 'service_desk.request', 'SELECT')`)
				if may[0] != "t" {
					t.Error("the roles of other programs lack their rights")
				}
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

// TestABackupThatIsKilledIsReplacedByTheNext kills the program while pg_dump runs.
func TestABackupThatIsKilledIsReplacedByTheNext(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	in := install(t, srv.Port(), "helpdesk", pop3test.DefaultPassword)
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var major int
	must(in.rows.QueryRow(t.Context(), `SELECT current_setting('server_version_num')::int / 10000`).Scan(&major))
	bin, archive, started := filepath.Join(dir, "bin"), filepath.Join(dir, "mail.tar"), filepath.Join(dir, "started")
	must(os.Mkdir(bin, 0o755))
	const program = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'pg_dump (PostgreSQL) %d.0' && exit\ntouch %q\nwhile echo x; do sleep 0.1; done\n"
	slow := fmt.Sprintf(program, major, started)
	writeExecutable(t, filepath.Join(bin, "pg_dump"), strings.NewReader(slow))
	cmd := in.command("backup", archive)
	cmd.Env = append(cmd.Env, postgres.BinEnvironment+"="+bin)
	must(cmd.Start())
	storetest.Until(t, "pg_dump runs", func() bool { _, err := os.Stat(started); return err == nil })
	must(cmd.Process.Kill())
	_ = cmd.Wait()
	if _, err := os.Stat(archive); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the archive: %v", err)
	}
	if out, err := in.command("backup", archive).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := in.command("restore", "--verify", archive).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := os.Stat(archive + backup.PartialSuffix); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the partial archive: %v", err)
	}
}
