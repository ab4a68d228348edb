package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"mailintegration/cmd/mailintegration/octopus"
)

// maxSmall limits the size of a file that service adopt reads. A crontab or a task has some kilobytes.
const maxSmall = 4 << 20

// readSmall reads a regular file.
func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path) // first, because opening a pipe could block for ever
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSmall {
		return nil, fmt.Errorf("%s is not a file of at most %d MB", path, maxSmall>>20)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSmall))
}

// openCalled opens a batch file that another file calls.
func openCalled(name, folder, from string) (string, []byte, error) {
	path, err := locate(name, folder, from)
	if err != nil {
		return "", nil, err
	}
	octets, err := readSmall(path)
	return path, octets, err
}

// locate returns the absolute path of a file that a file names: as it is named, in the folder where the program is started, or,
// for files that were copied here from another machine, beside the file that names it.
func locate(name, folder, from string) (string, error) {
	beside := "."
	if from != "" {
		beside = filepath.Dir(from)
	}
	base := name[strings.LastIndexAny(name, `\/`)+1:]
	var tried []string
	for _, candidate := range []string{octopus.Join(folder, name), octopus.Join(beside, name), filepath.Join(beside, base)} {
		path, err := filepath.Abs(withSeparators(candidate))
		if err != nil || slices.Contains(tried, path) {
			continue
		}
		if path, found := existing(path); found {
			return path, nil
		}
		tried = append(tried, path)
	}
	return "", errors.New("no such file: looked for " + strings.Join(tried, " and "))
}

// withSeparators returns a path of Windows with the separators of this system.
func withSeparators(path string) string {
	if runtime.GOOS == "windows" {
		return path
	}
	return strings.ReplaceAll(path, `\`, "/")
}

// existing returns the path of a regular file, in upper or lower case: Windows does not tell them apart.
func existing(path string) (string, bool) {
	isFile := func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.Mode().IsRegular()
	}
	if isFile(path) {
		return path, true
	}
	entries, _ := os.ReadDir(filepath.Dir(path)) // without the folder there is no file
	for _, e := range entries {
		other := filepath.Join(filepath.Dir(path), e.Name())
		if strings.EqualFold(e.Name(), filepath.Base(path)) && isFile(other) {
			return other, true
		}
	}
	return "", false
}
