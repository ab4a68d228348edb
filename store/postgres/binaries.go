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
		return namedFolder(named)
	}
	var usual []string
	for _, pattern := range usualFolders() {
		m, _ := filepath.Glob(pattern) // the patterns are constants and well formed
		usual = append(usual, m...)
	}
	slices.SortStableFunc(usual, func(a, b string) int { return cmp.Compare(majorInPath(b), majorInPath(a)) })
	var folders []string
	var refused error
	for _, folder := range append(searchPath(), usual...) {
		if !holdsServer(folder) || slices.Contains(folders, folder) {
			continue
		}
		if err := trustPrograms(folder); err != nil {
			refused = errors.Join(refused, err)
			continue
		}
		folders = append(folders, folder)
	}
	switch {
	case len(folders) > 0:
		return folders, nil
	case refused != nil:
		return nil, refused
	}
	return nil, errNotInstalled()
}

// namedFolder returns the folder that the configuration or the environment names. A relative one would mean whatever the
// current directory has in it.
func namedFolder(folder string) ([]string, error) {
	if !filepath.IsAbs(folder) {
		return nil, fmt.Errorf("%s, which %s or the configuration names as the folder of PostgreSQL's programs, is not an absolute path: "+
			"write it from the root directory on", folder, BinEnvironment)
	}
	if !holdsServer(folder) {
		return nil, fmt.Errorf("no initdb and postgres in %s, which %s or the configuration names as the folder of PostgreSQL's programs",
			folder, BinEnvironment)
	}
	return []string{folder}, trustPrograms(folder)
}

// searchPath returns the folder of the first initdb in PATH, none when there is none. Folders that are relative do not
// count: the current directory is anybody's.
func searchPath() []string {
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		program := binaries{directory: folder}.program("initdb")
		if info, err := os.Stat(program); !filepath.IsAbs(folder) || err != nil || info.IsDir() {
			continue
		}
		if program, err := filepath.EvalSymlinks(program); err == nil && holdsServer(filepath.Dir(program)) {
			return []string{filepath.Dir(program)}
		}
	}
	return nil
}

// trustPrograms returns why the programs in the folder are not run.
func trustPrograms(folder string) error {
	for _, name := range []string{"initdb", "postgres"} {
		path, err := filepath.EvalSymlinks(binaries{directory: folder}.program(name))
		if err != nil {
			return err
		}
		if why := distrustProgram(path); why != "" {
			return fmt.Errorf("%s: %s; give it to root alone (chown root, chmod go-w), or name another folder in %s", path, why, BinEnvironment)
		}
	}
	return nil
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
