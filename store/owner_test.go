package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mailintegration/store"
	"mailintegration/store/storetest"
)

func TestADatabaseLeavesTheFilesOfAnotherAlone(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	open := func() *store.Store {
		s, err := store.Open(t.Context(), store.Options{URL: storetest.New(t).URL, AttachmentDirectory: directory})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		return s
	}
	first, second := open(), open()
	orphan := filepath.Join(directory, "tmp-left-behind")
	leave := func() {
		if err := os.WriteFile(orphan, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(orphan, old, old); err != nil {
			t.Fatal(err)
		}
	}
	leave()
	if n, err := first.CollectOrphans(t.Context(), time.Minute); n != 1 || err != nil {
		t.Errorf("the first database removed %d: %v", n, err)
	}
	leave()
	if n, err := second.CollectOrphans(t.Context(), time.Minute); n != 0 || !errors.Is(err, store.ErrForeignDirectory) {
		t.Errorf("the second database removed %d: %v", n, err)
	}
	if n, err := first.CollectOrphans(t.Context(), time.Minute); n != 1 || err != nil {
		t.Errorf("the first database removed %d: %v", n, err)
	}
}

func TestADatabaseThatIsNotUTF8IsRefused(t *testing.T) {
	t.Parallel()
	db := storetest.Empty(t)
	db.Exec(t, `CREATE DATABASE latin1_for_test ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`)
	url := storetest.Named(t, db, "latin1_for_test")
	if _, err := store.Migrate(t.Context(), url); !errors.Is(err, store.ErrEncoding) {
		t.Errorf("Migrate: %v", err)
	}
	if _, err := store.Status(t.Context(), url); !errors.Is(err, store.ErrEncoding) {
		t.Errorf("Status: %v", err)
	}
}
