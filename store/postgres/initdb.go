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
)

// unfinished is the name of a cluster that is being made; it is renamed when it is whole, so what a crash leaves
// behind under this name is never taken for a cluster.
const unfinished = "cluster.new-"

// initialise makes the cluster.
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
	if err := s.dir.as.own(s.dir.root, made); err != nil {
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
	return syncDirectory(s.dir.path)
}

// newPasswords stores the passwords of a new cluster and returns the name and the password of its superuser. Who uses a
// disposable server may do everything with it.
func (s *Server) newPasswords() (role, password string, err error) {
	password = newPassword()
	if err := s.dir.write(passwordFile, password+"\n"); err != nil || s.opts.Disposable {
		return Role, password, err
	}
	password = newPassword()
	return adminRole, password, s.dir.write(adminPasswordFile, password+"\n")
}

// removeUnfinished removes what an initdb that did not come to its end has left. The last process of one that was
// killed a moment ago may still be writing, so it is tried for a while; what stays is removed the next time.
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
	secret := made + ".password" // initdb runs as another user, perhaps, and has to read it
	if err := s.dir.writeNew(secret, password+"\n"); err != nil {
		return err
	}
	defer s.dir.root.Remove(secret)
	if err := s.dir.as.own(s.dir.root, secret); err != nil {
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
		// initdb empties its directory when it fails, so it can be asked again.
	}
	return err
}

// locales are the ways to ask initdb for UTF-8 that sorts by code point and folds the case of all letters,
// the best first. The last, plain C, exists everywhere and folds only a to z.
func (b binaries) locales() [][]string {
	plain := []string{"--locale=C"}
	if b.major >= 17 {
		return [][]string{{"--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"}, plain}
	}
	return [][]string{{"--locale=C.UTF-8"}, plain}
}

// run runs one of PostgreSQL's programs to its end. It is killed when ctx ends and, on Linux, when we die.
func (d directory) run(ctx context.Context, program string, args ...string) error {
	cmd := d.as.command(d.path, program, args...)
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

// lastLines is what is worth showing of a program's output.
func lastLines(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "; ")
}
