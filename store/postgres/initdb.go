package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"mailintegration/store/disk"
)

// unfinished begins the name of a cluster until it is complete. A crash leaves it behind under this name, so that
// nobody takes it for a cluster.
const unfinished = "cluster.new-"

// initialise makes the cluster under another name, and renames it when it is complete.
func (s *Server) initialise(ctx context.Context, b binaries) (err error) {
	began := time.Now()
	s.removeUnfinished()
	made := unfinished + newPassword()[:12]
	if err := s.dir.root.Mkdir(made, 0o700); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			s.removeUnfinished()
		}
	}()
	if err := s.dir.account.giveToServer(s.dir.root, made); err != nil {
		return err
	}
	role, password, err := s.newPasswords()
	if err != nil {
		return err
	}
	if err := s.initdb(ctx, b, made, role, password); err != nil {
		return err
	}
	if err := s.dir.root.Rename(made, "cluster"); err != nil {
		return err
	}
	s.events.initialised(b, time.Since(began))
	return disk.SyncDirectory(s.dir.path)
}

// newPasswords stores the passwords of a new cluster, and returns the name and the password of its superuser. In a
// disposable server, Role is the superuser.
func (s *Server) newPasswords() (role, password string, err error) {
	password = newPassword()
	if err := s.dir.write(passwordFile, password+"\n"); err != nil || s.opts.Disposable {
		return Role, password, err
	}
	password = newPassword()
	return adminRole, password, s.dir.write(adminPasswordFile, password+"\n")
}

// removeUnfinished removes the clusters of interrupted runs of initdb. The last process of a run that was killed a
// moment ago may still be writing, so removeUnfinished tries for a second; the next start removes the rest.
func (s *Server) removeUnfinished() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for {
		left, err := fs.Glob(s.dir.root.FS(), unfinished+"*")
		for _, name := range left {
			err = errors.Join(err, s.dir.root.RemoveAll(name))
		}
		if err == nil {
			return
		}
		if pause(ctx, 25*time.Millisecond) != nil {
			s.events.notRemoved(err)
			return
		}
	}
}

// initdb runs PostgreSQL's initdb into the empty directory made.
func (s *Server) initdb(ctx context.Context, b binaries, made, role, password string) error {
	secret := made + ".password" // a file, because initdb may run as another user and has to read it
	if err := s.dir.writeNew(secret, password+"\n"); err != nil {
		return err
	}
	defer s.dir.root.Remove(secret)
	if err := s.dir.account.giveToServer(s.dir.root, secret); err != nil {
		return err
	}
	var err error
	for _, locale := range b.locales() {
		args := append([]string{"-D", s.dir.file(made), "-U", role, "--pwfile=" + s.dir.file(secret), "-A", "scram-sha-256", "-E", "UTF8"},
			locale...)
		if s.opts.Disposable {
			args = append(args, "--no-sync", "--wal-segsize=1")
		} else {
			args = append(args, "--data-checksums")
		}
		if err = s.dir.run(ctx, b.program("initdb"), args...); err == nil || ctx.Err() != nil {
			return err
		}
		// initdb empties its directory when it fails, so that it can run there again.
	}
	return err
}

// locales returns initdb's options for a database in UTF-8 that sorts by code point and folds the case of all letters,
// the best options first. The last, plain C, exist everywhere, but fold only a to z.
func (b binaries) locales() [][]string {
	plain := []string{"--locale=C"}
	if b.major >= 17 {
		return [][]string{{"--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"}, plain}
	}
	return [][]string{{"--locale=C.UTF-8"}, plain}
}

// run runs one of PostgreSQL's programs to its end. The program is killed when ctx ends and, on Linux, when this
// process dies.
func (d directory) run(ctx context.Context, program string, args ...string) error {
	cmd := d.account.command(d.path, program, args...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	endWithUs(cmd.SysProcAttr, killSignal)
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // see spawn
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			result <- err
			return
		}
		defer context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })()
		result <- cmd.Wait()
	}()
	if err := <-result; err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("%s: %w: %s", filepath.Base(program), err, lastLines(out.String()))
	}
	return nil
}

// lastLines returns the last five lines of a program's output, as one line.
func lastLines(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "; ")
}
