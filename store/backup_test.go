package store_test

import (
	"crypto/sha256"
	"errors"
	"io"
	"testing"

	"mailintegration/store"
)

// TestABackupOfAShareThatHangsEnds lets the share hang at each step of a backup's work on files.
func TestABackupOfAShareThatHangsEnds(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"read marker", "open", "read"} {
		t.Run("at "+step, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.accept(t, d.clerk(), mail("1", "printer", with(attachment("x", "content"))))
			s := d.open(t, d.url)
			hang(t, s, step, true)
			err := readBackup(t, s, d.url)
			if !errors.Is(err, store.ErrHanging) {
				t.Error(err)
			}
		})
	}
}

// readBackup begins a backup and reads its files.
func readBackup(t *testing.T, s *store.Store, url string) error {
	b, err := s.BeginBackup(t.Context(), url)
	if err != nil {
		return err
	}
	defer b.Close()
	for _, digest := range b.Files {
		if err := readFile(t, b, digest); err != nil {
			return err
		}
	}
	return nil
}

func readFile(t *testing.T, b *store.Snapshot, digest [sha256.Size]byte) error {
	o, err := b.OpenFile(t.Context(), digest)
	if err != nil {
		return err
	}
	defer o.Close()
	_, err = io.Copy(io.Discard, o)
	return err
}
