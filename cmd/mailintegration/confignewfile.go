package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mailintegration/config"
)

// optionalTags returns the tags that a new mailbox file shows in comments: those that people often want to change.
func (n *newMailbox) optionalTags() []string {
	all := []string{"Enabled", "LeaveOnServer", "IgnoredAttachments", "IncludeRawMessageAsAttachment", "MaxMessageSize", "TrustedCertificate"}
	if n.opens() == opensEvent {
		all = append(all, "Group", "Assignee")
	} else {
		all = append(all, "IncidentFallbackSiteName", "IncidentSource", "IncidentPriority", "IncidentGroup", "CreateNewRequests",
			"AcknowledgeNewRequests", "UnknownFollowUp", "ClosedFollowUp")
	}
	if n.before != nil {
		all = append(all, "Login", "Team")
	}
	return slices.DeleteFunc(all, func(tag string) bool { return n.values[tag] != "" })
}

// mailboxFile returns the new mailbox file.
func (n *newMailbox) mailboxFile(values map[string]string) ([]byte, error) {
	name := n.values["Name"]
	return config.Composition{
		Heading: []string{
			fmt.Sprintf("The mailbox %s: each new message opens %s.", name, map[string]string{
				opensIncident: "an incident", opensServiceRequest: "a service request", opensEvent: "an event",
			}[n.opens()]),
			"Written by mailintegration config new. " + asTyped("config", "edit", name) + " changes it, and",
			"mailintegration config reference explains every tag. Settings within comments have no effect.",
		},
		Values: values, Optional: n.optionalTags(),
	}.Octets()
}

// serviceFile returns the new service file.
func (n *newMailbox) serviceFile() ([]byte, error) {
	values := map[string]string{"Mailboxes": "mailboxes/*.xml", "Login": n.service["Login"], "Team": n.service["Team"]}
	return config.Composition{
		IsService: true,
		Heading: []string{
			"The service file: what all mailboxes have in common. Written by mailintegration config new.",
			"Without Database, a private PostgreSQL runs in DataDirectory. Settings within comments have no effect.",
		},
		Values: values, Optional: []string{"Database", "DataDirectory", "AttachmentDirectory", "LogDirectory", "Listen", "LogLevel", "Retention"},
	}.Octets()
}

// finish shows the file, asks whether it is right, writes it, and says what comes next.
func (n *newMailbox) finish() error {
	path := n.target(n.values["Name"])
	octets, err := n.mailboxFile(n.values)
	if err != nil {
		return err
	}
	if err := n.validate(path); err != nil {
		return err
	}
	if n.cmd.DryRun {
		return n.show(n.stdout, path, "would be")
	}
	if err := n.reachable(path); err != nil {
		return err
	}
	if n.input != nil {
		if err := n.show(n.stderr, path, "will be"); err != nil {
			return err
		}
		what := "Writes " + path
		if n.before == nil {
			what += " and " + n.config
		}
		write, err := n.confirm("Write it?", what, true)
		if err == nil && !write {
			err = errStopped
		}
		if err != nil {
			return err
		}
	}
	if err := n.addNames(); err != nil {
		return err
	}
	if n.known != nil {
		for _, m := range n.newest(1) {
			n.last = m.SHA256
		}
	}
	if err := n.writeAlone(path, octets); err != nil {
		return err
	}
	return n.sayNext()
}

// show prints the files without the password to w, and their paths to standard error.
func (n *newMailbox) show(w io.Writer, path, verb string) error {
	octets, err := n.mailboxFile(withoutPassword(n.values))
	if err != nil {
		return err
	}
	fmt.Fprintf(n.stderr, "\n%s %s:\n\n", inOneLine(path), verb)
	if _, err := w.Write(octets); err != nil || n.before != nil {
		return err
	}
	if octets, err = n.serviceFile(); err != nil {
		return err
	}
	fmt.Fprintf(n.stderr, "\n%s %s:\n\n", inOneLine(n.config), verb)
	_, err = w.Write(octets)
	return err
}

// writeAlone writes the files, the password encrypted if the person wants that, while no other run changes any.
func (n *newMailbox) writeAlone(path string, octets []byte) error {
	unlock, err := n.lockFiles()
	if err != nil {
		return err
	}
	defer unlock()
	if n.encrypts {
		if octets, err = n.encrypted(); err != nil {
			return err
		}
	}
	return n.write(path, octets)
}

// reachable returns an error if a folder above the new files would keep the daemon from reading them.
func (n *newMailbox) reachable(path string) error {
	for _, file := range []string{path, n.values["PasswordFile"]} {
		if why := barrier(file, n.inEffect().DataDirectory); file != "" && why != "" {
			return &failure{code: exitFailed, err: fmt.Errorf("nothing was written: %s", why), hint: "do that, then run this again"}
		}
	}
	return nil
}

// encrypted returns the mailbox file with the password encrypted. It makes the key if there is none.
func (n *newMailbox) encrypted() ([]byte, error) {
	keys := encryption{env: n.env, source: n.keys(), service: n.before, replace: replaceFile, create: createKeyFile}
	err := keys.open()
	if err == nil && keys.ring == nil {
		err = keys.makeKey()
	}
	if err != nil {
		return nil, err
	}
	if n.values["Password"], err = keys.ring.Encrypt(n.password); err != nil {
		return nil, err
	}
	return n.mailboxFile(n.values)
}

// withoutPassword returns values without the password itself.
func withoutPassword(values map[string]string) map[string]string {
	shown := map[string]string{}
	for tag, value := range values {
		if tag == "Password" {
			value = "…"
		}
		shown[tag] = value
	}
	return shown
}

// validate reads the new file as the daemon will, before it is written. The password stands in it for the file that will hold it.
func (n *newMailbox) validate(path string) error {
	values := map[string]string{}
	for tag, value := range n.values {
		values[tag] = value
	}
	if values["PasswordFile"] != "" {
		delete(values, "PasswordFile")
		values["Password"] = n.password
	}
	octets, err := n.mailboxFile(values)
	if err != nil {
		return err
	}
	draft := config.Draft{Path: path, Octets: octets}
	if n.before == nil {
		_, _, err := config.LoadMailboxDraft(draft, n.keys())
		return err
	}
	service, _, err := config.LoadDraft(n.config, n.keys(), draft)
	var broken *config.Error
	if errors.As(err, &broken) {
		own := slices.DeleteFunc(slices.Clone(broken.Mistakes), func(m config.Mistake) bool { return m.File != path })
		if len(own) > 0 {
			return &config.Error{Mistakes: own}
		}
	}
	return n.namedBy(service, path)
}

// write writes the files: first what the others name, so that a daemon that reads meanwhile finds whole ones.
func (n *newMailbox) write(path string, octets []byte) (err error) {
	type file struct {
		path, what string
		octets     []byte
	}
	var files []file
	if n.values["PasswordFile"] != "" {
		files = append(files, file{n.values["PasswordFile"], "the password", []byte(n.password + "\n")})
	}
	files = append(files, file{path, "the mailbox " + n.values["Name"], octets})
	if n.before == nil {
		service, err := n.serviceFile()
		if err != nil {
			return err
		}
		files = append(files, file{n.config, "the service file", service})
	}
	for i, f := range files {
		err := createFile(f.path, f.octets)
		if err == nil {
			err = letDaemonFind(f.path, n.inEffect().DataDirectory)
		}
		if err != nil {
			for _, done := range files[:i] {
				_ = os.Remove(done.path) // all or nothing; the first error is the one to know
			}
			hint := "run this as root, or as the account that the folder " + filepath.Dir(f.path) + " belongs to"
			if errors.Is(err, os.ErrExist) {
				hint = "remove " + f.path + " if nothing needs it, or choose another name"
			}
			return &failure{code: exitFailed, err: fmt.Errorf("nothing was written: %w", err), hint: hint}
		}
	}
	n.written = time.Now()
	for _, f := range files {
		printLine(n.stdout, "written  %s: %s", f.path, f.what)
	}
	return nil
}

// teamAndLogin returns the names that the requests of the mailbox are recorded under.
func (n *newMailbox) teamAndLogin() (team, login string) {
	team, login = n.values["Team"], n.values["Login"]
	service := n.inEffect()
	team, login = cmp.Or(team, service.Team), cmp.Or(login, service.Login)
	if n.before == nil {
		team, login = n.service["Team"], n.service["Login"]
	}
	return strings.TrimSpace(team), strings.TrimSpace(login)
}
