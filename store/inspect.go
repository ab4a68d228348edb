package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
)

// AttachmentCheck says whether an attachment directory belongs to the database and has the files that its rows name.
type AttachmentCheck struct {
	Marker   error // nil: this database may write there, or claim it. Otherwise ErrNoMarker, ErrForeignDirectory or another reason
	Removal  error // nil: this database may remove orphans there. Otherwise ErrCopy or another reason
	Writable error // nil: this process may write there

	Sampled  int      // files that rows name and that the check looked for
	Missing  int      // of them, how many do not exist
	Damaged  int      // of them, how many have another size
	Examples []string // paths of some missing or damaged files
}

// maxExamples is how many paths a check names at most.
const maxExamples = 5

// CheckAttachments checks whether the database keeps its attachments in a directory, and looks for a sample of the files
// that rows name: of each sort, so many of the newest and so many others. It writes a file, removes it and changes nothing
// else. The store may have been opened with another directory. The error comes from the database, or says that the file
// system does not answer.
func (s *Store) CheckAttachments(ctx context.Context, directory string, sample int) (AttachmentCheck, error) {
	check, err := s.checkAttachments(ctx, attachmentDirectory{root: directory, runner: s.attachments.runner}, sample)
	if err != nil {
		return AttachmentCheck{}, fmt.Errorf("check attachments: %w", err)
	}
	return check, nil
}

func (s *Store) checkAttachments(ctx context.Context, d attachmentDirectory, sample int) (AttachmentCheck, error) {
	own, claimed, err := readOwnership(ctx, s.pool)
	if err != nil {
		return AttachmentCheck{}, unavailable(ctx, err)
	}
	here, err := readInstance(ctx, s.pool)
	if err != nil {
		return AttachmentCheck{}, unavailable(ctx, err)
	}
	list, err := sampleFiles(ctx, s.pool, sample)
	if err != nil {
		return AttachmentCheck{}, unavailable(ctx, err)
	}
	return onFiles(ctx, d.runner, 0, func(context.Context) (AttachmentCheck, error) {
		check := d.check(own, claimed, here, list)
		check.Marker, check.Removal = d.markFile(check.Marker), d.markFile(check.Removal)
		return check, nil
	})
}

// check examines the directory.
func (d attachmentDirectory) check(own ownership, claimed bool, here instance, list []namedFile) AttachmentCheck {
	missing, damaged := d.missingAndDamaged(list)
	check := AttachmentCheck{
		Writable: CheckAttachmentDirectory(d.root), Sampled: len(list), Missing: len(missing), Damaged: len(damaged),
	}
	check.Examples = append(missing, damaged...)
	check.Examples = check.Examples[:min(maxExamples, len(check.Examples))]
	if claimed {
		var m marker
		m, check.Marker = d.markerOf(own.identity)
		check.Removal = check.Marker
		if check.Marker == nil {
			check.Removal = own.checkOriginal(m, here)
		}
		return check
	}
	check.Marker = d.checkClaimable(here, list)
	check.Removal = check.Marker
	return check
}

// namedFile is a stored file that a row names.
type namedFile struct {
	Digest []byte
	Octets int64
}

// missingAndDamaged returns the paths of the files that do not exist, and of those that have another size.
func (d attachmentDirectory) missingAndDamaged(list []namedFile) (missing, damaged []string) {
	for _, n := range list {
		path := d.path([sha256.Size]byte(n.Digest))
		info, err := os.Stat(path)
		switch {
		case err != nil:
			missing = append(missing, path)
		case !info.Mode().IsRegular() || info.Size() != n.Octets:
			damaged = append(damaged, path)
		}
	}
	return missing, damaged
}

// sampleFiles returns files that rows name. Of attachments and of raw messages each, it takes up to so many of the newest,
// of those after a random digest and, since these may be few, of those with the lowest digests.
func sampleFiles(ctx context.Context, q querier, sample int) ([]namedFile, error) {
	var random [sha256.Size]byte
	_, _ = rand.Read(random[:]) // never fails
	rows, err := q.Query(ctx, `SELECT DISTINCT ON (digest) digest, octets FROM (
			(SELECT sha256 AS digest, octets FROM attachment ORDER BY id DESC LIMIT $1)
			UNION ALL (SELECT r.digest, r.octets FROM set_aside AS s JOIN receipt AS r USING (mailbox_id, digest) ORDER BY s.id DESC LIMIT $1)
			UNION ALL SELECT found.* FROM (VALUES ($2::bytea), ('')) AS start (digest) CROSS JOIN LATERAL (
				(SELECT sha256, octets FROM attachment WHERE sha256 >= start.digest ORDER BY sha256 LIMIT $1)
				UNION ALL (SELECT digest, octets FROM receipt WHERE raw_kept AND digest >= start.digest ORDER BY digest LIMIT $1)) AS found
		) AS named`, sample, random[:])
	if err != nil {
		return nil, fmt.Errorf("sample of attachments: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[namedFile])
	if err != nil {
		return nil, fmt.Errorf("sample of attachments: %w", err)
	}
	return list, nil
}
