package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/mailbox"
)

// portPOP3S is the port of POP3 with implicit TLS (RFC 8314 §7.1).
const portPOP3S = 995

// connection asks for the server and the account, and tries both. It returns when the log-in has gone well, when the person
// wants the file all the same, or when flags are missing.
func (n *newMailbox) connection() error {
	asked := *n.cmd
	if n.lacksFlags() {
		return nil
	}
	for {
		if err := n.server(asked); err != nil {
			return err
		}
		if err := n.account(asked); err != nil {
			return err
		}
		if n.values["Authentication"] != "" {
			return n.complete()
		}
		failed, err := n.logIn()
		if err != nil || failed == nil {
			return err
		}
		next, err := n.afterFailure("Log-in", *failed)
		switch {
		case err != nil:
			return err
		case next == nextWrite:
			n.disabled = true
			return nil
		case next == nextChange:
			asked.Server, asked.UserName, asked.PasswordFile, n.password = "", "", "", ""
		}
	}
}

// lacksFlags notes the flags without which nothing can be tried, where nobody can be asked, and reports whether any is missing.
func (n *newMailbox) lacksFlags() bool {
	if n.input != nil {
		return false
	}
	for flag, given := range map[string]string{"--server": n.cmd.Server, "--user-name": n.cmd.UserName} {
		if given == "" {
			n.missing = append(n.missing, flag)
		}
	}
	host, _ := splitServer(n.cmd.Server)
	if n.cmd.PasswordFile == "" && isTerminalInput(n.stdin) && !isMicrosoft(host) {
		n.missing = append(n.missing, "--password-file")
	}
	return len(n.missing) > 0
}

// What a person may want after a failure.
const (
	nextAgain  = "again"
	nextChange = "change"
	nextWrite  = "write"
	nextLeave  = "leave"
)

// afterFailure shows what has failed, and asks what to do. Where nobody can be asked, --write-anyway decides.
func (n *newMailbox) afterFailure(what string, failed finding) (string, error) {
	printTree(n.stderr, failed, 0)
	if n.input == nil && !n.cmd.WriteAnyway {
		advice := cmp.Or(failed.Advice, "mend it")
		if step := failed.leaf(resultFailed); step != nil && step.Advice != "" {
			advice = step.Advice
		}
		hint := advice + "; or use --write-anyway to write the file with Enabled False"
		return "", &failure{code: exitUnreachable, err: errors.New(strings.ToLower(what) + " failed; nothing was written"), hint: hint}
	}
	if n.input == nil {
		return nextWrite, nil
	}
	next, err := n.ask(question{
		title: what + " failed. What now?", choices: []string{nextAgain, nextChange, nextWrite, nextLeave}, otherwise: nextChange,
		says: "again: try once more. change: other answers. write: write the file all the same, with Enabled False. leave: write nothing",
	})
	if next == nextLeave {
		err = errStopped
	}
	return next, err
}

// server asks for the server, and finds out how its connection is protected.
func (n *newMailbox) server(asked configNewCmd) error {
	for {
		n.forgetServer()
		address, err := n.ask(question{
			flag: "server", given: asked.Server, title: "POP3 server", otherwise: n.address, help: tagExplanation("ServerName"),
			says: "Names the server that has the mailbox, perhaps with its port: mail.example.com or mail.example.com:995", check: checkServer,
		})
		if err != nil {
			return err
		}
		n.address = address
		host, port := splitServer(address)
		n.values["ServerName"] = host
		const microsoft = "a server of Microsoft 365"
		if err := errors.Join(
			fits("client-id", asked.ClientID, isMicrosoft(host), microsoft), fits("tenant-id", asked.TenantID, isMicrosoft(host), microsoft),
			fits("password-file", asked.PasswordFile, !isMicrosoft(host), "a server with passwords"),
			fits("keep-password", asked.KeepPassword, !isMicrosoft(host), "a server with passwords"),
		); err != nil {
			return err
		}
		if isMicrosoft(host) {
			return n.microsoft(asked)
		}
		if asked.TrustedCertificate != "" {
			n.values["TrustedCertificate"], err = n.checkCertificate(asked.TrustedCertificate)
			if err != nil {
				return err
			}
		}
		failed, err := n.findSecurity(host, port)
		if err != nil || failed == nil {
			return err
		}
		next, err := n.afterFailure("Connection", *failed)
		switch {
		case err != nil:
			return err
		case next == nextWrite:
			n.disabled = true
			n.values["Port"], n.values["SecureSocketOption"] = strconv.Itoa(cmp.Or(port, portPOP3S)), string(config.SslOnConnect)
			return nil
		case next == nextChange:
			if asked.Server, asked.TrustedCertificate, err = "", "", n.otherCertificate(&asked); err != nil {
				return err
			}
		}
	}
}

// forgetServer forgets what was found out about a server.
func (n *newMailbox) forgetServer() {
	for _, tag := range []string{"Port", "SecureSocketOption", "TrustedCertificate", "Authentication", "ClientId", "TenantId"} {
		delete(n.values, tag)
	}
}

// otherCertificate asks for the certificates of a server that this machine does not trust.
func (n *newMailbox) otherCertificate(asked *configNewCmd) error {
	path, err := n.ask(question{
		title: "PEM file with certificates to trust", optional: true, says: tagSummary("TrustedCertificate"), help: tagExplanation("TrustedCertificate"),
		check: n.checkCertificate,
	})
	asked.TrustedCertificate = path
	return err
}

// tagSummary returns what a tag of a mailbox file is for, in a sentence.
func tagSummary(tag string) string {
	text, _ := config.Summary(false, tag) // a test asks for each tag
	return text
}

// tagExplanation returns what the reference says about a tag of a mailbox file.
func tagExplanation(tag string) string {
	text, _ := config.Explanation(false, tag)
	return text
}

// checkServer accepts a host, or a host and a port.
func checkServer(address string) (string, error) {
	host, port := splitServer(address)
	if err := config.Accepts(false, "ServerName", host); err != nil {
		return "", err
	}
	if host == address {
		return address, nil
	}
	return address, config.Accepts(false, "Port", strconv.Itoa(port))
}

// splitServer returns the host and the port of an address, 0 for a port that it does not have.
func splitServer(address string) (string, int) {
	host, port, err := net.SplitHostPort(address)
	if number, fault := strconv.Atoi(port); err == nil && fault == nil {
		return host, number
	}
	return address, 0
}

// isMicrosoft reports whether a server is one of Microsoft 365, which takes no passwords.
func isMicrosoft(host string) bool {
	host = strings.ToLower(host)
	return strings.HasSuffix(host, ".office365.com") || strings.HasSuffix(host, ".office365.us") || strings.HasSuffix(host, ".partner.outlook.cn")
}

// microsoft asks for the registration of the application. The log-in needs a person's authorization, which comes later.
func (n *newMailbox) microsoft(asked configNewCmd) error {
	n.values["Port"], n.values["SecureSocketOption"] = strconv.Itoa(portPOP3S), string(config.SslOnConnect)
	n.values["Authentication"] = string(config.Azure)
	if n.input != nil {
		n.say("This is a server of Microsoft 365, which takes no password: it needs the registration of an application in Microsoft Entra. " +
			"The README says how to make one: see Microsoft 365 there.")
	}
	if err := n.set("ClientId", question{flag: "client-id", given: asked.ClientID, title: "Application (client) identifier"}); err != nil {
		return err
	}
	return n.set("TenantId", question{flag: "tenant-id", given: asked.TenantID, title: "Directory (tenant) identifier"})
}

// findSecurity asks a server how its connection is protected. Without a port it tries the usual ones. It returns what has failed,
// nil for nothing.
func (n *newMailbox) findSecurity(host string, port int) (*finding, error) {
	ports := []int{port}
	if port == 0 {
		ports = []int{portPOP3S, portPOP3}
	}
	options, err := n.findOptions()
	if err != nil {
		return &finding{What: "TrustedCertificate", Result: resultFailed, Detail: err.Error(), Advice: "name a PEM file with BEGIN CERTIFICATE"}, nil
	}
	if n.input != nil {
		printLine(n.stderr, "Asking %s how it protects connections …", host)
	}
	found, errs := make([]mailbox.Found, len(ports)), make([]error, len(ports))
	var running sync.WaitGroup
	for i, port := range ports {
		running.Go(func() { found[i], errs[i] = mailbox.FindSecurity(n.ctx, host, port, options) })
	}
	running.Wait()
	for i, port := range ports {
		if errs[i] == nil {
			n.values["Port"], n.values["SecureSocketOption"] = strconv.Itoa(port), string(found[i].Security)
			return n.judge(net.JoinHostPort(host, strconv.Itoa(port)), found[i])
		}
	}
	if n.ctx.Err() != nil {
		return nil, errStopped
	}
	f := named("connection to "+host, bad(errs[0], daemon.Hint(errs[0])))
	return &f, nil
}

// findOptions returns how the server is asked.
func (n *newMailbox) findOptions() (mailbox.FindOptions, error) {
	o := mailbox.FindOptions{Dial: (&net.Dialer{Resolver: n.resolver}).DialContext}
	if n.values["TrustedCertificate"] == "" {
		return o, nil
	}
	m, err := n.trial(n.values)
	if err == nil {
		o.Roots = m.Roots
	}
	return o, err
}

// judge says how a server wants its connection to be protected. It returns a certificate that this machine does not trust as a
// failure.
func (n *newMailbox) judge(server string, found mailbox.Found) (*finding, error) {
	switch {
	case found.Untrusted != nil:
		advice := daemon.Hint(found.Untrusted)
		if strings.Contains(advice, "TrustedCertificate") { // a tag of the file that is not written yet
			advice += "; the answer change asks for that file, and --trusted-certificate takes it"
		}
		f := named("certificate of "+server, bad(found.Untrusted, advice))
		return &f, nil
	case found.Security == mailbox.None && !mailbox.IsLocal(n.values["ServerName"]):
		return nil, n.agree(server)
	case n.input != nil:
		printLine(n.stderr, "ok       %s answers, %s.", server, map[mailbox.Security]string{
			mailbox.SslOnConnect: "with TLS from the first octet (SslOnConnect)", mailbox.StartTLS: "with TLS after STLS (StartTLS)",
			mailbox.None: "without encryption (None)",
		}[found.Security])
	}
	return nil, nil
}

// agree asks whether a server without TLS is used all the same. The password is not sent before.
func (n *newMailbox) agree(server string) error {
	danger := server + " offers no encryption: anyone on the network can read the password and the mail"
	switch {
	case n.cmd.Insecure:
		printLine(n.stderr, "warning  %s.", danger)
		return nil
	case n.input == nil:
		return &failure{
			code: exitUsage, err: errors.New(danger + "; the password was not sent, and nothing was written"),
			hint: "have the server offer TLS, or agree with --insecure",
		}
	}
	agreed, err := n.confirm("Use it all the same?", danger, false)
	if err == nil && !agreed {
		err = errStopped
	}
	return err
}

// account asks for the account and its password.
func (n *newMailbox) account(asked configNewCmd) error {
	err := n.set("UserName", question{
		flag: "user-name", given: asked.UserName, title: "User name", otherwise: n.values["UserName"], check: n.checkAccount,
	})
	if err != nil || n.values["Authentication"] != "" {
		return err
	}
	switch {
	case asked.PasswordFile != "" || n.input == nil:
		n.password, err = n.passwordOf(asked.PasswordFile)
	default:
		n.password, err = n.secret("Gives the password of the account; it is not shown while you type", "Password: ")
	}
	return err
}

// checkAccount returns an error if a mailbox polls the account already: two would lock each other out (RFC 1939 §4).
func (n *newMailbox) checkAccount(user string) (string, error) {
	if n.before == nil {
		return user, nil
	}
	for _, m := range n.before.Mailboxes {
		if m.Enabled && m.UserName == user && strings.EqualFold(m.ServerName, n.values["ServerName"]) && strconv.Itoa(m.Port) == n.values["Port"] {
			return "", fmt.Errorf("the mailbox %s polls this account already (%s changes it)", m.Name, asTyped("config", "edit", m.Name))
		}
	}
	return user, nil
}

// trial returns the mailbox as far as it is known, to be tried.
func (n *newMailbox) trial(known map[string]string) (*config.Mailbox, error) {
	octets, err := n.trialFile(known)
	if err != nil {
		return nil, err
	}
	m, _, err := config.LoadMailboxDraft(config.Draft{Path: n.target("new"), Octets: octets}, n.keys())
	return m, err
}

// trialFile returns the file of a mailbox of which only some values are known, with others in the place of those that it must have.
func (n *newMailbox) trialFile(known map[string]string) ([]byte, error) {
	values := map[string]string{
		"MessageProcessorTypeName": string(config.Monitoring), "ServerName": cmp.Or(known["ServerName"], "mail.example.com"),
		"UserName": cmp.Or(known["UserName"], "nobody"), "Password": cmp.Or(n.password, "none"), "Name": "new",
	}
	for _, tag := range []string{"Port", "SecureSocketOption", "TrustedCertificate"} {
		if known[tag] != "" {
			values[tag] = known[tag]
		}
	}
	return config.Composition{Values: values}.Octets()
}

// logIn tries to log in. It returns what has failed, nil for nothing.
func (n *newMailbox) logIn() (*finding, error) {
	m, err := n.trial(n.values)
	if err != nil {
		return nil, err
	}
	steps, waiting, err := tryMailbox(n.env, n.inEffect(), m)
	if err != nil {
		return nil, err
	}
	if steps.worst() == resultFailed {
		return &steps, nil
	}
	for _, w := range steps.warnings() {
		if w.What == stepTLS && n.values["SecureSocketOption"] == string(config.None) {
			continue // agree has said it
		}
		printTree(n.stderr, w, 0)
	}
	n.waiting = waiting
	printLine(n.stderr, "ok       Logged in; %s in the mailbox.", plural(waiting, "message"))
	return nil, nil
}

// tryMailbox tries to log in to a mailbox, also if a daemon polls it: the daemon's own log-ins say nothing of a new password. A poll
// that meets this log-in fails once, and leaves the mail where it is. It returns what each step has shown, and how many messages wait.
// The error says that the program was stopped.
func tryMailbox(e *env, service *config.Service, m *config.Mailbox) (finding, int, error) {
	w := newWiring(service, tokenStore(service)).mailbox(m)
	t := newPOP3Trial(m, w, &polling{}, e.resolver)
	t.run(e.ctx)
	if err := context.Cause(e.ctx); err != nil {
		return finding{}, 0, errStopped
	}
	return concluded("reading over POP3 from "+w.Account.HostPort(), t.steps(e.ctx)), len(t.items), nil
}
