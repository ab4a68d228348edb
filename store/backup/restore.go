package backup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"mailintegration/store"
	"mailintegration/store/postgres"
)

// Batches of files that are made durable together.
const (
	batchFiles  = 200
	batchOctets = 64 << 20
)

// Choice says what a restore does with what may have happened after the backup.
type Choice struct {
	FirstNumber *int64 // of the requests that are opened from now on; nil for one that Manifest.FirstNumber chooses
	SendWaiting bool   // mail that waited at the backup is sent
	Now         time.Time
}

// Restore restores an archive into the database and the attachment directory of a store's options, which must be empty. No daemon may
// use the database. Whatever stops a restore, it can be run again.
func Restore(ctx context.Context, a *Archive, target store.Options, c Choice, o Options) (store.Restored, error) {
	m := a.Manifest
	first := m.FirstNumber(c.Now)
	if c.FirstNumber != nil {
		first = *c.FirstNumber
		if err := store.CheckFirstNumber(first, m.Highest); err != nil {
			return store.Restored{}, err
		}
	}
	program, err := o.program(ctx, "pg_restore", max(m.major(), majorOf(m.PgDump)))
	if err != nil {
		return store.Restored{}, err
	}
	if err := o.before("begin"); err != nil {
		return store.Restored{}, err
	}
	r, err := store.BeginRestore(ctx, target, store.BackedUp{
		Schema: m.Schema, ServerMajor: m.major(), Directory: m.Attachments.Directory, Files: m.Attachments.Files, Records: m.Records,
	})
	if err != nil {
		return store.Restored{}, err
	}
	defer r.Close()
	done, err := fill(ctx, r, a, target.URL, program, o, store.RestoreChoice{
		FirstNumber: first, SendWaiting: c.SendWaiting,
		Reason: "restored from a backup of " + m.TakenAt.Format("2006-01-02 15:04 MST") + ": it may have been sent since",
	})
	if err != nil {
		return store.Restored{}, &store.UnfinishedRestoreError{Err: err}
	}
	return done, nil
}

// fill puts the archive into a database and a directory that BeginRestore has prepared.
func fill(ctx context.Context, r *store.Restoration, a *Archive, url string, program postgres.Program, o Options, c store.RestoreChoice) (
	store.Restored, error,
) {
	if err := addFiles(ctx, r, a.files, o); err != nil {
		return store.Restored{}, err
	}
	if err := load(ctx, a, url, program, o); err != nil {
		return store.Restored{}, err
	}
	if err := o.before("finish"); err != nil {
		return store.Restored{}, err
	}
	return r.Finish(ctx, c)
}

// addFiles makes the files durable, batch by batch.
func addFiles(ctx context.Context, r *store.Restoration, files []store.RestoredFile, o Options) error {
	for len(files) > 0 {
		if err := errors.Join(ctx.Err(), o.before("files")); err != nil {
			return err
		}
		n, octets := 0, int64(0)
		for n < min(batchFiles, len(files)) && (n == 0 || octets < batchOctets) {
			octets += files[n].Content.Size()
			n++
		}
		if err := r.AddFiles(ctx, files[:n]); err != nil {
			return err
		}
		files = files[n:]
	}
	return nil
}

// defaultLoadSilence is how long pg_restore may read nothing: after the last rows, it builds the indexes.
const defaultLoadSilence = 6 * time.Hour

// load runs pg_restore, which loads the database in one transaction.
func load(ctx context.Context, a *Archive, url string, program postgres.Program, o Options) error {
	if err := o.before("load"); err != nil {
		return err
	}
	if _, err := a.dump.Seek(0, io.SeekStart); err != nil {
		return err
	}
	ctx, in, stop := attend(ctx, cmp.Or(o.Silence, defaultLoadSilence), "pg_restore has made no progress")
	defer stop()
	in.from = a.dump
	err := runClient(ctx, program, url, store.RestoreClient, in, io.Discard, "--no-owner", "--no-privileges", "--no-password", "--single-transaction",
		"--exit-on-error")
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	if err != nil {
		return fmt.Errorf("load the database: %w", err)
	}
	return nil
}
