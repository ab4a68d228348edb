package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
)

// backupLock is the advisory lock that a backup holds for its session, and that a collection of orphans shares while it notes
// which files to remove. So no file that the backup's snapshot names is removed before the backup has copied it.
const backupLock = 0x6d61696c_62636b75 // "mailbcku"

// turn is how long a backup or a restore waits for another one, or a backup for a collection that notes removals. The server needs
// a moment to notice that a session was cut.
const turn = 10 * time.Second

// Reasons why a backup cannot begin.
var (
	// ErrBackupRuns says that another backup of the database is under way.
	ErrBackupRuns = errors.New("another backup of this database is under way")
	// ErrPooled says that a pooler stands between this program and PostgreSQL. What pg_dump sets for its session would stay in a
	// session that others get afterwards.
	ErrPooled = errors.New("a pooler stands between this program and PostgreSQL, and a backup needs a session of PostgreSQL")
)

// Records counts the rows of a database that a restore compares with those of the backup.
type Records struct {
	Requests    int64 `json:"requests"`
	Activities  int64 `json:"activities"`
	Attachments int64 `json:"attachments"` // rows; several may name one file
	Receipts    int64 `json:"receipts"`
	Users       int64 `json:"users"`
	WaitingMail int64 `json:"waiting_mail"` // mail that was not sent yet
}

const countRecords = `SELECT (SELECT count(*) FROM request), (SELECT count(*) FROM activity), (SELECT count(*) FROM attachment),
	(SELECT count(*) FROM receipt), (SELECT count(*) FROM user_account), (SELECT count(*) FROM outbox WHERE due_at IS NOT NULL)`

func (r *Records) scan(row pgx.Row) error {
	return row.Scan(&r.Requests, &r.Activities, &r.Attachments, &r.Receipts, &r.Users, &r.WaitingMail)
}

// compare returns in words which counts differ from those of a backup, such as "9 requests instead of 10".
func (r *Records) compare(backedUp Records) (differ []string) {
	for _, count := range []struct {
		is, was int64
		words   string
	}{
		{r.Requests, backedUp.Requests, "requests"}, {r.Activities, backedUp.Activities, "activities"},
		{r.Attachments, backedUp.Attachments, "attachments"}, {r.Receipts, backedUp.Receipts, "receipts"}, {r.Users, backedUp.Users, "users"},
		{r.WaitingMail, backedUp.WaitingMail, "mails that wait"},
	} {
		if count.is != count.was {
			differ = append(differ, fmt.Sprintf("%d %s instead of %d", count.is, count.words, count.was))
		}
	}
	return differ
}

// Snapshot is the state of the database that a backup holds, and the files that belong to it.
type Snapshot struct {
	ID            string    // by which pg_dump reads the same state, until Release
	At            time.Time // by the database's clock
	Schema        int64     // number of the newest migration
	ServerVersion string    // of PostgreSQL, such as 15.18
	ServerMajor   int
	Directory     string // identity of the attachment directory, "" if the database has claimed none
	RecentDaily   int64  // requests that were opened on an average day of the last 30
	Highest       int64  // the highest number of a request, 0 for none
	Records       Records
	Files         [][sha256.Size]byte // digests of the files that rows name, in ascending order

	store *Store
	conn  *pgx.Conn
	open  bool // the transaction of the snapshot is under way
}

// BeginBackup takes a snapshot of the database at url, which is the store's. Until Close, no file that the snapshot names is removed
// from the attachment directory. It needs a session of its own: the error is ErrPooled behind a pooler.
func (s *Store) BeginBackup(ctx context.Context, url string) (_ *Snapshot, err error) {
	b := &Snapshot{store: s}
	if err := b.begin(ctx, url); err != nil {
		b.Close()
		return nil, fmt.Errorf("begin the backup: %w", err)
	}
	return b, nil
}

func (b *Snapshot) begin(ctx context.Context, url string) error {
	at := &server{}
	config, err := connConfigTo(at, url, migrationPatience, false)
	if err != nil {
		return err
	}
	if b.conn, err = pgx.ConnectConfig(ctx, config); err != nil {
		return unavailable(ctx, err)
	}
	if at.pooled.Load() {
		return ErrPooled
	}
	if err := b.lock(ctx); err != nil {
		return err
	}
	if err := b.read(ctx); err != nil {
		return unavailable(ctx, err)
	}
	return b.checkDirectory(ctx)
}

// checkDirectory makes sure that the attachment directory is the one that the database has claimed: below the mount point of a share
// that is not mounted, all files would be missing.
func (b *Snapshot) checkDirectory(ctx context.Context) error {
	d := b.store.attachments
	if d.root == "" || b.Directory == "" {
		return nil
	}
	err := d.runner.do(ctx, 0, func(context.Context) error {
		_, err := d.markerOf(b.Directory)
		return err
	})
	if err != nil {
		return fmt.Errorf("attachment directory %s: %w", d.root, d.markFile(err))
	}
	return nil
}

// lock takes the lock of backups before the snapshot is taken, so that no removal is noted afterwards. The session may be idle for
// as long as copying takes.
func (b *Snapshot) lock(ctx context.Context) error {
	err := waitForTurn(ctx, b.conn, backupLock)
	if isLockTimeout(err) {
		return ErrBackupRuns
	}
	return unavailable(ctx, err)
}

// waitForTurn takes an advisory lock for a session, which may then be idle for long. The error is one of isLockTimeout if another
// session keeps the lock.
func waitForTurn(ctx context.Context, conn *pgx.Conn, lock int64) error {
	if err := stayIdle(ctx, conn); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `SELECT set_config('lock_timeout', $1, false)`, milliseconds(turn)); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, lock)
	return err
}

// stayIdle lets a session be idle for as long as it likes, whatever the server's limits are.
func stayIdle(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN
		('idle_in_transaction_session_timeout', 'idle_session_timeout', 'statement_timeout', 'transaction_timeout')`)
	return err
}

// read begins the transaction of the snapshot and reads what belongs to it.
func (b *Snapshot) read(ctx context.Context) error {
	if _, err := b.conn.Exec(ctx, `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`); err != nil {
		return err
	}
	b.open = true
	schema, err := status(ctx, b.conn)
	if err != nil {
		return err
	}
	b.Schema = schema.Database
	var version int
	err = b.conn.QueryRow(ctx, `SELECT pg_export_snapshot(), now(), current_setting('server_version'), current_setting('server_version_num')::int,
		coalesce((SELECT identity::text FROM attachment_directory), ''), coalesce((SELECT max(number) FROM request), 0),
		(SELECT count(*) / 30 + 1 FROM request WHERE opened_at > now() - interval '30 days')`).
		Scan(&b.ID, &b.At, &b.ServerVersion, &version, &b.Directory, &b.Highest, &b.RecentDaily)
	if err != nil {
		return err
	}
	b.ServerMajor = version / 10_000
	if err := b.Records.scan(b.conn.QueryRow(ctx, countRecords)); err != nil {
		return err
	}
	rows, err := b.conn.Query(ctx, `SELECT sha256 FROM attachment UNION SELECT digest FROM receipt WHERE raw_kept ORDER BY 1`)
	if err != nil {
		return err
	}
	var digest []byte
	_, err = pgx.ForEachRow(rows, []any{&digest}, func() error {
		b.Files = append(b.Files, [sha256.Size]byte(digest))
		return nil
	})
	return err
}

// Release ends the transaction of the snapshot, after pg_dump has read it: it keeps PostgreSQL from clearing away old rows. The files
// stay until Close.
func (b *Snapshot) Release(ctx context.Context) error {
	_, err := b.conn.Exec(ctx, `COMMIT`)
	b.open = false
	return unavailable(ctx, err)
}

// Confirm returns nil if nothing that the snapshot names can have been removed since it was taken: the session still holds the lock.
func (b *Snapshot) Confirm(ctx context.Context) error {
	var held bool
	err := b.conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted)`).Scan(&held)
	if err == nil && !held {
		err = errors.New("the session has lost its lock")
	}
	return unavailable(ctx, err)
}

// Close ends the backup's session, and with it its lock.
func (b *Snapshot) Close() {
	if b.conn == nil {
		return
	}
	ctx, cancel := finishing(context.Background())
	defer cancel()
	_ = b.conn.Close(ctx) // the server ends the session, too, when it loses the connection
}

// OpenFile opens the file with a digest, having compared its octets with it. The error is fs.ErrNotExist or ErrDamaged if the
// attachment directory does not have it whole. The caller closes the file.
func (b *Snapshot) OpenFile(ctx context.Context, digest [sha256.Size]byte) (*Octets, error) {
	s := b.store
	if s.attachments.root == "" {
		return nil, errNoDirectory
	}
	o := &Octets{ctx: ctx, runner: s.readers}
	info, err := onFiles(ctx, s.readers, 0, func(context.Context) (os.FileInfo, error) { return os.Stat(s.attachments.path(digest)) })
	if err != nil {
		return nil, s.attachments.markFile(err)
	}
	o.Size = info.Size()
	if o.file, err = s.openFile(ctx, "attachment file", digest[:], o.Size, nil); err != nil {
		return nil, err
	}
	return o, nil
}
