package config

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// mailboxFile is one mailbox file of a service, as far as the loader could read it.
type mailboxFile struct {
	*Mailbox
	*filling
	modified time.Time // zero when unknown
}

// modified returns when a file was last written, the zero time when unknown.
func modified(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// reportCopies notes a mistake in each file that has the mailbox name or the enabled account of another file: two
// workers would lock each other out (RFC 1939 §4). The mistake lies in the copy, so that the daemon goes on polling the
// original.
func reportCopies(files []*mailboxFile) {
	names, accounts := originals(files, (*mailboxFile).nameKey), originals(files, (*mailboxFile).accountKey)
	for _, f := range files {
		if first := names[f.nameKey()]; first != nil && first != f {
			f.mistake(f.at("Name"), "Name", f.shown(f.Name)+" is also the Name in "+first.which(f)+
				" (choose another Name here, or remove one of the two files)")
		}
		if first := accounts[f.accountKey()]; first != nil && first != f {
			f.mistake(f.at("UserName"), "UserName", "account "+f.shown(f.UserName)+" on this server is already polled by "+first.which(f)+
				" (remove one of the two files, or write <Enabled>False</Enabled> here)")
		}
	}
}

// originals returns a file for each key, the original where several files have that key. It leaves out files with the
// key "".
func originals(files []*mailboxFile, key func(*mailboxFile) string) map[string]*mailboxFile {
	found := map[string]*mailboxFile{}
	for _, f := range files {
		if k := key(f); k != "" && (found[k] == nil || f.precedes(found[k])) {
			found[k] = f
		}
	}
	return found
}

// nameKey returns a key that is equal for mailboxes with the same name, "" for a file that could not be read.
func (f *mailboxFile) nameKey() string {
	if f.Mailbox == nil || f.filling != nil && f.first == nil {
		return ""
	}
	return strings.ToLower(f.Name)
}

// accountKey returns a key that is equal for files that poll the same account, "" for a file that polls none.
func (f *mailboxFile) accountKey() string {
	if f.nameKey() == "" || !f.Enabled || f.ServerName == "" || f.UserName == "" {
		return ""
	}
	return net.JoinHostPort(strings.ToLower(f.ServerName), strconv.Itoa(f.Port)) + " " + f.UserName
}

// sameMoment is the largest difference between the times of files that a package or a checkout wrote together.
const sameMoment = 2 * time.Second

// precedes reports whether f is the original of other. The enabled file precedes, then the older one, then the one
// whose name the other extends ("helpdesk.xml" and "helpdesk copy.xml"; some file managers give a copy its original's
// time).
func (f *mailboxFile) precedes(other *mailboxFile) bool {
	if f.Enabled != other.Enabled {
		return f.Enabled
	}
	if later := other.modified.Sub(f.modified); later.Abs() > sameMoment {
		return later > 0
	}
	return f.stem() != other.stem() && strings.Contains(other.stem(), f.stem())
}

// stem returns the name of the file, in lower case and without its extension.
func (f *mailboxFile) stem() string {
	base := strings.ToLower(filepath.Base(f.File))
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// which returns the name of f for a message about its copy, and why f is the original.
func (f *mailboxFile) which(other *mailboxFile) string {
	switch later := other.modified.Sub(f.modified); {
	case f.Enabled != other.Enabled:
		return f.File + ", which is enabled"
	case later > sameMoment:
		return f.File + ", the older file"
	}
	return f.File
}
