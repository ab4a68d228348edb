package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"mailintegration/config"
)

type supportCmd struct {
	Bundle supportBundleCmd `cmd:"" help:"Write an archive of text files about the installation, without secrets, for whoever helps you."`
}

type supportBundleCmd struct {
	To    string `placeholder:"FILE" help:"The archive, a .zip that must not exist (mailintegration-support-DATE-TIME.zip)."`
	Lines int    `default:"2000" placeholder:"N" help:"How many lines of the log to add (2000)."`
}

// bundlePart is one text file of the archive: what a verb prints.
type bundlePart struct {
	name string
	run  func(*env) error
}

// parts returns the files of the archive.
func (c *supportBundleCmd) parts() []bundlePart {
	return []bundlePart{
		{"version.txt", versionCmd{}.Run},
		{"configuration.txt", (&configShowCmd{}).Run},
		{"mistakes.txt", (&configValidateCmd{}).Run},
		{"status.txt", (&statusCmd{}).Run},
		{"status.json", (&statusCmd{output{JSON: true}}).Run},
		{"mailboxes.txt", (&mailboxListCmd{}).Run},
		{"schema.txt", dbStatusCmd{}.Run},
		{"check.txt", checkCmd{}.Run},
		{"log.txt", (&logsTailCmd{Level: "debug", Lines: c.Lines, JSON: true}).Run},
	}
}

// aboutBundle is the first file of the archive.
const aboutBundle = `These files describe an installation of MailIntegration. They are plain text: read them before you send them.

Passwords, tokens and keys are left out, and so are messages. Names of servers, mailboxes and people, addresses and the
numbers of requests are not, and the log may have Message-IDs and subjects. A file that could not be made says why.

version.txt        the program
configuration.txt  the settings in effect, and where each comes from
mistakes.txt       mistakes and warnings of the files
status.txt, .json  database, daemons, mailboxes and open problems
mailboxes.txt      the mailboxes
schema.txt         the schema of the database
check.txt          what mailintegration check says
log.txt            the end of the log
`

// Run writes the archive. A part that fails does not keep the others from being written: the trouble is why there is an
// archive at all.
func (c *supportBundleCmd) Run(e *env) (err error) {
	path := c.To
	if path == "" {
		path = "mailintegration-support-" + time.Now().Format("20060102-150405") + ".zip"
	}
	if !strings.EqualFold(filepath.Ext(path), ".zip") {
		return &failure{code: exitUsage, err: fmt.Errorf("the archive is a zip file, and %s is not the name of one", path), hint: "use --to " + path + ".zip"}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // before root becomes the daemon's account
	if err != nil {
		return notWritten(err)
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if err := c.write(e, file); err != nil {
		return notWritten(err)
	}
	printLine(e.stdout, "%s written: read its files before you send it", path)
	return nil
}

// notWritten explains an error about the archive.
func notWritten(err error) error {
	hint := "name another file with --to"
	if !errors.Is(err, fs.ErrExist) {
		hint = "free space, or name a file with --to that you may write"
	}
	return &failure{code: exitFailed, err: fmt.Errorf("no archive was written: %w", err), hint: hint}
}

// write writes the files of the archive.
func (c *supportBundleCmd) write(e *env, to io.Writer) error {
	archive := zip.NewWriter(to)
	add := func(name, text string) error {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Now()})
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		return err
	}
	if err := add("README.txt", aboutBundle); err != nil {
		return err
	}
	service, _, _, _ := load(e) // without it there are no secrets to look for, and the parts say what is wrong
	secrets := secretsOf(service)
	for _, part := range c.parts() {
		if err := add(part.name, withoutSecrets(part.text(e), secrets)); err != nil {
			return err
		}
	}
	return archive.Close()
}

// text runs the verb and returns what it prints, with its error.
func (p bundlePart) text(e *env) string {
	var b bytes.Buffer
	out := &terminal{to: &b}
	inner := *e
	inner.stdin, inner.stdout, inner.stderr = strings.NewReader(""), out, out
	report(out, p.run(&inner))
	out.flush()
	return b.String()
}

// secretsOf returns the secrets of a configuration, the longest first. No output should have one: this is the second look.
func secretsOf(service *config.Service) []string {
	if service == nil {
		return nil
	}
	all := []config.Secret{service.DatabaseURL}
	add := func(s *config.Smtp) {
		if s != nil {
			all = append(all, s.Password, s.ClientSecret)
		}
	}
	add(service.Smtp)
	for _, m := range service.Mailboxes {
		all = append(all, m.Password, m.ClientSecret)
		add(m.Smtp)
	}
	var texts []string
	for _, s := range all {
		const shortest = 4 // a shorter one is in any text by chance
		if text := strings.TrimSpace(s.Reveal()); len(text) >= shortest {
			texts = append(texts, text)
		}
	}
	slices.SortFunc(texts, func(a, b string) int { return len(b) - len(a) })
	return texts
}

// keyText matches a key of encrypted passwords.
var keyText = regexp.MustCompile(`(?i)AGE-SECRET-KEY-[0-9A-Z-]+`)

// withoutSecrets returns a text without the secrets, and without keys.
func withoutSecrets(text string, secrets []string) string {
	text = keyText.ReplaceAllString(text, "REDACTED")
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, "REDACTED")
	}
	return text
}
