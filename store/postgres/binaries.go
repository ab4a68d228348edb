package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// BinEnvironment names the environment variable with the folder of PostgreSQL's programs.
const BinEnvironment = "MAILINTEGRATION_PG_BIN"

// binaries is one installed PostgreSQL.
type binaries struct {
	directory string
	version   string // "15.18"
	major     int
}

func (b binaries) program(name string) string { return filepath.Join(b.directory, name+exe) }

// usualFolders is where packages put the server's programs without adding them to PATH.
func usualFolders() []string {
	return []string{
		"/usr/lib/postgresql/*/bin",                                  // Debian, Ubuntu
		"/usr/pgsql-*/bin",                                           // RPM packages of postgresql.org
		"/usr/lib/postgresql*/bin",                                   // SUSE
		"/usr/lib64/postgresql-*/bin",                                // Gentoo
		"/usr/libexec/postgresql*",                                   // Alpine
		"/opt/homebrew/opt/postgresql*/bin",                          // Homebrew on ARM
		"/usr/local/opt/postgresql*/bin",                             // Homebrew on Intel
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",             // Homebrew on Linux
		"/Applications/Postgres.app/Contents/Versions/*/bin",         // Postgres.app
		filepath.Join(os.Getenv("ProgramFiles"), `PostgreSQL\*\bin`), // EDB's installer for Windows
	}
}

// findBinaries returns the PostgreSQL to use: the first of the wanted major version, or of any when wanted is 0.
func findBinaries(ctx context.Context, explicit string, wanted int) (binaries, error) {
	folders, err := candidates(explicit)
	if err != nil {
		return binaries{}, err
	}
	return choose(ctx, folders, wanted)
}

// choose returns the first of the folders' servers that is of the wanted major version.
func choose(ctx context.Context, folders []string, wanted int) (binaries, error) {
	var found []string
	var broken error
	for _, folder := range folders {
		b, err := inspect(ctx, folder)
		if err != nil {
			broken = err
			continue
		}
		if wanted == 0 || b.major == wanted {
			return b, nil
		}
		found = append(found, fmt.Sprintf("%d (%s)", b.major, b.directory))
	}
	if len(found) == 0 {
		return binaries{}, broken
	}
	return binaries{}, fmt.Errorf("the data was made by PostgreSQL %d, but what is installed is PostgreSQL %s; nothing was changed: "+
		"install PostgreSQL %d beside it (Debian: apt-get install postgresql-%d), or bring the data to the new version with pg_upgrade, "+
		"or begin with an empty database by moving the data directory away", wanted, strings.Join(found, ", "), wanted, wanted)
}

// candidates lists the folders that hold a server, the preferred one first.
func candidates(explicit string) ([]string, error) {
	if named := cmp.Or(explicit, os.Getenv(BinEnvironment)); named != "" {
		if !holdsServer(named) {
			return nil, fmt.Errorf("no initdb and postgres in %s, which %s or the configuration names as the folder of PostgreSQL's programs", named, BinEnvironment)
		}
		return []string{named}, nil
	}
	var folders []string
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err := filepath.EvalSymlinks(p); err == nil && holdsServer(filepath.Dir(p)) {
			folders = append(folders, filepath.Dir(p))
		}
	}
	var usual []string
	for _, pattern := range usualFolders() {
		m, _ := filepath.Glob(pattern) // the patterns are constants and well formed
		usual = append(usual, m...)
	}
	slices.SortStableFunc(usual, func(a, b string) int { return cmp.Compare(majorInPath(b), majorInPath(a)) })
	for _, folder := range usual {
		if holdsServer(folder) && !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	if len(folders) == 0 {
		return nil, errNotInstalled()
	}
	return folders, nil
}

func errNotInstalled() error {
	how := "install PostgreSQL's server (Debian, Ubuntu: apt-get install postgresql; Fedora, RHEL: dnf install postgresql-server)"
	switch runtime.GOOS {
	case "windows":
		how = "install PostgreSQL (postgresql.org/download/windows)"
	case "darwin":
		how = "install PostgreSQL (brew install postgresql)"
	}
	return errors.New("PostgreSQL's server programs (initdb, postgres) are neither in PATH nor in the usual folders: " + how +
		", or name their folder in " + BinEnvironment + ", or configure Database")
}

func holdsServer(folder string) bool {
	b := binaries{directory: folder}
	for _, name := range []string{"initdb", "postgres"} {
		if info, err := os.Stat(b.program(name)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

var digits = regexp.MustCompile(`\d+`)

// majorInPath guesses the major version from a folder's name; 0 when it has none.
func majorInPath(folder string) int {
	all := digits.FindAllString(folder, -1)
	if len(all) == 0 {
		return 0
	}
	n, err := strconv.Atoi(all[len(all)-1])
	if err != nil {
		return 0
	}
	return n
}

var versionOutput = regexp.MustCompile(`\(PostgreSQL\) ((\d+)[^\s]*)`)

// inspect asks the server in folder for its version.
func inspect(ctx context.Context, folder string) (binaries, error) {
	b := binaries{directory: folder}
	out, err := exec.CommandContext(ctx, b.program("postgres"), "--version").Output()
	if err != nil {
		return binaries{}, fmt.Errorf("ask %s for its version: %w", b.program("postgres"), err)
	}
	m := versionOutput.FindSubmatch(out)
	if m == nil {
		return binaries{}, fmt.Errorf("%s --version said %q, not its version", b.program("postgres"), strings.TrimSpace(string(out)))
	}
	b.version = string(m[1])
	b.major, err = strconv.Atoi(string(m[2]))
	return b, err
}
