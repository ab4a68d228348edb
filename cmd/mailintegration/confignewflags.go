package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mailintegration/config"
)

// flags checks the command line before the program asks or tries anything: nobody shall learn of a mistake only after a log-in.
func (n *newMailbox) flags() error {
	c := n.cmd
	var wrong []error
	for _, q := range []question{
		{flag: "opens", given: c.Opens, choices: opensChoices},
		{flag: "server", given: c.Server, check: checkServer},
		{flag: "trusted-certificate", given: c.TrustedCertificate, check: n.checkCertificate},
		n.about("UserName", question{flag: "user-name", given: c.UserName}),
		n.about("ClientId", question{flag: "client-id", given: c.ClientID}),
		n.about("TenantId", question{flag: "tenant-id", given: c.TenantID}),
		n.about("Login", question{flag: "login", given: c.Login}),
		n.about("Team", question{flag: "team", given: c.Team}),
		n.about("IncidentFallbackUserLogon", question{flag: "fallback-user", given: c.FallbackUser}),
		n.about("NewSRBodyEnclosingToken", question{flag: "enclosing-token", given: c.EnclosingToken}),
		n.about("Group", question{flag: "group", given: c.Group}),
		n.about("Name", question{flag: "name", given: c.Name, check: n.checkName}),
		n.about("Schedule", question{flag: "schedule", given: c.Schedule}),
		{flag: "keep-password", given: c.KeepPassword, choices: keepChoices},
	} {
		if q.given == "" {
			continue
		}
		_, err := n.ask(q)
		wrong = append(wrong, err)
	}
	return errors.Join(append(wrong, n.checkPasswordFile(), n.isNamed())...)
}

// mayWrite returns an error if this account cannot write the new files.
func (n *newMailbox) mayWrite() error {
	folders := []string{filepath.Dir(n.target("new"))}
	if n.before == nil {
		folders = append(folders, filepath.Dir(n.config))
	}
	for _, folder := range folders {
		if err := mayWriteBelow(folder); err != nil && !n.cmd.DryRun {
			return &failure{
				code: exitFailed, err: fmt.Errorf("nothing was written: %w", err),
				hint: "run this as root or administrator, or as the account that the folder belongs to",
			}
		}
	}
	return nil
}

// checkPasswordFile returns an error unless the password can be read from its file. It leaves a pipe alone, which is read only once.
func (n *newMailbox) checkPasswordFile() error {
	if n.cmd.PasswordFile == "" {
		return nil
	}
	if info, err := os.Stat(n.cmd.PasswordFile); err == nil && !info.Mode().IsRegular() {
		return nil
	}
	_, err := n.passwordOf(n.cmd.PasswordFile)
	return err
}

// passwordOf reads the password from a file or, for "", from standard input.
func (n *newMailbox) passwordOf(file string) (string, error) {
	password, err := (&userSetPasswordCmd{PasswordFile: file}).read(n.env)
	if err == nil && password == "" {
		err = &failure{code: exitUsage, err: errors.New("there is no password"), hint: "use --password-file FILE, or give it on standard input"}
	}
	return password, err
}

// checkCertificate returns the path of a file as the mailbox file names it, or why the loader does not take it for TrustedCertificate.
func (n *newMailbox) checkCertificate(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	_, err = n.trial(map[string]string{"TrustedCertificate": path})
	if broken := new(config.Error); errors.As(err, &broken) {
		for _, m := range broken.Mistakes {
			if m.Tag == "TrustedCertificate" {
				return "", errors.New(m.Text)
			}
		}
	}
	return path, nil
}

// isNamed returns an error if the service file does not name the folder of the new file, or not the file itself.
func (n *newMailbox) isNamed() error {
	if n.before == nil {
		return nil
	}
	mayFit := func(pattern string) bool { return strings.ContainsAny(filepath.Base(pattern), "*?[") }
	if n.cmd.Name == "" && slices.ContainsFunc(n.before.MailboxFiles, mayFit) {
		return nil // finish asks again, when the name is known
	}
	path := n.target(cmp.Or(n.cmd.Name, "new"))
	octets, err := n.trialFile(nil)
	if err != nil {
		return err
	}
	service, _, _ := config.LoadDraft(n.config, n.keys(), config.Draft{Path: path, Octets: octets}) // existing has shown the mistakes
	return n.namedBy(service, path)
}

// namedBy returns an error unless a service has a file.
func (n *newMailbox) namedBy(service *config.Service, path string) error {
	if service == nil || slices.ContainsFunc(service.Files, func(f config.File) bool { return f.Path == path }) {
		return nil
	}
	return &failure{
		code: exitConfiguration, err: fmt.Errorf("the service file does not name %s; nothing was written", path),
		hint: "write <Mailboxes>mailboxes/*.xml</Mailboxes> into " + n.config,
	}
}
