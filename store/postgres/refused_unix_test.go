//go:build unix

package postgres_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/store/postgres"
)

// contents returns a digest of every file below dir.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all[path] = fmt.Sprintf("%x", sha256.Sum256(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDataOfAnotherMajorVersionIsRefusedAndNotChanged(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	s := start(t, dir)
	installed := strings.Fields(ask(t, s, `SHOW server_version`))[0]
	stop(t, s)
	write(t, filepath.Join(dir, "cluster", "PG_VERSION"), "11\n", 0o600)
	before := contents(t, filepath.Join(dir, "cluster"))
	said := startFails(t, postgres.Options{DataDirectory: dir})
	major, _, _ := strings.Cut(installed, ".")
	for _, want := range []string{"made by PostgreSQL 11", "installed version is PostgreSQL " + major, "install PostgreSQL 11", "pg_upgrade"} {
		if !strings.Contains(said, want) {
			t.Errorf("the error does not contain %q: %s", want, said)
		}
	}
	if diff := cmp.Diff(before, contents(t, filepath.Join(dir, "cluster"))); diff != "" {
		t.Errorf("the start has changed the data:\n%s", diff)
	}
}

func TestADirectoryWithoutAClusterIsRefusedAndNotChanged(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	if err := os.MkdirAll(filepath.Join(dir, "cluster"), 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(filepath.Join(dir, "cluster"), 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "cluster", "somebody's.txt"), "data", 0o600)
	said := startFails(t, postgres.Options{DataDirectory: dir})
	if !strings.Contains(said, "not a PostgreSQL data directory") {
		t.Error(said)
	}
	if got := read(t, filepath.Join(dir, "cluster", "somebody's.txt")); got != "data" {
		t.Errorf("the file holds %q", got)
	}
}

func TestTheErrorForAnUnreachableParentNamesItAndARemedy(t *testing.T) {
	t.Parallel()
	parent := filepath.Join(filepath.Dir(dataDirectory(t)), "closed")
	if err := os.Mkdir(parent, 0o700); err != nil {
		t.Fatal(err)
	}
	want := []string{"refuses to run as root", "chmod o+x " + parent}
	if os.Geteuid() != 0 { // an ordinary user needs other modes
		if err := os.Chmod(parent, 0o500); err != nil {
			t.Fatal(err)
		}
		want = []string{parent, "permission denied"}
	}
	said := startFails(t, postgres.Options{DataDirectory: filepath.Join(parent, "data")})
	for _, want := range want {
		if !strings.Contains(said, want) {
			t.Errorf("the error does not contain %q: %s", want, said)
		}
	}
}

func TestAMissingPasswordIsAClearError(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	stop(t, start(t, dir))
	if err := os.Remove(filepath.Join(dir, "password")); err != nil {
		t.Fatal(err)
	}
	if said := startFails(t, postgres.Options{DataDirectory: dir}); !strings.Contains(said, "password") || !strings.Contains(said, "backup") {
		t.Error(said)
	}
}

// programs returns a folder with scripts in place of initdb and postgres.
func programs(t *testing.T, initdb, server string) string {
	t.Helper()
	dir := filepath.Join(filepath.Dir(dataDirectory(t)), "bin")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "initdb"), "#!/bin/sh\n"+initdb, 0o755)
	write(t, filepath.Join(dir, "postgres"),
		"#!/bin/sh\n[ \"$1\" = --version ] && echo 'postgres (PostgreSQL) 15.99' && exit\n"+server, 0o755)
	return dir
}

func TestTheErrorNamesTheProgramThatFails(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		bin  func(t *testing.T) string
		says []string
	}{
		{"a folder without the programs", func(t *testing.T) string { return t.TempDir() },
			[]string{"no initdb and postgres", postgres.BinEnvironment}},
		{"an initdb that fails", func(t *testing.T) string { return programs(t, "echo disk is full; exit 1", "") },
			[]string{"initdb", "disk is full"}},
		{"a server that ends", func(t *testing.T) string {
			return programs(t, `echo 15 >"$2/PG_VERSION"`, "echo FATAL: out of order; exit 1")
		}, []string{"15.99", "FATAL: out of order", "server.log"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := dataDirectory(t)
			said := startFails(t, postgres.Options{DataDirectory: dir, BinDirectory: tc.bin(t)})
			for _, want := range tc.says {
				if !strings.Contains(said, want) {
					t.Errorf("the error does not contain %q: %s", want, said)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "cluster.new-*")); len(left) > 0 {
				t.Errorf("%v still exists", left)
			}
		})
	}
}
