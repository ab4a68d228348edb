package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// MaxCollectedFiles is how many files one call of CollectOrphans removes at most.
const MaxCollectedFiles = 1_000

const (
	orphanChunk  = 200     // digests that are looked up, or files that are removed, at once
	maxSeenFiles = 200_000 // files that one collection examines
)

// CollectOrphans removes the files of the attachment directory that no row names and that have not been touched for
// olderThan; a crash before a commit leaves such files. It returns how many it removed. One call examines a bounded number
// of files and removes at most MaxCollectedFiles; the next call continues. It stops early, without an error, while messages
// keep being accepted or another program collects.
//
// It removes nothing, and returns an ErrDirectory, when the marker is missing or another database's, or when this database
// may be a copy of the owner. The section Removal of the package's documentation explains why neither an acceptance nor a
// crash can lose a file.
func (s *Store) CollectOrphans(ctx context.Context, olderThan time.Duration) (n int, err error) {
	if s.attachments.root == "" {
		return 0, nil
	}
	r := &collection{store: s, attachments: s.attachments}
	leased, err := r.acquireLease(ctx)
	if !leased || err != nil {
		return 0, collectError(err)
	}
	err = r.collect(ctx, olderThan)
	r.releaseLease(ctx, err)
	return r.removed, collectError(s.attachments.markFile(err))
}

// collectError returns the error of a collection for its caller: nil when the directory was only busy.
func collectError(err error) error {
	if err == nil || errors.Is(err, errBusy) {
		return nil
	}
	return fmt.Errorf("collect orphans: %w", err)
}

// collection is one call of CollectOrphans.
type collection struct {
	store       *Store
	attachments attachmentDirectory
	owner       ownership
	now         time.Time // the database's
	swept       string    // the last folder that earlier collections have finished
	cutoff      time.Time // files touched since then are left alone

	candidates [][]byte // digests of old files that were not looked up yet
	unnamed    [][]byte // digests that no row named when they were looked up

	removed, seen int
	failed        error // of the first file that could not be removed
}

// collect makes sure that it may remove files, finishes the removals of an earlier collection, and sweeps the directory.
func (c *collection) collect(ctx context.Context, olderThan time.Duration) error {
	if err := c.changeGeneration(ctx); err != nil {
		return err
	}
	if err := c.setCutoff(ctx, olderThan); err != nil {
		return err
	}
	if err := c.resumeRemovals(ctx); err != nil {
		return err
	}
	if err := c.sweepTemporary(ctx); err != nil {
		return err
	}
	if err := c.sweep(ctx); err != nil {
		return err
	}
	return c.failed
}

// isFull reports whether the collection has reached one of its bounds.
func (c *collection) isFull() bool {
	return c.removed+len(c.unnamed) >= MaxCollectedFiles || c.seen >= maxSeenFiles
}

// sweepTemporary removes old temporary files. Only the process that made such a file uses it, and not for long.
func (c *collection) sweepTemporary(ctx context.Context) error {
	old, err := onFiles(ctx, c.attachments.runner, 0, func(context.Context) ([]string, error) {
		return c.attachments.temporaries(c.cutoff, MaxCollectedFiles-c.removed)
	})
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(old, orphanChunk) {
		if _, err := c.unlink(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

// temporaries returns up to max temporary files that were last touched before a time.
func (d attachmentDirectory) temporaries(before time.Time, max int) ([]string, error) {
	entries, err := os.ReadDir(d.root)
	if err != nil {
		return nil, err
	}
	var old []string
	for _, entry := range entries {
		path := filepath.Join(d.root, entry.Name())
		if strings.HasPrefix(entry.Name(), temporaryPrefix) && isOld(path, before) && len(old) < max {
			old = append(old, path)
		}
	}
	return old, nil
}

// isOld reports whether a file exists and was last touched before a time.
func isOld(path string, before time.Time) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular() && info.ModTime().Before(before)
}

// sweep removes the old files that no row names, folder by folder. It begins after the folder that earlier collections have
// finished.
func (c *collection) sweep(ctx context.Context) error {
	folders, err := onFiles(ctx, c.attachments.runner, 0, func(ctx context.Context) ([]string, error) {
		return c.attachments.folders(ctx, c.swept)
	})
	if err != nil {
		return err
	}
	err = c.sweepFolders(ctx, folders)
	return errors.Join(err, c.noteSwept(ctx))
}

// sweepFolders sweeps folders until a bound is reached. It sets c.swept to the last finished folder.
func (c *collection) sweepFolders(ctx context.Context, folders []string) error {
	for _, folder := range folders {
		found, err := onFiles(ctx, c.attachments.runner, 0, func(ctx context.Context) (folderFiles, error) {
			return c.attachments.oldFilesIn(ctx, folder, c.cutoff)
		})
		if err != nil {
			return err
		}
		c.seen += found.seen
		c.candidates = append(c.candidates, found.old...)
		if err := c.removeFound(ctx, orphanChunk); err != nil {
			return err
		}
		if c.isFull() {
			err := c.removeFound(ctx, 1)
			c.swept = folder
			return err
		}
		if len(c.candidates)+len(c.unnamed) == 0 {
			c.swept = folder
		}
	}
	err := c.removeFound(ctx, 1)
	if err == nil {
		c.swept = ""
	}
	return err
}

// removeFound looks the candidates up and removes those that no row names, each when there are at least so many of them:
// small numbers would hold up acceptances more often.
func (c *collection) removeFound(ctx context.Context, least int) error {
	for chunk := range slices.Chunk(takeIfAtLeast(&c.candidates, least), orphanChunk) {
		unnamed, err := unnamedDigests(ctx, c.store.pool, chunk)
		if err != nil {
			return unavailable(ctx, err)
		}
		c.unnamed = append(c.unnamed, unnamed...)
	}
	for chunk := range slices.Chunk(takeIfAtLeast(&c.unnamed, least), orphanChunk) {
		if err := c.remove(ctx, chunk[:min(len(chunk), MaxCollectedFiles-c.removed)]); err != nil {
			return err
		}
	}
	return nil
}

// takeIfAtLeast empties a list and returns its elements when it has at least so many; otherwise it returns nothing.
func takeIfAtLeast(list *[][]byte, least int) [][]byte {
	if len(*list) < least {
		return nil
	}
	taken := *list
	*list = nil
	return taken
}

// folders returns the folders of stored files that come after the given folder in alphabetical order.
func (d attachmentDirectory) folders(ctx context.Context, behind string) (list []string, err error) {
	outer, err := os.ReadDir(d.root)
	for _, o := range outer {
		if !isHex(o.Name(), 2) || !o.IsDir() || o.Name() < behind[:min(2, len(behind))] {
			continue
		}
		inner, err := os.ReadDir(filepath.Join(d.root, o.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) || ctx.Err() != nil {
			return nil, errors.Join(err, ctx.Err())
		}
		for _, i := range inner {
			if folder := o.Name() + "/" + i.Name(); isHex(i.Name(), 2) && i.IsDir() && folder > behind {
				list = append(list, folder)
			}
		}
	}
	return list, err
}

// isHex reports whether a name consists of so many lower-case hexadecimal digits.
func isHex(name string, digits int) bool {
	b, err := hex.DecodeString(name)
	return err == nil && len(name) == digits && hex.EncodeToString(b) == name
}

// folderFiles are the stored files in a folder.
type folderFiles struct {
	old  [][]byte // digests of old files
	seen int      // number of all files
}

// oldFilesIn returns the stored files in a folder that were last touched before a time. It skips every other file, which is
// not ours.
func (d attachmentDirectory) oldFilesIn(ctx context.Context, folder string, before time.Time) (found folderFiles, err error) {
	if err := d.runner.beforeStep("list"); err != nil {
		return found, err
	}
	entries, err := os.ReadDir(filepath.Join(d.root, filepath.FromSlash(folder)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return found, err
	}
	for _, entry := range entries {
		name := entry.Name()
		if !isHex(name, 2*sha256.Size) || name[:2]+"/"+name[2:4] != folder || !entry.Type().IsRegular() {
			continue
		}
		if found.seen++; ctx.Err() != nil {
			return found, ctx.Err()
		}
		digest, _ := hex.DecodeString(name) // it is hexadecimal
		if isOld(d.path([sha256.Size]byte(digest)), before) {
			found.old = append(found.old, digest)
		}
	}
	return found, nil
}
