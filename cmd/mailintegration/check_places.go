package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mailintegration/store"
)

// place is a directory that the program writes to.
type place struct {
	what string // "spool directory"
	tag  string // the setting that names it
	path string
}

// places checks the directories: whether they can be written to, who owns what is in them, and how much room is left.
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
	// The private server runs as an account of its own at times; the attachments are looked at by themselves.
	c.owners(data, "postgres", filepath.Base(attachments.path))
	c.owners(attachments)
	c.openToOthers()
	c.room(all)
}

// writable checks that a directory can be written to, or made.
func (c *checking) writable(p place) {
	if err := tryDirectory(p.path); err != nil {
		c.failed(exitFailed, p.what, err, store.FileHint(err, p.tag))
		return
	}
	c.ok(p.what, p.path)
}

// tryDirectory writes a file into a directory, or into the one that it would be made in, and removes it.
func tryDirectory(path string) error {
	f, err := os.CreateTemp(nearest(path), "mailintegration-check-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// nearest returns a path, or the nearest of its parents that exists.
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

// Limits of what is looked at below a directory: a check ends, however many attachments there are.
const (
	mostEntries = 10_000
	mostLevels  = 2
)

// ofFileSystem are folders that a file system has at its root, whoever works in it.
var ofFileSystem = []string{"lost+found", ".snapshot"}

// owners checks that this program can work with what lies in a directory. A verb that root ran may have left something of
// root's there, and each message that belongs there fails from then on.
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
		"give it back: chown -R "+of+" "+p.path)
}

// stranger is a file or folder that this program cannot work with.
type stranger struct{ path, owner string }

// strangers returns what cannot be worked with below a directory, and the account that should own it.
func strangers(root string, except []string) (found []stranger, of string) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, ""
	}
	judge := ownershipOf(info)
	entries := 0
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if path == root || err != nil { // a folder that cannot be read was judged before
			return nil
		}
		if entries++; entries > mostEntries {
			return fs.SkipAll
		}
		if filepath.Dir(path) == root && (slices.Contains(ofFileSystem, entry.Name()) || slices.Contains(except, entry.Name())) {
			return skip(entry)
		}
		if owner := judge.stranger(path, entry); owner != "" {
			found = append(found, stranger{path, owner})
			return skip(entry)
		}
		if entry.IsDir() && level(root, path) >= mostLevels {
			return fs.SkipDir
		}
		return nil
	})
	return found, judge.account
}

// skip leaves out what lies below an entry.
func skip(entry fs.DirEntry) error {
	if entry.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// level returns how many steps a path lies below root.
func level(root, path string) int {
	below, err := filepath.Rel(root, path)
	if err != nil {
		return mostLevels
	}
	return strings.Count(below, string(filepath.Separator)) + 1
}

// openToOthers warns of directories with secrets in them that other accounts can look into.
func (c *checking) openToOthers() {
	tokens := filepath.Join(c.service.DataDirectory, "tokens")
	if bits := openTo(c.service.DataDirectory); bits&0o006 != 0 {
		c.warn("data directory", "every account of this machine can look into "+c.service.DataDirectory+": chmod o-rw "+c.service.DataDirectory)
	}
	for _, path := range append([]string{tokens}, below(tokens)...) {
		if bits := openTo(path); bits&0o066 != 0 {
			c.warn("data directory", "other accounts can read "+path+", which holds authorizations: chmod go-rwx "+path)
		}
	}
}

// openTo returns the permissions that a group and others have on a path, 0 where modes say nothing.
func openTo(path string) fs.FileMode {
	info, err := os.Stat(path)
	if err != nil || !modesCount {
		return 0
	}
	return info.Mode().Perm() & 0o077
}

// below returns the files of a directory.
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
