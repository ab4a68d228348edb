package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"mailintegration/config"
)

// defaultConfig returns the path of the service file that is read when the command line names none.
func defaultConfig() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(cmp.Or(os.Getenv("ProgramData"), `C:\ProgramData`), "MailIntegration", "mailintegration.xml")
	}
	return "/etc/mailintegration/mailintegration.xml"
}

// load reads the configuration and, if root runs this, goes on as the account that owns the data directory. Mistakes in
// mailbox files are returned beside the service, since they concern only their own mailboxes.
func load(e *env) (service *config.Service, warnings []config.Warning, broken *config.Error, err error) {
	service, warnings, err = config.LoadService(e.config)
	if service != nil && errors.As(err, &broken) {
		err = nil
	}
	if err == nil {
		err = e.leaveRoot(service.DataDirectory)
	}
	return service, warnings, broken, err
}

// mailboxNamed returns the configured mailbox with that name, in upper or lower case; without a name, it returns the
// only one. If there is none, and some mailbox files are broken, their mistakes are the error: one of them may be the
// file of that mailbox.
func mailboxNamed(service *config.Service, broken *config.Error, name string) (*config.Mailbox, error) {
	var names []string
	for _, m := range service.Mailboxes {
		if strings.EqualFold(m.Name, name) || name == "" && len(service.Mailboxes) == 1 {
			return m, nil
		}
		names = append(names, m.Name)
	}
	f := &failure{code: exitUsage, hint: "the mailboxes are " + strings.Join(names, ", ") + ": use one of these names"}
	switch {
	case broken != nil:
		return nil, broken
	case len(names) == 0:
		f.err, f.hint = errors.New("no mailbox is configured"), "write a mailbox file, and name it in Mailboxes in the service file"
	case name == "":
		f.err = errors.New("more than one mailbox is configured")
		f.hint = "use --mailbox NAME, with one of " + strings.Join(names, ", ")
	default:
		f.err = fmt.Errorf("no mailbox is named %s", name)
	}
	return nil, f
}

// withoutEffect returns a sentence for each setting of a mailbox that this version reads and does not act on yet.
func withoutEffect(m *config.Mailbox) []string {
	var silent []string
	if !m.CreateNewRequests && m.Processor != config.Monitoring {
		silent = append(silent, "CreateNewRequests is False: this version sends no answer to the senders of refused messages")
	}
	return silent
}
