package config

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// mailboxFile is one mailbox file of a service, as far as it could be read.
type mailboxFile struct {
	*Mailbox
	*filling
	modified time.Time // zero when it is not known
}

// modified returns when a file was written last.
func modified(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// tellCopies notes a mistake in each file that names a mailbox or an enabled account as another file does: they would be two
// workers that lock each other out (RFC 1939 §4). The mistake lies in the copy, so that the original is polled as before.
func tellCopies(files []*mailboxFile) {
	names, accounts := originals(files, (*mailboxFile).nameKey), originals(files, (*mailboxFile).accountKey)
	for _, f := range files {
		if first := names[f.nameKey()]; first != nil && first != f {
			f.mistake(f.at("Name"), "Name", f.shown(f.Name)+" is also the Name of "+first.which(f)+
				" (write another Name here, or remove one of the two files)")
		}
		if first := accounts[f.accountKey()]; first != nil && first != f {
			f.mistake(f.at("UserName"), "UserName", f.shown(f.UserName)+" on this server is also polled by "+first.which(f)+
				" (remove one of the two files, or write <Enabled>False</Enabled> here)")
		}
	}
}

// originals returns the file that has each key, the original where several have one. Files with the key "" are left out.
func originals(files []*mailboxFile, key func(*mailboxFile) string) map[string]*mailboxFile {
	found := map[string]*mailboxFile{}
	for _, f := range files {
		if k := key(f); k != "" && (found[k] == nil || f.precedes(found[k])) {
			found[k] = f
		}
	}
	return found
}

// nameKey returns what is the same for two mailboxes of one name, "" for a file that could not be read.
func (f *mailboxFile) nameKey() string {
	if f.Mailbox == nil || f.first == nil {
		return ""
	}
	return strings.ToLower(f.Name)
}

// accountKey returns what is the same for two files that poll one account, "" for a file that polls none.
func (f *mailboxFile) accountKey() string {
	if f.nameKey() == "" || !f.Enabled || f.ServerName == "" || f.UserName == "" {
		return ""
	}
	return net.JoinHostPort(strings.ToLower(f.ServerName), strconv.Itoa(f.Port)) + " " + f.UserName
}

// sameMoment is how far apart the times of files may be that were written together, by a package or a checkout.
const sameMoment = 2 * time.Second

// precedes reports whether f is the original of other: it is enabled, or older, or the other's name has something added to it
// ("helpdesk.xml" and "helpdesk copy.xml"; some file managers give a copy the time of its original).
func (f *mailboxFile) precedes(other *mailboxFile) bool {
	if f.Enabled != other.Enabled {
		return f.Enabled
	}
	if later := other.modified.Sub(f.modified); later.Abs() > sameMoment {
		return later > 0
	}
	return f.stem() != other.stem() && strings.Contains(other.stem(), f.stem())
}

func (f *mailboxFile) stem() string {
	base := strings.ToLower(filepath.Base(f.File))
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// which names f for a message about its copy, and says what makes f the original.
func (f *mailboxFile) which(other *mailboxFile) string {
	switch later := other.modified.Sub(f.modified); {
	case f.Enabled != other.Enabled:
		return f.File + ", which is enabled"
	case later > sameMoment:
		return f.File + ", the older file"
	}
	return f.File
}
