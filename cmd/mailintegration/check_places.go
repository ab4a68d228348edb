package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// place is a directory that the program writes to.
type place struct {
	what string // "spool directory"
	tag  string // the tag that names it
	path string
}

// places checks the directories: whether the program can write to them, who owns the files in them, and how much room is
// left.
func (c *checking) places(in *installation) {
	data := place{"data directory", "DataDirectory", c.service.DataDirectory}
	attachments := place{"attachment directory", "AttachmentDirectory", c.service.AttachmentDirectory}
	spool := place{"spool directory", "SpoolDirectory", c.service.SpoolDirectory}
	all := []place{data, attachments, spool}
	if c.service.LogDirectory != "" {
		all = append(all, place{"log directory", "LogDirectory", c.service.LogDirectory})
	}
	c.attachments(in)
	for _, p := range all[2:] {
		c.writable(p)
	}
	// The private PostgreSQL may run as an account of its own. The attachments are checked separately.
	c.owners(data, "postgres", filepath.Base(attachments.path))
	c.owners(attachments)
	c.openToOthers()
	c.room(all)
}

// writable checks that the program can write to a directory, or make it.
func (c *checking) writable(p place) {
	if err := tryDirectory(p.path); err != nil {
		c.failed(exitFailed, p.what, err, (&directoryError{p.what, p.tag, err}).Hint())
		return
	}
	c.ok(p.what, p.path)
}

// tryDirectory makes and removes a file in a directory, or in the directory in which it would be made.
func tryDirectory(path string) error {
	f, err := os.CreateTemp(nearest(path), "mailintegration-check-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// nearest returns path if it exists, or else its nearest parent that does.
func nearest(path string) string {
	for {
		_, err := os.Stat(path)
		parent := filepath.Dir(path)
		if !errors.Is(err, fs.ErrNotExist) || parent == path {
			return path
		}
		path = parent
	}
}

// Limits of the search below a directory: a check ends, however many attachments there are.
const (
	mostEntries = 10_000
	mostLevels  = 2
)

// ofFileSystem names the folders that a file system itself makes at its root.
var ofFileSystem = []string{"lost+found", ".snapshot"}

// owners checks that this program can use the files in a directory. A verb that root ran may have left a folder of root's
// there, and from then on each message that belongs into it fails.
func (c *checking) owners(p place, except ...string) {
	bad, of := strangers(p.path, except)
	if len(bad) == 0 {
		return
	}
	more := ""
	if len(bad) > 1 {
		more = fmt.Sprintf(" (and %d more)", len(bad)-1)
	}
	c.failed(exitFailed, p.what, fmt.Errorf("%s%s belongs to %s and cannot be written by %s", bad[0].path, more, bad[0].owner, of),
		"run chown -R "+of+" "+p.path)
}

// stranger is a file or folder of another account, which this program cannot use.
type stranger struct{ path, owner string }

// strangers returns the files and folders below root that this program cannot use, and the account that should own them.
func strangers(root string, except []string) (found []stranger, of string) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, ""
	}
	owner := ownershipOf(info)
	entries := 0
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if path == root || err != nil { // a folder that cannot be read was found as an entry of its parent
			return nil
		}
		if entries++; entries > mostEntries {
			return fs.SkipAll
		}
		if filepath.Dir(path) == root && (slices.Contains(ofFileSystem, entry.Name()) || slices.Contains(except, entry.Name())) {
			return skip(entry)
		}
		if other := owner.stranger(path, entry); other != "" {
			found = append(found, stranger{path, other})
			return skip(entry)
		}
		if entry.IsDir() && level(root, path) >= mostLevels {
			return fs.SkipDir
		}
		return nil
	})
	return found, owner.account
}

// skip tells WalkDir to leave out what is below an entry.
func skip(entry fs.DirEntry) error {
	if entry.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// level returns how many folders deep a path lies below root; an entry of root has level 1.
func level(root, path string) int {
	below, err := filepath.Rel(root, path)
	if err != nil {
		return mostLevels
	}
	return strings.Count(below, string(filepath.Separator)) + 1
}

// openToOthers warns of directories and files with secrets that other accounts can read.
func (c *checking) openToOthers() {
	tokens := filepath.Join(c.service.DataDirectory, "tokens")
	if bits := openTo(c.service.DataDirectory); bits&0o006 != 0 {
		c.warn("data directory", "every account on this machine can look into "+c.service.DataDirectory+
			"; run chmod o-rw "+c.service.DataDirectory)
	}
	for _, path := range append([]string{tokens}, below(tokens)...) {
		if bits := openTo(path); bits&0o066 != 0 {
			c.warn("data directory", "other accounts can read "+path+", which holds authorizations; run chmod go-rwx "+path)
		}
	}
}

// openTo returns the permissions of the group and of others on a path, 0 where permissions do not decide who may read it.
func openTo(path string) fs.FileMode {
	info, err := os.Stat(path)
	if err != nil || !modesCount {
		return 0
	}
	return info.Mode().Perm() & 0o077
}

// below returns the paths of the entries of a directory.
func below(directory string) []string {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil
	}
	var paths []string
	for _, e := range entries[:min(len(entries), mostEntries)] {
		paths = append(paths, filepath.Join(directory, e.Name()))
	}
	return paths
}
