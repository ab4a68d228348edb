package postgres

import (
	"cmp"
	"os"
	"path/filepath"
)

// usualFolders returns a pattern for the folders in which EDB's installer puts the server's programs.
func usualFolders() []string {
	return []string{filepath.Join(cmp.Or(os.Getenv("ProgramFiles"), `C:\Program Files`), `PostgreSQL\*\bin`)}
}
