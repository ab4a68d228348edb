package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// attachmentFileError is an error of a file in the attachment directory. Hint needs the mark, because other paths
// appear in errors too: messages lie in files of the spool, and an import reads a file.
type attachmentFileError struct{ err error }

func (e *attachmentFileError) Error() string { return e.err.Error() }
func (e *attachmentFileError) Unwrap() error { return e.err }

// Is reports that the directory cannot be used when its file system is full or takes no changes: no message is at fault, and
// none is set aside for that.
func (e *attachmentFileError) Is(target error) bool {
	return target == ErrDirectory && (isNoSpace(e.err) || isReadOnly(e.err))
}

// markFile marks err when it names a path in the attachment directory.
func (d attachmentDirectory) markFile(err error) error {
	path, root := pathOf(err), filepath.Clean(d.root)
	if path == "" || d.root == "" || path != root && !strings.HasPrefix(path, root+string(filepath.Separator)) {
		return err
	}
	return &attachmentFileError{err}
}

// FileHint returns a sentence that tells a person what to do about an error of the file system, or "" when it knows
// nothing. The setting is the tag of the configuration that names the directory; it is "" for a path that no tag names.
func FileHint(err error, setting string) string {
	path := pathOf(err)
	if path == "" {
		return ""
	}
	directory := filepath.Dir(path)
	inDirectory := directory
	if setting != "" {
		inDirectory += " (" + setting + ")"
	}
	switch {
	case isNoSpace(err):
		return "free space on the file system of " + inDirectory
	case isReadOnly(err):
		return "mount the file system of " + inDirectory + " for writing"
	case errors.Is(err, fs.ErrPermission) && setting != "":
		return "give the account that the program runs as the right to read and write in " + inDirectory
	case errors.Is(err, fs.ErrPermission):
		return "give the account that the program runs as access to " + path
	case isBelowFile(err, path) && setting != "":
		return "correct " + setting + ": a part of " + wantedDirectory(err, path) + " is a file, not a directory"
	case isBelowFile(err, path):
		return "correct the path: a part of " + path + " is a file, not a directory"
	case errors.Is(err, fs.ErrNotExist) && setting != "":
		return "create " + directory + ", or correct " + setting
	case errors.Is(err, fs.ErrNotExist):
		return "check that " + path + " exists"
	case setting != "":
		return "check the disk or the share of " + inDirectory
	}
	return ""
}

// wantedDirectory returns the directory of the path, or the path itself when the program wanted to make it: then that may be
// the file.
func wantedDirectory(err error, path string) string {
	if one := new(fs.PathError); errors.As(err, &one) && one.Op == "mkdir" {
		return path
	}
	return filepath.Dir(path)
}

// pathOf returns the path that an error of the file system names, "" for any other error.
func pathOf(err error) string {
	var one *fs.PathError
	var two *os.LinkError
	switch {
	case errors.As(err, &one):
		return one.Path
	case errors.As(err, &two):
		return two.New
	}
	return ""
}
