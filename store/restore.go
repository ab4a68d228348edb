package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// restoreTable is the table that exists in a database from the first change of a restore until its last one. Meanwhile no store is
// opened on the database and no schema is migrated. It remembers the identity of the attachment directory that the database owned.
const restoreTable = "restore_under_way"

// restoreNote is the file in an attachment directory that was empty when a restore began to fill it.
const restoreNote = ".mailintegration-restore"

// RestoreError says why a backup cannot be restored here. Nothing was changed.
type RestoreError struct {
	Reason string
	Remedy string // what a person can do
}

func (e *RestoreError) Error() string { return e.Reason }

// Hint returns what a person can do.
func (e *RestoreError) Hint() string { return e.Remedy }

// UnfinishedRestoreError says why a restore has ended after its first change.
type UnfinishedRestoreError struct{ Err error }

func (e *UnfinishedRestoreError) Error() string { return e.Err.Error() }

// Unwrap returns what has ended the restore.
func (e *UnfinishedRestoreError) Unwrap() error { return e.Err }

// Hint returns what a person can do.
func (e *UnfinishedRestoreError) Hint() string {
	const state = "no program opens the database until a restore into it ends: "
	if differ := new(countsError); errors.As(e.Err, &differ) {
		return state + "this archive would fail again, so restore another one into it, or name another, empty database in Database"
	}
	return state + cmp.Or(Hint(e.Err), "remove the cause") + "; then run restore again; if this archive fails again, restore another one into it, or name another, " +
		"empty database in Database"
}

// BackedUp holds what a restore has to know of the backup.
type BackedUp struct {
	Schema      int64  // number of the newest migration
	ServerMajor int    // of PostgreSQL
	Directory   string // identity of the attachment directory, "" for none
	Files       int64
	Records     Records
}

// Restoration is a restore into a database and an attachment directory.
type Restoration struct {
	store  *Store
	lock   *pgx.Conn // its session holds the lock of restores
	url    string
	backup BackedUp
	place  restorePlace
}

// BeginRestore makes sure that a backup can be restored into the database and the directory of the options, and empties the database:
// the tables of a database without any team, user or request, and those of a restore that was stopped. Until Finish, no other
// program opens the database. The error is a RestoreError, with what to do, if there is something that a restore would overwrite.
func BeginRestore(ctx context.Context, o Options, b BackedUp) (_ *Restoration, err error) {
	s, err := newStore(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("begin the restore: %w", err)
	}
	r := &Restoration{store: s, url: o.URL, backup: b}
	if err := r.begin(ctx); err != nil {
		r.Close()
		if refused := new(RestoreError); errors.As(err, &refused) {
			return nil, err
		}
		return nil, fmt.Errorf("begin the restore: %w", err)
	}
	return r, nil
}

// Close closes the connections, and ends the restore's lock.
func (r *Restoration) Close() {
	r.store.Close()
	if r.lock != nil {
		ctx, cancel := finishing(context.Background())
		defer cancel()
		_ = r.lock.Close(ctx) // the server ends the session, too, when it loses the connection
	}
}

// restoreLock is the advisory lock that a restore holds for its session.
const restoreLock = 0x6d61696c_72657374 // "mailrest"

// takeTurn makes sure that no other restore into the database is under way.
func (r *Restoration) takeTurn(ctx context.Context) error {
	at := &server{}
	config, err := connConfigTo(at, r.url, defaultPatience, false)
	if err != nil {
		return err
	}
	if r.lock, err = pgx.ConnectConfig(ctx, config); err != nil {
		return unavailable(ctx, err)
	}
	if at.pooled.Load() {
		return ErrPooled
	}
	err = waitForTurn(ctx, r.lock, restoreLock)
	if isLockTimeout(err) {
		return &RestoreError{
			Reason: "another restore into this database is under way",
			Remedy: "let it end; one that was killed is gone from the server within about a minute",
		}
	}
	if err != nil {
		return unavailable(ctx, err)
	}
	return r.endLeftOver(ctx)
}

// RestoreClient is the application_name of pg_restore, by which the next restore knows a session that was left.
const RestoreClient = "pg_restore of MailIntegration"

// leftOverWait is how long a session of pg_restore may take to end.
const leftOverWait = 30 * time.Second

// endLeftOver ends the sessions of pg_restore that a killed restore has left. They may still build indexes, and would commit in the
// middle of this one.
func (r *Restoration) endLeftOver(ctx context.Context) error {
	rows, _ := r.lock.Query(ctx, `SELECT pid, pg_terminate_backend(pid, $1) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = $2`, leftOverWait.Milliseconds(), RestoreClient)
	var pid int
	var ended bool
	_, err := pgx.ForEachRow(rows, []any{&pid, &ended}, func() error {
		if ended {
			return nil
		}
		return &RestoreError{
			Reason: fmt.Sprintf("a pg_restore of a restore that was killed is still at work in the database (process %d of the server)", pid),
			Remedy: "let it end, or end its session as an administrator of the server: SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
		}
	})
	if refused := new(RestoreError); errors.As(err, &refused) {
		return refused
	}
	return unavailable(ctx, err)
}

func (r *Restoration) begin(ctx context.Context) error {
	if err := r.takeTurn(ctx); err != nil {
		return err
	}
	if err := r.checkVersions(ctx); err != nil {
		return err
	}
	t, err := r.readTarget(ctx)
	if err == nil {
		err = t.check()
	}
	if err == nil {
		err = r.choosePlace(ctx, t.owned)
	}
	if err != nil {
		return err
	}
	return r.store.inTx(ctx, func(tx pgx.Tx) error { return t.clear(ctx, tx, r.backup.Directory) })
}

// checkVersions returns an error for a backup of a newer schema or of a newer PostgreSQL.
func (r *Restoration) checkVersions(ctx context.Context) error {
	known, err := compareSchema(nil)
	if err != nil {
		return err
	}
	if r.backup.Schema > known.Program {
		return &RestoreError{
			Reason: fmt.Sprintf("the backup has schema %d, and this program knows schemas up to %d", r.backup.Schema, known.Program),
			Remedy: "install the version of MailIntegration that made the backup, or a newer one",
		}
	}
	var version int
	var encoding string
	err = r.store.brief(ctx, func(ctx context.Context) error {
		return r.store.pool.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_encoding')`).Scan(&version, &encoding)
	})
	if err != nil {
		return err
	}
	if err := checkEncoding(encoding); err != nil {
		return err
	}
	if major := version / 10_000; major < r.backup.ServerMajor {
		return &RestoreError{
			Reason: fmt.Sprintf("the backup is of PostgreSQL %d, and the server here is PostgreSQL %d", r.backup.ServerMajor, major),
			Remedy: fmt.Sprintf("restore it into PostgreSQL %d or newer", r.backup.ServerMajor),
		}
	}
	return nil
}

// RestoredFile is a file of a backup.
type RestoredFile struct {
	Digest  [sha256.Size]byte
	Content *io.SectionReader
}

// restoredRaw is the content of a RestoredFile.
type restoredRaw struct {
	*io.SectionReader
	digest [sha256.Size]byte
}

// Digest implements Raw.
func (r restoredRaw) Digest() [sha256.Size]byte { return r.digest }

// AddFiles makes files durable in the attachment directory. A file that is there, with its size, stays as it is.
func (r *Restoration) AddFiles(ctx context.Context, files []RestoredFile) error {
	if len(files) == 0 {
		return nil
	}
	d := r.store.attachments
	var list []File
	var octets int64
	for _, f := range files {
		list = append(list, File{Content: restoredRaw{f.Content, f.Digest}})
		octets += f.Content.Size()
	}
	d.reading = new(atomic.Int32)
	err := d.runner.do(ctx, octets, func(ctx context.Context) error {
		stored := storedFiles(list, true)
		if err := d.keepEach(ctx, attachmentState{}, stored); err != nil {
			return err
		}
		return d.syncDirectories(stored)
	})
	if err != nil {
		return fmt.Errorf("attachment directory %s: %w", d.root, d.markFile(err))
	}
	return nil
}

// RestoreChoice says what a restore does with what may have happened after the backup.
type RestoreChoice struct {
	FirstNumber int64  // of the requests that are opened from now on
	SendWaiting bool   // mail that waited is sent; otherwise it is given up, because it may have been sent since the backup
	Reason      string // why mail was given up
}

// Restored says what a restore has done.
type Restored struct {
	Applied  []string `json:"applied"`   // migrations
	HeldMail int64    `json:"held_mail"` // mail that waited and is not sent
	First    int64    `json:"first"`     // number that the next request gets
	Owned    bool     `json:"owned"`     // the attachment directory belongs to the restored database
}

// Finish completes the database that pg_restore has loaded: it brings the schema up to date, makes an attachment directory that was
// empty this database's, frees the leases of the daemons that ran during the backup, and ends the restore. A Finish that fails
// leaves a database that no program opens; another restore begins again.
func (r *Restoration) Finish(ctx context.Context, c RestoreChoice) (Restored, error) {
	done, err := r.finish(ctx, c)
	if err != nil {
		return Restored{}, fmt.Errorf("finish the restore: %w", err)
	}
	return done, nil
}

func (r *Restoration) finish(ctx context.Context, c RestoreChoice) (done Restored, err error) {
	s := r.store
	if done.Applied, err = migrate(ctx, r.url, migrationLockTime, true); err != nil {
		return done, err
	}
	s.pool.Reset() // the connections have prepared statements of the tables that were there before
	n, err := s.setFirstNumber(ctx, c.FirstNumber)
	if err != nil {
		return done, err
	}
	done.First = n.First
	if r.place == emptyPlace {
		if err := r.own(ctx); err != nil {
			return done, err
		}
		done.Owned = true
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error { return r.settle(ctx, tx, c, &done) })
	if err != nil && r.hasEnded(ctx) {
		err = nil // only the answer to COMMIT was lost
	}
	return done, err
}

// hasEnded reports whether the last transaction of the restore has taken effect.
func (r *Restoration) hasEnded(ctx context.Context) (ended bool) {
	err := r.store.brief(ctx, func(ctx context.Context) error {
		return r.store.pool.QueryRow(ctx, `SELECT to_regclass('`+restoreTable+`') IS NULL`).Scan(&ended)
	})
	return err == nil && ended
}

// own makes the attachment directory that the restore has filled the restored database's, under a new identity.
func (r *Restoration) own(ctx context.Context) error {
	s := r.store
	here, err := readInstance(ctx, s.pool)
	if err != nil {
		return unavailable(ctx, err)
	}
	m := marker{identity: newIdentity(), generation: rand.Text()}
	// Whatever stops this, the next restore finds the identity here, and knows the marker for its own.
	if _, err := s.pool.Exec(ctx, `UPDATE `+restoreTable+` SET owned = $1`, m.identity); err != nil {
		return unavailable(ctx, err)
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if err := insertOwnership(ctx, tx, m, here); err != nil {
			return err
		}
		return s.attachments.runner.do(ctx, 0, func(context.Context) error { return s.attachments.markRestored(m) })
	})
}

// markRestored writes the marker, and then removes the note of the restore.
func (d attachmentDirectory) markRestored(m marker) error {
	if err := d.writeMarker(m); err != nil {
		return err
	}
	err := os.Remove(filepath.Join(d.root, restoreNote))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return err
}

// countsError says which counts of the restored database are not those of the backup.
type countsError struct{ differ []string }

func (e *countsError) Error() string {
	return "the archive does not hold what its manifest says: " + strings.Join(e.differ, "; ")
}

// settle compares the database with the backup, and ends the restore.
func (r *Restoration) settle(ctx context.Context, tx pgx.Tx, c RestoreChoice, done *Restored) error {
	var is Records
	if err := is.scan(tx.QueryRow(ctx, countRecords)); err != nil {
		return err
	}
	if differ := is.compare(r.backup.Records); len(differ) > 0 && len(done.Applied) == 0 { // a migration may remove rows
		return &countsError{differ}
	}
	if !c.SendWaiting {
		tag, err := tx.Exec(ctx, `UPDATE outbox SET due_at = NULL, given_up_at = now(), last_error = $1 WHERE due_at IS NOT NULL`, c.Reason)
		if err != nil {
			return err
		}
		done.HeldMail = tag.RowsAffected()
	}
	statements := []string{
		`UPDATE lease SET holder_id = NULL, wanted_by_id = NULL, free_since = NULL WHERE holder_id IS NOT NULL OR wanted_by_id IS NOT NULL`,
		`DELETE FROM daemon`,
		`UPDATE attachment_directory SET collector = NULL, collector_until = NULL`,
		`DROP TABLE ` + restoreTable,
	}
	if r.place == emptyPlace {
		statements = append(statements, `DELETE FROM removal`) // nobody removes files there
	}
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return renewRoles(ctx, tx)
}
