package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mailintegration/store/disk"
)

// restorePlace says to whom the attachment directory belongs.
type restorePlace int

const (
	noPlace    restorePlace = iota // there is none, and no file to restore
	emptyPlace                     // nobody's, or the target database's: it belongs to the restored database afterwards
	samePlace                      // the backed-up database's, which may still be alive: files are added, and none is removed
)

// choosePlace finds out to whom the attachment directory belongs. It makes a directory that does not exist, and notes in one that is
// empty that a restore fills it.
func (r *Restoration) choosePlace(ctx context.Context, owned string) error {
	d := r.store.attachments
	if d.root == "" {
		if r.backup.Files > 0 {
			return errNoDirectory
		}
		return nil
	}
	place, err := onFiles(ctx, d.runner, 0, func(context.Context) (restorePlace, error) {
		place, err := d.placeOf(owned, r.backup.Directory)
		if err != nil || place != emptyPlace {
			return place, err
		}
		return place, d.noteRestore()
	})
	r.place = place
	if err != nil {
		return fmt.Errorf("attachment directory %s: %w", d.root, d.markFile(err))
	}
	return nil
}

// placeOf says to whom the directory belongs. It returns a RestoreError if it is somebody else's, or has files of nobody known.
func (d attachmentDirectory) placeOf(owned, backedUp string) (restorePlace, error) {
	entries, err := os.ReadDir(d.root)
	if errors.Is(err, fs.ErrNotExist) {
		return emptyPlace, nil
	}
	if err != nil {
		return noPlace, err
	}
	m, there, err := d.readMarker()
	if err != nil {
		return noPlace, err
	}
	isNoted, others := false, 0
	for _, e := range entries {
		switch e.Name() {
		case restoreNote:
			isNoted = true
		case markerFile, "lost+found":
		default:
			others++
		}
	}
	const remedy = "name an empty directory in AttachmentDirectory, or the one of the backed-up database with its hidden file " + markerFile
	switch {
	case there && !m.claiming && m.identity != "" && m.identity == backedUp:
		return samePlace, nil
	case there && !m.claiming && m.identity != "" && m.identity == owned:
		return emptyPlace, nil // the rows that named its files are gone
	case there && !m.claiming:
		return noPlace, &RestoreError{Reason: "the directory belongs to another database", Remedy: remedy}
	case isNoted || others == 0:
		return emptyPlace, nil
	}
	return noPlace, &RestoreError{Reason: "the directory is not empty, and no marker says whose it is", Remedy: remedy}
}

// noteRestore makes the directory, if it does not exist, with the note of a restore.
func (d attachmentDirectory) noteRestore() error {
	if err := os.Mkdir(d.root, directoryMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	const text = "A restore of MailIntegration fills this directory. When it has ended, it removes this file.\n"
	if err := os.WriteFile(filepath.Join(d.root, restoreNote), []byte(text), fileMode); err != nil {
		return err
	}
	return disk.SyncDirectory(d.root)
}
