package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
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

// reader reads the configuration: config.LoadService, or the method Load of a watcher.
type reader func() (*config.Service, []config.Warning, error)

// load reads the configuration and, if root runs this, goes on as the account that owns the data directory. Mistakes in
// mailbox files are returned beside the service, since they concern only their own mailboxes; ListenFault stays in the service.
func load(e *env) (service *config.Service, warnings []config.Warning, broken *config.Error, err error) {
	return e.load(e.read)
}

// read reads the service file and the mailbox files that it names.
func (e *env) read() (*config.Service, []config.Warning, error) {
	return config.LoadService(e.config, e.keys())
}

// load does the same as the function load, with another way to read the files.
func (e *env) load(read reader) (service *config.Service, warnings []config.Warning, broken *config.Error, err error) {
	service, warnings, err = read()
	if service != nil {
		broken, err = service.MailboxMistakes(), nil
	}
	if err == nil {
		err = e.leaveRoot(service.DataDirectory)
	}
	return service, warnings, broken, err
}

// explainMissing adds to the error of a service file that does not exist how to write one, and how to name another.
func (e *env) explainMissing(err error) error {
	if !errors.As(err, new(*config.Error)) || hintOf(err) != "" {
		return err
	}
	if _, missing := os.Stat(e.config); !errors.Is(missing, fs.ErrNotExist) {
		return err
	}
	return &failure{
		code: exitConfiguration, err: err,
		hint: "run mailintegration config new, which writes the service file too; or name yours with --config FILE or MAILINTEGRATION_CONFIG",
	}
}

// asError returns the mistakes in mailbox files as an error, nil when there are none.
func asError(broken *config.Error) error {
	if broken == nil {
		return nil // not broken: a nil pointer in an error is not nil
	}
	return broken
}

// onlyMailbox returns the only configured mailbox, for a person who named none.
func onlyMailbox(service *config.Service, broken *config.Error) (*config.Mailbox, error) {
	names := mailboxNames(service)
	switch {
	case len(names) == 1:
		return service.Mailboxes[0], nil
	case broken != nil || len(names) == 0:
		return nil, noMailbox(broken)
	}
	return nil, &failure{
		code: exitUsage, err: errors.New("more than one mailbox is configured"),
		hint: "use --mailbox NAME, with one of " + strings.Join(names, ", "),
	}
}

// mailboxNamed returns the configured mailbox with that name, in upper or lower case. If its file is broken, the mistakes are
// the error. If no file has the name, and broken is not nil, its mistakes are: one of them may hide the name.
func mailboxNamed(service *config.Service, broken *config.Error, name string) (*config.Mailbox, error) {
	names := mailboxNames(service)
	if i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) }); i >= 0 {
		return service.Mailboxes[i], nil
	}
	if b := brokenNamed(service, name); b != nil {
		return nil, b.Error()
	}
	if broken != nil || len(names) == 0 {
		return nil, noMailbox(broken)
	}
	return nil, &failure{
		code: exitUsage, err: fmt.Errorf("no mailbox is named %s", cmp.Or(name, `""`)),
		hint: "the mailboxes are " + strings.Join(names, ", ") + ": use one of these names",
	}
}

// brokenNamed returns the mailbox file with mistakes whose mailbox has that name, in upper or lower case; nil when there is
// none.
func brokenNamed(service *config.Service, name string) *config.Broken {
	i := slices.IndexFunc(service.Broken, func(b config.Broken) bool { return strings.EqualFold(b.Name, name) })
	if i < 0 {
		return nil
	}
	return &service.Broken[i]
}

// mailboxNames returns the names of the configured mailboxes, in their order.
func mailboxNames(service *config.Service) []string {
	var names []string
	for _, m := range service.Mailboxes {
		names = append(names, m.Name)
	}
	return names
}

// noMailbox returns the mistakes in mailbox files or, when they have none, the error that there is no mailbox.
func noMailbox(broken *config.Error) error {
	if broken != nil {
		return broken
	}
	return &failure{
		code: exitUsage, err: errors.New("no mailbox is configured"),
		hint: "write a mailbox file, and name it in Mailboxes in the service file",
	}
}

// withoutEffect returns a sentence for each setting of a mailbox that has no effect, because no mail can be sent.
func withoutEffect(service *config.Service, m *config.Mailbox) []string {
	if smtpOf(service, m) != nil {
		return nil
	}
	var silent []string
	if !m.CreateNewRequests && m.Processor != config.Monitoring {
		silent = append(silent, "CreateNewRequests is False, but no Smtp is configured, here or in the service file: "+
			"the senders of refused messages get no answer")
	}
	if m.AcknowledgeNewRequests {
		silent = append(silent, "AcknowledgeNewRequests is True, but no Smtp is configured, here or in the service file: nothing is acknowledged")
	}
	return silent
}
