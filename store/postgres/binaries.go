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

// BinEnvironment is the environment variable that names the folder of PostgreSQL's programs.
const BinEnvironment = "MAILINTEGRATION_PG_BIN"

// binaries is one installation of PostgreSQL's programs.
type binaries struct {
	directory string
	version   string // "15.18"
	major     int
}

// program returns the path of one program.
func (b binaries) program(name string) string { return filepath.Join(b.directory, name+exe) }

// findBinaries returns the installation to use: the first of the wanted major version, or the first of all when wanted
// is 0.
func findBinaries(ctx context.Context, explicit string, wanted int) (binaries, error) {
	folders, err := candidates(explicit)
	if err != nil {
		return binaries{}, err
	}
	return choose(ctx, folders, wanted)
}

// choose returns the first installation in folders that has the wanted major version.
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
	return binaries{}, fmt.Errorf("the data was made by PostgreSQL %d, but the installed version is PostgreSQL %s; nothing was changed: "+
		"install PostgreSQL %d as well (Debian: apt-get install postgresql-%d), or convert the data to the new version with pg_upgrade, "+
		"or move the data directory away to begin with an empty database", wanted, strings.Join(found, ", "), wanted, wanted)
}

// candidates returns the folders with a server, the preferred one first.
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

// namedFolder returns the folder that the caller or the environment names. A relative folder would mean whatever the
// current directory contains.
func namedFolder(folder string) ([]string, error) {
	if !filepath.IsAbs(folder) {
		return nil, fmt.Errorf("the folder of PostgreSQL's programs, %s, is not an absolute path: "+
			"name it from the root directory on in %s", folder, BinEnvironment)
	}
	if !holdsServer(folder) {
		return nil, fmt.Errorf("no initdb and postgres in %s: name the folder of PostgreSQL's server programs in %s",
			folder, BinEnvironment)
	}
	return []string{folder}, trustPrograms(folder)
}

// searchPath returns the folder of the first initdb in PATH, if any. Relative folders do not count: anybody may own the
// current directory.
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

// trustPrograms returns an error that says why this program does not run the programs in the folder, nil when it does.
func trustPrograms(folder string) error {
	for _, name := range []string{"initdb", "postgres"} {
		path, err := filepath.EvalSymlinks(binaries{directory: folder}.program(name))
		if err != nil {
			return err
		}
		if why := distrustProgram(path); why != "" {
			return fmt.Errorf("%s: %s; make it root's alone (chown root, chmod go-w), or name another folder in %s", path, why, BinEnvironment)
		}
	}
	return nil
}

// errNotInstalled returns an error that says how to install PostgreSQL's server.
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

// holdsServer reports whether a folder contains a server's programs.
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

// majorInPath guesses the major version from the name of a folder, 0 when the name has none.
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

// inspect returns the installation in a folder, having asked it for its version.
func inspect(ctx context.Context, folder string) (binaries, error) {
	b := binaries{directory: folder}
	out, err := exec.CommandContext(ctx, b.program("postgres"), "--version").Output()
	if err != nil {
		return binaries{}, fmt.Errorf("ask %s for its version: %w", b.program("postgres"), err)
	}
	m := versionOutput.FindSubmatch(out)
	if m == nil {
		return binaries{}, fmt.Errorf("%s --version printed %q, not its version: reinstall PostgreSQL, or name another folder in %s",
			b.program("postgres"), strings.TrimSpace(string(out)), BinEnvironment)
	}
	b.version = string(m[1])
	b.major, err = strconv.Atoi(string(m[2]))
	return b, err
}
