package backup_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/backup"
	"mailintegration/store/storetest"
)

// desk is a database with its attachment directory, or the place for one.
type desk struct {
	testing.TB
	url, files string
}

// newDesk returns a desk with three requests, each with a file of its own, and a mail that waits to be sent.
func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{TB: t, url: storetest.Direct(t, storetest.New(t).URL), files: filepath.Join(t.TempDir(), "attachments")}
	s := d.open()
	d.must(s.AddTeam(t.Context(), "IT", store.TeamOptions{}))
	d.must(s.AddUser(t.Context(), store.User{Logon: "daemon", Name: "Daemon"}))
	for i := range 3 {
		d.request(s, fmt.Sprintf("content %d", i))
	}
	d.exec(`INSERT INTO outbox (kind, team_id, request_id, message_id, to_address, due_at)
		SELECT 'acknowledgement', team_id, number, 'waits@desk.example', 'ann@acme.example', now() FROM request LIMIT 1`)
	return d
}

// place returns an empty database, and a directory that does not exist.
func place(t testing.TB) *desk {
	t.Helper()
	return &desk{TB: t, url: storetest.Direct(t, storetest.Empty(t).URL), files: filepath.Join(t.TempDir(), "attachments")}
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d *desk) options() store.Options {
	return store.Options{URL: d.url, AttachmentDirectory: d.files}
}

func (d *desk) open() *store.Store {
	d.Helper()
	s, err := store.Open(d.Context(), d.options())
	d.must(err)
	d.Cleanup(s.Close)
	return s
}

func (d *desk) pool() *pgxpool.Pool { return (&storetest.Database{URL: d.url}).Pool(d) }

func (d *desk) exec(sql string) {
	d.Helper()
	_, err := d.pool().Exec(d.Context(), sql)
	d.must(err)
}

func (d *desk) count(sql string) (n int) {
	d.Helper()
	d.must(d.pool().QueryRow(d.Context(), sql).Scan(&n))
	return n
}

// request opens a request with a file.
func (d *desk) request(s *store.Store, content string) {
	d.Helper()
	d.must(s.Write(d.Context(), processor.User{ID: 1}, func(j *store.Journal) error {
		_, err := j.Open(d.Context(), store.NewRequest{
			Kind: processor.Event, Team: processor.Ref{ID: 1}, Subject: content, Reason: processor.NewReason("test", "test"),
			Files: []store.File{{Name: "a.txt", MediaType: "text/plain", Content: store.OctetsOf([]byte(content))}},
		})
		return err
	}))
}

// backUp writes an archive and returns its name.
func (d *desk) backUp(o backup.Options) (string, backup.Manifest, error) {
	d.Helper()
	name := filepath.Join(d.TempDir(), "mail.tar")
	o.URL, o.Version = d.url, "test"
	m, err := backup.Create(d.Context(), d.open(), name, o)
	return name, m, err
}

// archive returns an archive of the desk.
func (d *desk) archive() string {
	d.Helper()
	name, _, err := d.backUp(backup.Options{})
	d.must(err)
	return name
}

// restore restores an archive.
func (d *desk) restore(name string, o backup.Options) (store.Restored, error) {
	d.Helper()
	f, err := os.Open(name)
	d.must(err)
	defer f.Close()
	a, err := backup.Verify(d.Context(), f)
	if err != nil {
		return store.Restored{}, err
	}
	return backup.Restore(d.Context(), a, d.options(), backup.Choice{Now: a.Manifest.TakenAt}, o)
}

// wantWhole fails the test unless the desk has its requests, their files and nothing else.
func (d *desk) wantWhole(requests int) {
	d.Helper()
	s := d.open()
	if n := d.count(`SELECT count(*) FROM request`); n != requests {
		d.Errorf("%d requests, want %d", n, requests)
	}
	rows, err := d.pool().Query(d.Context(), `SELECT id FROM attachment`)
	d.must(err)
	for rows.Next() {
		var id int64
		d.must(rows.Scan(&id))
		o, err := s.OpenAttachment(d.Context(), id)
		if err != nil {
			d.Errorf("attachment %d: %v", id, err)
			continue
		}
		o.Close()
	}
	if d.count(`SELECT count(*) FROM pg_class WHERE relname = 'restore_under_way'`) != 0 {
		d.Error("the table of the restore is still there")
	}
	if _, err := os.Stat(filepath.Join(d.files, ".mailintegration-restore")); !errors.Is(err, fs.ErrNotExist) {
		d.Errorf("the note of the restore: %v", err)
	}
}

// script returns a program of the shell.
func script(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

func (d *desk) mustRestore(name string) {
	d.Helper()
	_, err := d.restore(name, backup.Options{})
	d.must(err)
	d.wantWhole(3)
}

// hintOf returns the hint of an error, "" for none.
func hintOf(err error) string {
	var with interface{ Hint() string }
	if errors.As(err, &with) {
		return with.Hint()
	}
	return ""
}

// migrateToTheLastButOne applies all migrations but the newest one, and returns its name.
func (d *desk) migrateToTheLastButOne() (newest string) {
	d.Helper()
	config, err := pgx.ParseConfig(d.url)
	d.must(err)
	db := stdlib.OpenDB(*config)
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("../migrations"), goose.WithLogger(goose.NopLogger()))
	d.must(err)
	sources := provider.ListSources()
	_, err = provider.UpTo(d.Context(), sources[len(sources)-2].Version)
	d.must(err)
	return filepath.Base(sources[len(sources)-1].Path)
}
