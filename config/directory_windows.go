package config

import (
	"cmp"
	"os"
	"path/filepath"
)

// defaultDataDirectory returns a folder below the one that Windows has for the data of services.
func defaultDataDirectory() string {
	return filepath.Join(cmp.Or(os.Getenv("ProgramData"), `C:\ProgramData`), "MailIntegration")
}
