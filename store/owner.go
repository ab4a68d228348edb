package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// ErrDirectory matches, by errors.Is, every error that says that the attachment directory cannot be used at all. Such an
// error is transient and no message's fault.
var ErrDirectory = errors.New("the attachment directory cannot be used")

// Reasons why the attachment directory cannot be used; each is an ErrDirectory.
var (
	// ErrNoMarker says that the directory lacks the marker that the database wrote into its own.
	ErrNoMarker error = &directoryError{errors.New("there is no marker of this database in the directory: is the share mounted?")}
	// ErrForeignDirectory says that the directory belongs to another database.
	ErrForeignDirectory error = &directoryError{errors.New("the directory belongs to another database")}
	// ErrCopy says that the database may be a copy of the one that owns the directory. Such a database may write files
	// there, but not remove any.
	ErrCopy error = &directoryError{errors.New("this database may be a copy of the one that owns the directory: nothing was removed")}
	// ErrHanging says that calls into the file system do not return.
	ErrHanging error = &directoryError{errors.New("the file system does not answer")}
)

// directoryError is a reason why the attachment directory cannot be used.
type directoryError struct{ err error }

func (e *directoryError) Error() string        { return e.err.Error() }
func (e *directoryError) Unwrap() error        { return e.err }
func (e *directoryError) Is(target error) bool { return target == ErrDirectory }

// claimLock is the advisory lock that a program holds while it claims or adopts a directory.
const claimLock = 0x6d61696c_636c616d // "mailclam"

// ownership is the row of the table attachment_directory: the directory that the database has claimed.
type ownership struct {
	identity   string
	generation string
	next       string // generation that the marker may have already, "" for none
	instance   instance
}

// readOwnership returns the row, and false when the database has never claimed a directory.
func readOwnership(ctx context.Context, q queryRower) (o ownership, claimed bool, err error) {
	err = q.QueryRow(ctx, `SELECT identity::text, generation, coalesce(next_generation, ''), instance FROM attachment_directory`).
		Scan(&o.identity, &o.generation, &o.next, &o.instance)
	if errors.Is(err, pgx.ErrNoRows) {
		return ownership{}, false, nil
	}
	if err != nil {
		return ownership{}, false, fmt.Errorf("owner of the attachment directory: %w", err)
	}
	return o, true, nil
}

// openAttachments makes sure that the attachment directory belongs to this database and can be written to. A database that
// has never claimed a directory claims it; with adopt, the directory belongs to this database whoever owned it before.
// identity is that of the claimed directory, "" for none.
func (s *Store) openAttachments(ctx context.Context, adopt bool, identity string) error {
	if s.attachments.root == "" {
		if adopt {
			return errNoDirectory
		}
		return nil
	}
	if err := s.claimOrVerify(ctx, adopt, identity); err != nil {
		return fmt.Errorf("attachment directory %s: %w", s.attachments.root, s.attachments.markFile(err))
	}
	return nil
}

func (s *Store) claimOrVerify(ctx context.Context, adopt bool, identity string) error {
	if adopt || identity == "" {
		if err := s.claim(ctx, adopt); err != nil {
			return err
		}
		own, _, err := readOwnership(ctx, s.pool)
		if err != nil {
			return unavailable(ctx, err)
		}
		identity = own.identity
	}
	return s.attachments.runner.do(ctx, 0, func(context.Context) error { return s.attachments.confirmMarker(identity) })
}

// claim claims the directory for this database, unless the database has claimed one already.
//
// It writes the marker before the row commits, so that a database with a row has a marker somewhere. A claim that stops in
// between leaves a marker in state claiming, which the next claim replaces; confirmMarker changes the state once the row is
// committed. When several hosts have a directory each, the lock lets only one of them claim.
func (s *Store) claim(ctx context.Context, adopt bool) error {
	if _, claimed, err := readOwnership(ctx, s.pool); err != nil || claimed && !adopt {
		return unavailable(ctx, err)
	}
	here, err := readInstance(ctx, s.pool)
	if err != nil {
		return unavailable(ctx, err)
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockClaim(ctx, tx); err != nil {
			return err
		}
		if _, claimed, err := readOwnership(ctx, tx); err != nil || claimed && !adopt {
			return err // another program was faster
		}
		sample, err := sampleFiles(ctx, tx, claimSample)
		if err != nil {
			return err
		}
		m := marker{identity: newIdentity(), generation: rand.Text(), claiming: true}
		err = s.attachments.runner.do(ctx, 0, func(context.Context) error {
			if adopt {
				return s.attachments.writeMarker(m)
			}
			return s.attachments.claim(m, here, sample)
		})
		if err != nil {
			return err
		}
		return insertOwnership(ctx, tx, m, here)
	})
}

// lockClaim takes the lock. It waits as long as another program's work on files may take.
func lockClaim(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT set_config('lock_timeout', $1, true)`, fmt.Sprint((fileTimeout + 2*fileGrace).Milliseconds()))
	if err == nil {
		_, err = tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, claimLock)
	}
	return err
}

func insertOwnership(ctx context.Context, tx pgx.Tx, m marker, here instance) error {
	_, err := tx.Exec(ctx, `INSERT INTO attachment_directory (identity, generation, instance) VALUES ($1::text::uuid, $2, $3)
		ON CONFLICT (is_the_one) DO UPDATE SET identity = excluded.identity, generation = excluded.generation,
			next_generation = NULL, instance = excluded.instance, claimed_at = now(), swept = ''`,
		m.identity, m.generation, here)
	return err
}

// claimSample is how many files of each sort a claim looks for.
const claimSample = 20

// claim makes the directory and writes the first marker of this database.
func (d attachmentDirectory) claim(m marker, here instance, sample []namedFile) error {
	if err := d.checkClaimable(here, sample); err != nil {
		return err
	}
	if err := os.Mkdir(d.root, directoryMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return &directoryError{err}
	}
	return d.writeMarker(m)
}

// checkClaimable returns nil when a database that has never claimed a directory may claim this one: it has no other
// database's marker, and most of a sample of the files that rows name. Otherwise those files lie in another directory.
func (d attachmentDirectory) checkClaimable(here instance, sample []namedFile) error {
	old, there, err := d.readMarker()
	switch {
	case err != nil:
		return err
	case there && old.legacy != "" && old.legacy == here.legacy():
		return nil // an earlier version wrote it for this database
	case there && !old.claiming:
		return foreignError(old)
	}
	missing, damaged := d.missingAndDamaged(sample)
	if n := len(missing) + len(damaged); 2*n > len(sample) {
		return fmt.Errorf("%w (of %d files that the database names %d are not there)", ErrNoMarker, len(sample), n)
	}
	return nil
}

// confirmMarker makes sure that the marker has the identity and the state claimed, and that the directory can be written to.
func (d attachmentDirectory) confirmMarker(identity string) error {
	m, err := d.markerOf(identity)
	if err != nil {
		return err
	}
	if m.claiming {
		m.claiming = false
		if err := d.writeMarker(m); err != nil {
			return err
		}
	}
	if err := d.tryWriting(); err != nil {
		return &directoryError{err}
	}
	return nil
}

// markerOf returns the marker of the database with the identity, or an error when the marker is missing or another's.
func (d attachmentDirectory) markerOf(identity string) (marker, error) {
	m, there, err := d.readMarker()
	switch {
	case err != nil:
		return marker{}, err
	case !there:
		return marker{}, fmt.Errorf("%w (%s)", ErrNoMarker, filepath.Join(d.root, markerFile))
	case m.identity != identity || identity == "":
		return marker{}, foreignError(m)
	}
	return m, nil
}

// foreignError returns the error for the marker of another database.
func foreignError(m marker) error {
	if m.legacy != "" {
		return fmt.Errorf("%w (its marker says %.60q)", ErrForeignDirectory, m.legacy)
	}
	return fmt.Errorf("%w (its marker says %.60q)", ErrForeignDirectory, m.identity)
}

// checkOriginal returns nil when nothing shows that this database is a copy of the one that owns the directory.
func (o ownership) checkOriginal(m marker, here instance) error {
	if differences := here.differences(o.instance); differences != "" {
		return fmt.Errorf("%w (%s)", ErrCopy, differences)
	}
	if m.generation != o.generation && (o.next == "" || m.generation != o.next) {
		return fmt.Errorf("%w (another database has collected there since)", ErrCopy)
	}
	return nil
}
