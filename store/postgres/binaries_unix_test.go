//go:build unix

package postgres

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// installation returns a folder with a postgres of that version.
func installation(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + " (Debian)'\n"
	if err := os.WriteFile(filepath.Join(dir, "postgres"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTheInstallationOfTheWantedVersionIsChosen(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		installed []string
		wanted    int
		want      string
		says      string
	}{
		{"new data uses the first installation", []string{"17.2", "15.18"}, 0, "17.2", ""},
		{"data needs the version that made it", []string{"17.2", "15.18", "15.1"}, 15, "15.18", ""},
		{"a beta has a version too", []string{"19beta1"}, 19, "19beta1", ""},
		{"an error names the installed and the wanted version", []string{"17.2", "16.1"}, 15, "",
			"made by PostgreSQL 15, but the installed version is PostgreSQL 17"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var folders []string
			for _, version := range tc.installed {
				folders = append(folders, installation(t, version))
			}
			b, err := choose(t.Context(), folders, tc.wanted)
			if b.version != tc.want || (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("chose %q, %v; want %q, %q", b.version, err, tc.want, tc.says)
			}
		})
	}
}

func TestTheMajorVersionIsGuessedFromThePath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]int{
		"/usr/lib/postgresql/15/bin":                               15,
		"/usr/pgsql-17/bin":                                        17,
		"/opt/homebrew/opt/postgresql@16/bin":                      16,
		"/Applications/Postgres.app/Contents/Versions/latest/bin":  0,
		`C:\Program Files\PostgreSQL\18\bin`:                       18,
		"/usr/lib/postgresql/99999999999999999999999999999999/bin": 0,
	} {
		if got := majorInPath(path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
}
