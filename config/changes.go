package config

import (
	"bytes"
	"crypto/tls"
	"path/filepath"
	"reflect"
	"slices"
)

// Changes says what differs between two configurations, by the names of tags and mailboxes. It has no values, and so no
// secrets.
type Changes struct {
	Settings []string // tags of the service file that take effect when the file is read again
	Restart  []string // tags of the service file that take effect only when the daemon starts

	Mailboxes []MailboxChange // in the order of their files; removed ones come last
}

// MailboxChange says what has changed in one mailbox.
type MailboxChange struct {
	Name string
	How  Change
	Tags []string // of the mailbox file, for Changed, Enabled and Disabled
}

// Change says what has become of a mailbox.
type Change string

// The values of Change.
const (
	Added    Change = "added"
	Changed  Change = "changed"
	Enabled  Change = "enabled"
	Disabled Change = "disabled"
	Removed  Change = "removed"
)

// IsEmpty reports whether nothing differs.
func (c Changes) IsEmpty() bool {
	return len(c.Settings) == 0 && len(c.Restart) == 0 && len(c.Mailboxes) == 0
}

// Compare returns what differs between the configuration before and the one after it.
func Compare(before, after *Service) Changes {
	var c Changes
	old, changed := reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem()
	for _, tag := range ServiceTags() {
		switch {
		case tag.isEqual(old, changed) || before.isDerived(tag) && after.isDerived(tag):
		case tag.Restart:
			c.Restart = append(c.Restart, tag.Name)
		default:
			c.Settings = append(c.Settings, tag.Name)
		}
	}
	if !isSameSmtp(before.Smtp, after.Smtp) {
		c.Settings = append(c.Settings, smtpName)
	}
	if !isSamePair(before.ListenTLS, after.ListenTLS) && !slices.Contains(c.Settings, "ListenCertificate") {
		c.Settings = append(c.Settings, "ListenCertificate") // the file has changed
	}
	c.Mailboxes = compareMailboxes(before.Mailboxes, after.Mailboxes)
	return c
}

// isDerived reports whether the value of a tag is its default below DataDirectory.
func (s *Service) isDerived(tag Tag) bool {
	switch tag.Name {
	case "AttachmentDirectory":
		return s.AttachmentDirectory == filepath.Join(s.DataDirectory, "attachments")
	case "SpoolDirectory":
		return s.SpoolDirectory == filepath.Join(s.DataDirectory, "spool")
	}
	return false
}

// KeepUntilRestart sets every setting that takes effect only when the daemon starts to its value in running.
func (s *Service) KeepUntilRestart(running *Service) {
	to, from := reflect.ValueOf(s).Elem(), reflect.ValueOf(running).Elem()
	for _, tag := range ServiceTags() {
		if tag.Restart {
			to.FieldByIndex(tag.index).Set(from.FieldByIndex(tag.index))
		}
	}
}

// compareMailboxes returns what has become of each mailbox, by its name.
func compareMailboxes(before, after []*Mailbox) []MailboxChange {
	var changes []MailboxChange
	for _, m := range after {
		if old := named(before, m.Name); old == nil {
			changes = append(changes, MailboxChange{Name: m.Name, How: Added})
		} else if tags := changedTags(old, m); len(tags) > 0 {
			changes = append(changes, MailboxChange{m.Name, how(old, m), tags})
		}
	}
	for _, old := range before {
		if named(after, old.Name) == nil {
			changes = append(changes, MailboxChange{Name: old.Name, How: Removed})
		}
	}
	return changes
}

// named returns the mailbox with a name, nil when there is none.
func named(mailboxes []*Mailbox, name string) *Mailbox {
	i := slices.IndexFunc(mailboxes, func(m *Mailbox) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return mailboxes[i]
}

// how returns what has become of a mailbox whose tags differ.
func how(before, after *Mailbox) Change {
	switch {
	case after.Enabled && !before.Enabled:
		return Enabled
	case before.Enabled && !after.Enabled:
		return Disabled
	}
	return Changed
}

// changedTags returns the tags whose values differ. The contents of the files that a mailbox file names are values of the
// tags that name them.
func changedTags(before, after *Mailbox) []string {
	var tags []string
	add := func(name string) {
		if !slices.Contains(tags, name) {
			tags = append(tags, name)
		}
	}
	old, changed := reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem()
	for _, tag := range MailboxTags() {
		if tag.isEqual(old, changed) {
			continue
		}
		switch {
		case tag.Name == "Password" && after.PasswordFile != "":
			add("PasswordFile")
		case tag.Name == "ClientSecret" && after.ClientSecretFile != "":
			add("ClientSecretFile")
		default:
			add(tag.Name)
		}
	}
	if !before.Roots.Equal(after.Roots) {
		add("TrustedCertificate")
	}
	if before.SecurityAssumed != after.SecurityAssumed {
		add("SecureSocketOption")
	}
	if !slices.EqualFunc(before.Filters, after.Filters, isSameFilter) {
		add(filtersName)
	}
	if !isSameSmtp(before.Smtp, after.Smtp) {
		add(smtpName)
	}
	return tags
}

// isSameFilter reports whether two filters do the same, wherever they stand in their files.
func isSameFilter(a, b Filter) bool {
	a.Line, b.Line = 0, 0
	return reflect.DeepEqual(a, b)
}

// isSameSmtp reports whether mail is sent in the same way, wherever the two stand in their files.
func isSameSmtp(a, b *Smtp) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for _, tag := range SmtpTags() {
		if !tag.isEqual(x, y) {
			return false
		}
	}
	return a.Roots.Equal(b.Roots)
}

// isSamePair reports whether two certificates are the same: a key belongs to one certificate only.
func isSamePair(a, b *tls.Certificate) bool {
	if a == nil || b == nil {
		return a == b
	}
	return slices.EqualFunc(a.Certificate, b.Certificate, bytes.Equal)
}

// isEqual reports whether two structs have the same value in the tag's field.
func (t Tag) isEqual(a, b reflect.Value) bool {
	x, y := a.FieldByIndex(t.index).Interface(), b.FieldByIndex(t.index).Interface()
	if secret, is := x.(Secret); is {
		return secret.Equal(y.(Secret))
	}
	return t.kind.format(x) == t.kind.format(y)
}
