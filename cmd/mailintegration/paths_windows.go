package main

import (
	"cmp"
	"os"
	"path/filepath"
)

// defaultConfig is where the service configuration file is looked for.
func defaultConfig() string {
	return filepath.Join(cmp.Or(os.Getenv("ProgramData"), `C:\ProgramData`), "MailIntegration", "mailintegration.xml")
}
