package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap/zapcore"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/store"
	"mailintegration/store/backup"
)

type backupCmd struct {
	output
	To            string `arg:"" help:"The archive, a .tar that must not exist; or a directory, in which the archive gets the time as its name."`
	AcceptMissing bool   `help:"End with exit code 0 also if attachments are missing: they were lost before."`
}

// Help returns the text that --help prints before the flags.
func (backupCmd) Help() string {
	return "The archive is a tar file with a dump of the database (by pg_dump, of PostgreSQL's client programs), the files of the " +
		"attachment directory that it names, their SHA-256 and a manifest. All of it is one moment's state; mail goes on being recorded " +
		"meanwhile, and is not in it. The archive holds confidential mail and hashes of passwords: only the account that writes it may " +
		"read it. The configuration, its key and the tokens of mailboxes are not in it: save them as well. As long as the archive is not " +
		"complete, its name ends in .partial. Root's backup is written by the account that owns the data directory, so that account " +
		"needs a directory that it may write to."
}

// backedUpResult holds what backup prints as JSON.
type backedUpResult struct {
	File string `json:"file"`
	backup.Manifest
}

// Run writes a backup.
func (c *backupCmd) Run(e *env) error {
	service, _, _, err := load(e)
	if err != nil {
		return err
	}
	in := &installation{service: service, log: newLogger(e.stderr, zapcore.WarnLevel)}
	defer in.close()
	if err := in.openReadOnly(e.ctx); err != nil {
		return err
	}
	url, err := in.existingDatabase(e.ctx)
	if err != nil {
		return err
	}
	name, err := archiveName(e, c.To, time.Now())
	if err != nil {
		return err
	}
	m, err := backup.Create(e.ctx, in.store, name, backup.Options{URL: url, Version: version})
	if err != nil {
		return notBackedUp(e, name, err)
	}
	if err := c.report(e, backedUpResult{name, m}); err != nil {
		return err
	}
	if n := m.Attachments.Missing; n > 0 && !c.AcceptMissing {
		return &failure{
			code: exitFailed,
			err: fmt.Errorf("%s is complete except for %d attachment files, which the attachment directory lacks or has damaged, such as %s",
				name, n, m.Attachments.Examples[0]),
			hint: "look for them in older backups (mailintegration check names some of them); if they are lost for good, use --accept-missing",
		}
	}
	return nil
}

// archiveName returns the name of the archive, having removed from a directory what killed backups have left there. A name that does
// not end in .tar is that of a directory: if it does not exist, the archive would lie in its place, and be in the way of the next one.
func archiveName(e *env, to string, now time.Time) (string, error) {
	info, err := os.Stat(to)
	if errors.Is(err, fs.ErrNotExist) && filepath.Ext(to) != ".tar" {
		hint := "make it (mkdir -m 700 " + to + "), or name a file that ends in .tar"
		if e.account != "" {
			hint = "make it (install -d -o " + e.account + " -m 700 " + to + "), or name a file that ends in .tar"
		}
		return "", &failure{code: exitFailed, err: fmt.Errorf("no backup was written: there is no directory %s", to), hint: hint}
	}
	if err != nil || !info.IsDir() {
		return to, nil
	}
	removed, _ := backup.RemoveLeftOver(to) // of an error, the backup itself has more to say
	for _, name := range removed {
		printLine(e.stderr, "%s removed: a backup that was killed has left it, and it was not complete", name)
	}
	return backup.NameAt(to, now), nil
}

// notBackedUp explains the error of a backup.
func notBackedUp(e *env, name string, err error) error {
	var path *fs.PathError
	hint := ""
	switch {
	case daemon.Hint(err) != "" && !errors.As(err, &path):
		return fmt.Errorf("no backup was written: %w", err)
	case errors.Is(err, fs.ErrExist):
		hint = "name a file that does not exist, or a directory"
	case errors.As(err, &path) && filepath.Dir(path.Path) == filepath.Dir(name):
		hint = "free space, or name a file or a directory on another file system that can be written to"
		if e.account != "" {
			hint += "; this runs as the account " + e.account + ", the owner of " + e.owned
		}
	default:
		return err
	}
	return &failure{code: exitFailed, err: fmt.Errorf("no backup was written: %w", err), hint: hint}
}

// report prints what the archive has.
func (c *backupCmd) report(e *env, r backedUpResult) error {
	if c.JSON {
		return e.printJSON(r)
	}
	printManifest(e, r.File, "written", r.Manifest)
	printLine(e.stdout, "It holds confidential mail. Save the configuration, with credentials and tokens, as well.")
	return nil
}

// printManifest prints what an archive has.
func printManifest(e *env, name, done string, m backup.Manifest) {
	printLine(e.stdout, "%s %s: %d requests, %d activities, %d receipts, %d attachment files with %d octets, schema %d, PostgreSQL %s, of %s",
		name, done, m.Records.Requests, m.Records.Activities, m.Records.Receipts, m.Attachments.Files, m.Attachments.Octets, m.Schema,
		m.PostgreSQL, m.TakenAt.Local().Format("2006-01-02 15:04:05"))
	if n := m.Attachments.Missing; n > 0 {
		printLine(e.stdout, "Missing when it was made: %s.", plural(int(n), "attachment file"))
	}
}

type restoreCmd struct {
	output
	From        string `arg:"" help:"The archive that mailintegration backup has written."`
	Verify      bool   `help:"Only read the archive and compare every SHA-256. Needs no configuration and changes nothing."`
	FirstNumber *int64 `placeholder:"N" help:"The number of the next request. By default it leaves room for what was likely opened since the backup."`
	SendWaiting bool   `help:"Send the mail that waited when the backup was made. Only if nothing has sent it since; it implies --original-stopped."`

	OriginalStopped bool `help:"The daemons of the original are gone, or stopped for good: this database takes over its mailboxes."`
}

// Help returns the text that --help prints before the flags.
func (restoreCmd) Help() string {
	return "The database must be empty: new, or with the schema but without teams, users and requests. The attachment directory must be " +
		"empty, or be the one of the lost database with its hidden file. No daemon may run. The archive is verified first; then come the " +
		"files, and then the database in one transaction. Until the end, no daemon and no verb uses the database. If the restore is " +
		"stopped, run it again. A backup of an older version is brought up to date. Mail that waited to be sent is given up, because " +
		"it may have been sent since; the page lists it. Afterwards run mailintegration check, and start the daemon. Two databases that " +
		"read one mailbox know nothing of each other: each would have the messages that the other has not seen. So where the " +
		"configuration has mailboxes, --original-stopped says that nobody else polls them any more."
}

// restoredResult holds what restore prints as JSON.
type restoredResult struct {
	File     string          `json:"file"`
	Manifest backup.Manifest `json:"manifest"`
	*store.Restored
}

// Run restores a backup, or only verifies it.
func (c *restoreCmd) Run(e *env) error {
	f, err := openRegular(c.From, "an archive") // before the configuration: only root may be able to read it, see openMessages
	if err != nil {
		return newestIn(c.From, err)
	}
	defer f.Close()
	var service *config.Service
	if !c.Verify {
		if service, err = c.load(e); err != nil {
			return err
		}
	}
	archive, err := backup.Verify(e.ctx, f)
	if err != nil {
		return fmt.Errorf("%s: %w", c.From, err)
	}
	result := restoredResult{File: c.From, Manifest: archive.Manifest}
	if !c.Verify {
		restored, err := c.restore(e, service, archive)
		if err != nil {
			return fmt.Errorf("%s: %w", c.From, err)
		}
		result.Restored = &restored
	}
	if c.JSON {
		return e.printJSON(result)
	}
	c.report(e, result)
	return nil
}

// newestIn returns the error of opening an archive. It names the newest one if a person has named their directory.
func newestIn(directory string, err error) error {
	archives, _ := filepath.Glob(filepath.Join(directory, "mailintegration-*.tar")) // by their names, in the order of time
	if info, failed := os.Stat(directory); failed != nil || !info.IsDir() || len(archives) == 0 {
		return err
	}
	return &failure{code: exitFailed, err: err, hint: "the newest archive in it is " + archives[len(archives)-1]}
}

// load loads the configuration. It fails if it has mailboxes which the original may still poll: then a message would be in the database
// of the daemon that came first. Only a person knows whether the original lives.
func (c *restoreCmd) load(e *env) (*config.Service, error) {
	service, _, _, err := load(e)
	if err != nil {
		return nil, err
	}
	names := polledNames(service)
	if c.OriginalStopped || c.SendWaiting || len(names) == 0 {
		return service, nil
	}
	return nil, &failure{
		code: exitUsage,
		err: fmt.Errorf("nothing was restored: the configuration has the mailboxes %s, and if the original is alive, it polls them too: "+
			"each message would be in one of two databases", someMailboxes(names)),
		hint: "if the original is gone, or its daemons are stopped for good, use --original-stopped; " +
			"for a copy beside it, let Mailboxes name other files, or none",
	}
}

// polledNames returns the names of the mailboxes that a daemon polls, also once the mistakes in their files are mended.
func polledNames(service *config.Service) (names []string) {
	for _, m := range service.Mailboxes {
		if m.Enabled {
			names = append(names, m.Name)
		}
	}
	for _, b := range service.Broken {
		names = append(names, b.Name)
	}
	return names
}

// restore restores the archive into the configured database and attachment directory.
func (c *restoreCmd) restore(e *env, service *config.Service, archive *backup.Archive) (store.Restored, error) {
	in := &installation{service: service, log: newLogger(e.stderr, zapcore.WarnLevel)}
	defer in.close()
	target, err := in.storeOptions(e.ctx)
	if err != nil {
		return store.Restored{}, err
	}
	choice := backup.Choice{FirstNumber: c.FirstNumber, SendWaiting: c.SendWaiting, Now: time.Now()}
	return backup.Restore(e.ctx, archive, target, choice, backup.Options{Version: version})
}

// report prints what was done, and what a person does next.
func (c *restoreCmd) report(e *env, r restoredResult) {
	if r.Restored == nil {
		printManifest(e, r.File, "is a complete backup", r.Manifest)
		return
	}
	printManifest(e, r.File, "restored", r.Manifest)
	for _, name := range r.Applied {
		printLine(e.stdout, "applied %s", name)
	}
	printLine(e.stdout, "The next request gets number %d: lower ones may have been given out since the backup.", r.First)
	if r.HeldMail > 0 {
		printLine(e.stdout, "%d mails that waited to be sent are given up: they may have been sent since the backup. The page lists them.", r.HeldMail)
	}
	if !r.Owned {
		printLine(e.stdout, "No attachment is removed until mailintegration attachments adopt says that the original database is gone.")
	}
	printLine(e.stdout, "Run mailintegration check, then start the daemon.")
}
