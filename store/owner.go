package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ownerFile says, in an attachment directory, which database collects orphans there.
const ownerFile = ".mailintegration-database"

// ErrForeignDirectory says that another database collects orphans in the attachment directory.
var ErrForeignDirectory = errors.New("the attachment directory belongs to another database")

// own makes the attachment directory this database's, when it is nobody's, and returns ErrForeignDirectory when it is
// another's. Two databases may share a directory by mistake, a test installation or a restored copy with the one it was
// made from; each would take the other's files for orphans.
func (s *Store) own(ctx context.Context) error {
	var id string
	err := s.pool.QueryRow(ctx, `SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || d.oid
		FROM pg_database AS d WHERE d.datname = current_database()`).Scan(&id)
	if err != nil {
		return fmt.Errorf("identify the database: %w", unavailable(ctx, err))
	}
	path := filepath.Join(s.contents.root, ownerFile)
	owner, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return writeOwner(path, id)
	}
	if err != nil {
		return err
	}
	if string(owner) != id+"\n" {
		return fmt.Errorf("%w: nothing was removed; give each its own directory, or remove %s when that database is gone", ErrForeignDirectory, path)
	}
	return nil
}

// writeOwner makes the file, unless another database was faster.
func writeOwner(path, id string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: it was claimed this moment", ErrForeignDirectory)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(id + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}
