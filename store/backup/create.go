package backup

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"mailintegration/store"
	"mailintegration/store/disk"
	"mailintegration/store/postgres"
)

// Options say what is backed up or restored, and by which programs.
type Options struct {
	URL     string // of the database
	Version string // of MailIntegration

	// Silence is how long pg_dump may write nothing, 0 for 30 minutes, and pg_restore may read nothing, 0 for 6 hours.
	Silence time.Duration

	find func(ctx context.Context, name string, major int) (postgres.Program, error) // nil: postgres.FindProgram
	step func(name string) error                                                     // nil, or a test's function that runs before a step
}

const defaultSilence = 30 * time.Minute

// before calls the function that a test has set.
func (o Options) before(step string) error {
	if o.step == nil {
		return nil
	}
	return o.step(step)
}

// program finds one of PostgreSQL's programs.
func (o Options) program(ctx context.Context, name string, major int) (postgres.Program, error) {
	if o.find != nil {
		return o.find(ctx, name, major)
	}
	return postgres.FindProgram(ctx, name, major)
}

// Create writes a backup of a store to a new archive and returns its manifest. The archive is complete and durable when it has the
// name. Files that the attachment directory lacks are counted in the manifest, and are no error. After an error there is no archive.
func Create(ctx context.Context, s *store.Store, name string, o Options) (Manifest, error) {
	if _, err := os.Lstat(name); err == nil {
		return Manifest{}, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	snapshot, err := s.BeginBackup(ctx, o.URL)
	if err != nil {
		return Manifest{}, err
	}
	defer snapshot.Close()
	partial := name + PartialSuffix
	f, err := createPartial(partial) // one that was cut is replaced
	if err != nil {
		return Manifest{}, err
	}
	c := &creation{Options: o, snapshot: snapshot, archive: &archiver{file: f, time: snapshot.At}}
	err = c.write(ctx)
	if err = cmp.Or(err, f.Close()); err == nil {
		err = publish(partial, name)
	}
	if err != nil {
		if gone := os.Remove(partial); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = fmt.Errorf("%w; remove %s, which is not complete", err, partial)
		}
		return Manifest{}, err
	}
	return c.manifest, nil
}

// publish gives a complete archive its name, unless another file has it by now.
func publish(partial, name string) error {
	if _, err := os.Lstat(name); err == nil {
		return &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	if err := os.Rename(partial, name); err != nil {
		return err
	}
	return disk.SyncDirectory(filepath.Dir(name))
}

// creation is a backup that is being written.
type creation struct {
	Options
	snapshot *store.Snapshot
	archive  *archiver
	manifest Manifest

	dumped [sha256.Size]byte // digest of the dump
	kept   [][sha256.Size]byte
}

// write writes the entries of the archive.
func (c *creation) write(ctx context.Context) error {
	s := c.snapshot
	c.manifest = Manifest{
		Format: format, Program: c.Version, Schema: s.Schema, PostgreSQL: s.ServerVersion, TakenAt: s.At.UTC(), Records: s.Records,
		Highest: s.Highest, RecentDaily: s.RecentDaily, Attachments: Attachments{Directory: s.Directory},
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"dump", c.dump}, {"release", s.Release}, {"files", c.copyFiles}, {"sums", c.writeSums},
		{"manifest", func(context.Context) error { return c.archive.addManifest(c.manifest) }},
		{"rename", func(context.Context) error { return nil }},
	} {
		if err := c.before(step.name); err != nil {
			return err
		}
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// dump runs pg_dump on the snapshot.
func (c *creation) dump(ctx context.Context) error {
	program, err := c.program(ctx, "pg_dump", c.snapshot.ServerMajor)
	if err != nil {
		return err
	}
	c.manifest.PgDump = program.Version
	size, digest, err := c.archive.add(dumpName, func(w io.Writer) error {
		return c.runDump(ctx, program, w)
	})
	c.dumped, c.manifest.Database = digest, Dump{Octets: size, SHA256: hex.EncodeToString(digest[:])}
	return err
}

// runDump writes the output of pg_dump to w. It ends a pg_dump that has been silent for too long: the network or a lock holds it.
func (c *creation) runDump(ctx context.Context, program postgres.Program, w io.Writer) error {
	ctx, out, stop := attend(ctx, cmp.Or(c.Silence, defaultSilence), "pg_dump has written nothing")
	defer stop()
	out.to = w
	err := runClient(ctx, program, c.URL, "pg_dump of MailIntegration", nil, out, "--format=custom", "--no-owner", "--no-privileges", "--no-password",
		"--lock-wait-timeout=60000", "--snapshot="+c.snapshot.ID)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// attentive passes on what a program writes or reads, and ends the program when it has done neither for too long.
type attentive struct {
	to    io.Writer
	from  io.Reader
	heard func()
	fail  context.CancelCauseFunc
}

// attend returns a context that ends when nothing passes for as long as silence. The cause begins with what.
func attend(ctx context.Context, silence time.Duration, what string) (context.Context, *attentive, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(silence, func() { cancel(fmt.Errorf("%s for %s", what, silence)) })
	a := &attentive{heard: func() { timer.Reset(silence) }, fail: cancel}
	return ctx, a, func() {
		timer.Stop()
		cancel(nil)
	}
}

// Write implements io.Writer.
func (a *attentive) Write(p []byte) (int, error) {
	a.heard()
	n, err := a.to.Write(p)
	if err != nil {
		a.fail(err) // the program would go on until it notices
	}
	return n, err
}

// Read implements io.Reader.
func (a *attentive) Read(p []byte) (int, error) {
	a.heard()
	return a.from.Read(p)
}

// stopWait is how long a program may take to end after it was told to.
const stopWait = 5 * time.Second

// runClient runs one of PostgreSQL's programs on the database at a URL, as a client of a name. Its error has what the program said.
func runClient(ctx context.Context, program postgres.Program, url, as string, in io.Reader, out io.Writer, args ...string) error {
	env, err := postgres.ClientEnvironment(url)
	if err != nil {
		return err
	}
	database, err := postgres.ClientDatabase(url)
	if err != nil {
		return err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, program.Path, append(args, "--dbname="+database)...)
	cmd.Env = slices.Concat(os.Environ(), env, []string{"PGAPPNAME=" + as})
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, &said
	cmd.WaitDelay = stopWait
	endWithUs(cmd)
	runtime.LockOSThread() // the program ends with the thread that has started it: see endWithUs
	err = cmd.Run()
	runtime.UnlockOSThread()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(program.Path), err, lastLines(said.String()))
	}
	return nil
}

// lastLines returns the end of what a program said, in one line.
func lastLines(text string) string {
	const most = 5
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	return strings.Join(lines[max(0, len(lines)-most):], "; ")
}

// copyFiles copies the files that the snapshot names. One that the directory lacks is counted, unless it may have been removed while
// the backup ran.
func (c *creation) copyFiles(ctx context.Context) error {
	for _, digest := range c.snapshot.Files {
		if err := c.copyFile(ctx, digest); err != nil {
			return err
		}
	}
	if c.manifest.Attachments.Missing == 0 {
		return nil
	}
	if err := c.snapshot.Confirm(ctx); err != nil {
		return fmt.Errorf("attachments are missing, and may have been removed since the backup began: %w", err)
	}
	return nil
}

func (c *creation) copyFile(ctx context.Context, digest [sha256.Size]byte) error {
	if err := errors.Join(ctx.Err(), c.before("file")); err != nil {
		return err
	}
	o, err := c.snapshot.OpenFile(ctx, digest)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrDamaged) {
		c.manifest.Attachments.miss(hex.EncodeToString(digest[:]))
		return nil
	}
	if err != nil {
		return err
	}
	defer o.Close()
	size, copied, err := c.archive.add(fileName(digest), func(w io.Writer) error {
		_, err := io.Copy(w, o)
		return err
	})
	if err == nil && copied != digest {
		err = fmt.Errorf("the file %x changed while it was read", digest)
	}
	if err != nil {
		return err
	}
	c.kept = append(c.kept, digest)
	c.manifest.Attachments.Files++
	c.manifest.Attachments.Octets += size
	return nil
}

// writeSums writes SHA256SUMS.
func (c *creation) writeSums(context.Context) error {
	_, digest, err := c.archive.add(sumsName, func(w io.Writer) error {
		_, err := io.WriteString(w, sumLine(c.dumped, dumpName))
		for _, kept := range c.kept {
			if err == nil {
				_, err = io.WriteString(w, sumLine(kept, fileName(kept)))
			}
		}
		return err
	})
	c.manifest.Checksums = hex.EncodeToString(digest[:])
	return err
}
