package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

func TestOnlyOldFilesThatNoRowNamesAreCollected(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.exceptFor("about ignored", func() processor.Decision { return processor.Ignore{} })
	d.accept(t, c, mail("1", "a", with(attachment("x", "named"))), mail("2", "ignored"))
	day := 24 * time.Hour
	for _, content := range []string{"named", "ignored", "orphan"} {
		writeOld(t, d.path(content), content, 2*day)
	}
	writeOld(t, d.path("young orphan"), "young orphan", time.Hour)
	writeOld(t, filepath.Join(d.files, "tmp-1"), "", 2*day)
	writeOld(t, filepath.Join(d.files, "tmp-2"), "", time.Hour)
	writeOld(t, filepath.Join(d.files, "somebody's file"), "", 2*day)
	writeOld(t, filepath.Join(d.files, "aa", "bb", filepath.Base(d.path("orphan"))), "in the wrong place", 2*day)
	writeOld(t, filepath.Join(filepath.Dir(d.path("orphan")), "somebody's file"), "", 2*day)
	n, err := d.store.CollectOrphans(t.Context(), day)
	if n != 2 || err != nil {
		t.Errorf("collected %d, %v", n, err)
	}
	for path, want := range map[string]bool{
		d.path("named"): true, d.path("ignored"): true, d.path("orphan"): false, d.path("young orphan"): true,
		filepath.Join(d.files, "tmp-1"): false, filepath.Join(d.files, "tmp-2"): true,
		filepath.Join(d.files, "somebody's file"): true, filepath.Join(d.files, "aa", "bb", filepath.Base(d.path("orphan"))): true,
		filepath.Join(filepath.Dir(d.path("orphan")), "somebody's file"): true, filepath.Join(d.files, markerName): true,
	} {
		if isThere(path) != want {
			t.Errorf("%s: exists %t, want %t", filepath.Base(path), !want, want)
		}
	}
	if n := d.count(t, "removal"); n != 0 {
		t.Errorf("%d notes of removals are left", n)
	}
}

// TestTheClockOfThisHostRemovesNothing runs a store whose clock is two years ahead.
func TestTheClockOfThisHostRemovesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	refuse := d.exceptFor("about a person asks for help", func() processor.Decision { return processor.Refuse{} })
	d.accept(t, refuse, mail("1", "a person asks for help"))
	s, err := openAt(t, store.Options{URL: d.url, AttachmentDirectory: d.files,
		Now: func() time.Time { return time.Now().AddDate(2, 0, 0) }})
	must(t, err)
	d.exec(t, `UPDATE receipt SET last_seen_at = now()`)
	receipts, err := s.PurgeReceipts(t.Context(), 400*24*time.Hour)
	if receipts != 0 || err != nil {
		t.Errorf("purged %d receipts, %v", receipts, err)
	}
	writeOld(t, d.path("of a batch that is being accepted"), "", 0)
	files, err := s.CollectOrphans(t.Context(), 24*time.Hour)
	if files != 0 || err != nil || !isThere(d.path("a person asks for help")) {
		t.Errorf("collected %d files, %v; the only copy of a refused message exists: %t",
			files, err, isThere(d.path("a person asks for help")))
	}
}

func TestTheFileOfARefusedMessageIsCollectedAfterItsReceiptIsPurged(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.exceptFor("about refused", func() processor.Decision { return processor.Refuse{} })
	d.accept(t, c, mail("1", "refused"))
	d.exec(t, `UPDATE receipt SET last_seen_at = now() - interval '500 days'`)
	writeOld(t, d.path("refused"), "refused", 48*time.Hour)
	if n, err := d.store.PurgeReceipts(t.Context(), 400*24*time.Hour); n != 1 || err != nil {
		t.Errorf("purged %d receipts, %v", n, err)
	}
	if n, err := d.store.CollectOrphans(t.Context(), 24*time.Hour); n != 1 || err != nil || isThere(d.path("refused")) {
		t.Errorf("collected %d files, %v", n, err)
	}
}

func TestARunRemovesALimitedNumberAndTheNextGoesOn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(t, fmt.Sprintf(`INSERT INTO receipt (mailbox_id, digest, octets, outcome, reason, raw_kept, accepted_at, last_seen_at)
		SELECT 1, sha256(i::text::bytea), 1, 'ignored', 'x', true, now(), now() - interval '500 days' FROM generate_series(1, %d) AS i`,
		store.MaxPurgedReceipts+10))
	for i := range store.MaxCollectedFiles + 10 {
		writeOld(t, d.path(fmt.Sprint("orphan ", i)), "", 48*time.Hour)
	}
	for _, want := range []struct{ receipts, files int }{{store.MaxPurgedReceipts, store.MaxCollectedFiles}, {10, 10}, {0, 0}} {
		receipts, err := d.store.PurgeReceipts(t.Context(), 400*24*time.Hour)
		must(t, err)
		files, err := d.store.CollectOrphans(t.Context(), time.Hour)
		must(t, err)
		if receipts != want.receipts || files != want.files {
			t.Errorf("removed %d receipts and %d files, want %+v", receipts, files, want)
		}
		if swept := one[string](t, d, `SELECT swept FROM attachment_directory`); (swept != "") != (want.files == store.MaxCollectedFiles) {
			t.Errorf("the sweep stopped at %q", swept)
		}
	}
}

// errCrash makes a step and all later ones fail, as if the program had crashed there.
var errCrash = errors.New("crash")

// steps records the steps of a collection, and makes one of them and all later ones fail.
type steps struct {
	mu    sync.Mutex
	names []string
	stop  int // the number of the first step that fails; 0 means none
}

func (s *steps) step(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names = append(s.names, name)
	if s.stop > 0 && len(s.names) >= s.stop {
		return errCrash
	}
	return nil
}

// crashingDesk returns a desk that has two orphans, one file that a row names, and a temporary file. Its collections
// crash before step number stop.
func crashingDesk(t *testing.T, stop int) (*desk, *steps) {
	t.Helper()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("1", "a", with(attachment("x", "named"))))
	for _, content := range []string{"named", "orphan 1", "orphan 2"} {
		writeOld(t, d.path(content), content, 48*time.Hour)
	}
	leaveOrphan(t, d.files)
	s := &steps{stop: stop}
	d.store.OnFiles(s.step)
	return d, s
}

// TestACollectionThatCrashedAnywhereIsFinishedByTheNext is the crash matrix of CollectOrphans. After each crash another
// program accepts messages with the files that were being removed, and then collects.
func TestACollectionThatCrashedAnywhereIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	d, all := crashingDesk(t, 0)
	if n, err := d.store.CollectOrphans(t.Context(), time.Hour); n != 3 || err != nil {
		t.Fatalf("collected %d, %v", n, err)
	}
	documentation := read(t, "doc.go")
	for i, name := range all.names {
		if !strings.Contains(documentation, name) {
			t.Errorf("doc.go does not say what a crash before %q leaves", name)
		}
		t.Run(fmt.Sprintf("before step %d, %s", i+1, name), func(t *testing.T) {
			t.Parallel()
			d, _ := crashingDesk(t, i+1)
			_, err := d.store.CollectOrphans(t.Context(), time.Hour)
			if !errors.Is(err, errCrash) && name != "release lease" && name != "note folder" {
				t.Fatalf("the collection did not crash: %v", err)
			}
			wantFilesOfRows(t, d)
			next := d.open(t, d.url)
			batch := []store.Delivery{mail("2", "b", with(attachment("x", "orphan 1"))), mail("3", "c", with(attachment("x", "named")))}
			for _, one := range batch {
				if outcomes, err := next.Accept(t.Context(), d.mailbox, []store.Delivery{one}, d.clerk()); err == nil && outcomes[0].Err == nil {
					wantFilesOfRows(t, d)
				} else if d.count(t, "removal") == 0 {
					t.Errorf("no removal is noted, but Accept failed: %v", err)
				}
			}
			writeOld(t, d.path("named"), "named", 48*time.Hour)
			// The crashed program holds the lease until the lease ends.
			d.exec(t, `UPDATE attachment_directory SET collector_until = now() WHERE collector IS NOT NULL`)
			if _, err := next.CollectOrphans(t.Context(), time.Hour); err != nil {
				t.Errorf("the next collection: %v", err)
			}
			wantFilesOfRows(t, d)
			if isThere(d.path("orphan 2")) || isThere(filepath.Join(d.files, "tmp-left-behind")) || d.count(t, "removal") != 0 {
				t.Errorf("files %v and %d notes are left", d.fileNames(t), d.count(t, "removal"))
			}
			if _, err := next.Accept(t.Context(), d.mailbox, batch, d.clerk()); err != nil {
				t.Errorf("a message that waited: %v", err)
			}
			wantFilesOfRows(t, d)
		})
	}
}

// wantFilesOfRows fails the test unless every file that a row names exists.
func wantFilesOfRows(t *testing.T, d *desk) {
	t.Helper()
	for _, name := range all[string](t, d, `SELECT encode(sha256, 'hex') FROM attachment`) {
		if !slices.Contains(d.fileNames(t), name) {
			t.Errorf("the file %s of a row is gone", name)
		}
	}
}

// TestACrashBetweenFileAndCommitIsHarmless follows the file that an interrupted Accept leaves behind.
func TestACrashBetweenFileAndCommitIsHarmless(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(t, `
		CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
		CREATE TRIGGER crash BEFORE INSERT ON receipt FOR EACH ROW EXECUTE FUNCTION crash()`)
	batch := []store.Delivery{mail("1", "a", with(attachment("x", "content")))}
	if _, err := d.store.Accept(t.Context(), d.mailbox, batch, d.clerk()); err == nil {
		t.Fatal("no error")
	}
	if read(t, d.path("content")) != "content" || d.count(t, "attachment") != 0 {
		t.Fatal("the crash did not leave a file without a row")
	}
	// The next poll uses the file: from then on it is neither an orphan nor old.
	d.exec(t, `DROP TRIGGER crash ON receipt`)
	writeOld(t, d.path("content"), "content", 48*time.Hour)
	d.accept(t, d.clerk(), batch...)
	if age := time.Since(stat(t, d.path("content")).ModTime()); age > time.Hour {
		t.Errorf("a file that is used again has an age of %v", age)
	}
	writeOld(t, d.path("content"), "content", 48*time.Hour)
	if n, err := d.store.CollectOrphans(t.Context(), time.Hour); n != 0 || err != nil {
		t.Errorf("collected %d, %v", n, err)
	}
}

// TestAFileThatARunningAcceptReliesOnIsNotCollected holds Accept between finding the file and its commit.
func TestAFileThatARunningAcceptReliesOnIsNotCollected(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	writeOld(t, d.path("content"), "content", 48*time.Hour)
	found, proceed := make(chan struct{}), make(chan struct{})
	slow := processor.Attachment{Name: "slow"}.WithContent(func(io.ReaderAt) io.Reader {
		close(found)
		<-proceed
		return bytes.NewReader(nil)
	})
	accepted := make(chan error)
	go func() {
		_, err := d.store.Accept(t.Context(), d.mailbox, []store.Delivery{mail("1", "a", with(attachment("x", "content"), slow))},
			d.clerk())
		accepted <- err
	}()
	storetest.Await(t, "the acceptance reads the attachment", found)
	// The file may look old all the same, for instance because a file server sets its own times.
	writeOld(t, d.path("content"), "content", 48*time.Hour)
	n, err := d.store.CollectOrphans(t.Context(), time.Hour)
	close(proceed)
	if n != 0 || err != nil {
		t.Errorf("collected %d, %v", n, err)
	}
	if err := <-accepted; err != nil {
		t.Fatal(err)
	}
	if read(t, d.path("content")) != "content" {
		t.Error("the file is gone")
	}
}

func TestOneProgramCollectsAtATime(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	orphan := leaveOrphan(t, d.files)
	other := d.open(t, d.url)
	within, proceed := make(chan struct{}), make(chan struct{})
	first := sync.OnceFunc(func() { close(within); <-proceed })
	d.store.OnFiles(func(name string) error {
		if name == "unlink" {
			first()
		}
		return nil
	})
	collected := make(chan error)
	go func() {
		_, err := d.store.CollectOrphans(t.Context(), time.Hour)
		collected <- err
	}()
	storetest.Await(t, "the first program collects", within)
	if n, err := other.CollectOrphans(t.Context(), time.Hour); n != 0 || err != nil || !isThere(orphan) {
		t.Errorf("the other program collected %d, %v", n, err)
	}
	close(proceed)
	must(t, <-collected)
	leaveOrphan(t, d.files)
	if n, err := other.CollectOrphans(t.Context(), time.Hour); n != 1 || err != nil {
		t.Errorf("afterwards the other program collected %d, %v", n, err)
	}
}

// TestACollectorThatLostItsLeaseRemovesNothing gives the lease to another one before the first notes its removals, as
// happens to a program that was suspended.
func TestACollectorThatLostItsLeaseRemovesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	writeOld(t, d.path("orphan"), "orphan", 48*time.Hour)
	d.store.OnFiles(func(name string) error {
		if name == "note removals" {
			_, err := d.pool.Exec(context.Background(), `UPDATE attachment_directory SET collector = 'another one'`)
			return err
		}
		return nil
	})
	if n, err := d.store.CollectOrphans(t.Context(), time.Hour); n != 0 || err == nil ||
		!isThere(d.path("orphan")) || d.count(t, "removal") != 0 {
		t.Errorf("collected %d, %v", n, err)
	}
}

// TestACollectorThatLostItsLeaseIsNotTakenForACopy lets another program collect before the first reads the marker.
func TestACollectorThatLostItsLeaseIsNotTakenForACopy(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	other := d.open(t, d.url)
	writeOld(t, d.path("orphan"), "orphan", 48*time.Hour)
	var collected int
	collect := sync.OnceValue(func() (err error) {
		d.exec(t, `UPDATE attachment_directory SET collector_until = now() - interval '1 s'`)
		collected, err = other.CollectOrphans(t.Context(), time.Hour)
		return err
	})
	d.store.OnFiles(func(name string) error {
		if name == "read marker" {
			return collect()
		}
		return nil
	})
	n, err := d.store.CollectOrphans(t.Context(), time.Hour)
	if collected != 1 || n != 0 || err == nil || errors.Is(err, store.ErrCopy) || !strings.Contains(err.Error(), "another program") {
		t.Errorf("the other program collected %d, this one %d, %v", collected, n, err)
	}
}

func TestAFileThatCannotBeRemovedDoesNotKeepTheOthers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for i := range 3 {
		writeOld(t, d.path(fmt.Sprint("orphan ", i)), "", 48*time.Hour)
	}
	first, failed := "", false
	d.store.OnFiles(func(name string) error {
		if name == "unlink" && !failed {
			failed = true
			first = one[string](t, d, `SELECT encode(digest, 'hex') FROM removal LIMIT 1`)
			path := filepath.Join(d.files, first[:2], first[2:4], first)
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o700))
		}
		return nil
	})
	if n, err := d.store.CollectOrphans(t.Context(), time.Hour); n != 2 || err != nil || d.count(t, "removal") != 0 {
		t.Errorf("collected %d, %v", n, err)
	}
}

// TestACollectionDoesNotHoldUpAcceptances holds the lock of an acceptance all the time.
func TestACollectionDoesNotHoldUpAcceptances(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for i := range 450 {
		writeOld(t, d.path(fmt.Sprint("named ", i)), "", 48*time.Hour)
	}
	d.exec(t, `INSERT INTO request (team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id) VALUES (1, 'event', 'x', 1, 1, now(), 1);
		INSERT INTO attachment (request_id, position, name, media_type, octets, sha256)
		SELECT 1, i, 'x', '', 0, sha256(('named ' || i)::bytea) FROM generate_series(0, 449) AS i`)
	conn, err := pgx.Connect(t.Context(), d.url)
	must(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), `SELECT pg_advisory_lock_shared($1)`, int64(0x6d61696c_61636370))
	must(t, err)
	// When rows name all files, a collection does not ask for the lock.
	if n, err := d.store.CollectOrphans(t.Context(), time.Hour); n != 0 || err != nil {
		t.Errorf("collected %d, %v", n, err)
	}
	if swept := one[string](t, d, `SELECT swept FROM attachment_directory`); swept != "" {
		t.Errorf("the sweep stopped at %s", swept)
	}
	// When a file is an orphan, it asks for the lock, soon gives up, and goes on at the next call.
	writeOld(t, d.path("orphan"), "", 48*time.Hour)
	if n, err := d.store.CollectOrphans(t.Context(), time.Hour); n != 0 || err != nil || !isThere(d.path("orphan")) {
		t.Errorf("collected %d, %v", n, err)
	}
	_, err = conn.Exec(t.Context(), `SELECT pg_advisory_unlock_all()`)
	must(t, err)
	if n, err := d.store.CollectOrphans(t.Context(), time.Hour); n != 1 || err != nil {
		t.Errorf("collected %d, %v", n, err)
	}
}
