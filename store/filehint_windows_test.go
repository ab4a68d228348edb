package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/store"
)

func TestAMissingDirectoryIsNotTakenForAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "missing", "attachments"): "create " + filepath.Join(dir, "missing"),
		filepath.Join(file, "attachments"):           "is a file, not a directory",
		filepath.Join(file, "below", "attachments"):  "is a file, not a directory",
	} {
		if hint := store.FileHint(os.Mkdir(path, 0o700), "AttachmentDirectory"); !strings.Contains(hint, want) {
			t.Errorf("%s: %q, want %q", path, hint, want)
		}
	}
}
