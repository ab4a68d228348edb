package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"mailintegration/deploy"
)

// runner is the account that runs the daemon.
type runner struct {
	name   string
	uid    uint32
	gid    uint32
	groups []uint32
}

// account returns the account of the options. It makes the default one if that is missing.
func (s *systemd) account(ctx context.Context) (runner, error) {
	who, err := findRunner(s.options.Account)
	if !errors.As(err, new(user.UnknownUserError)) {
		return who, err
	}
	if s.options.Account != defaultAccount {
		return who, &Error{err, "there is no account " + s.options.Account, "create it, or leave --account out: then an account is made"}
	}
	if err := makeAccount(ctx); err != nil {
		return who, &Error{
			err, "the account " + defaultAccount + " cannot be made: " + err.Error(),
			"create it yourself: useradd --system --home-dir /var/lib/mailintegration --shell /usr/sbin/nologin " + defaultAccount,
		}
	}
	return findRunner(defaultAccount)
}

// makeAccount makes the default account, as the packages do.
func makeAccount(ctx context.Context) error {
	file, err := os.CreateTemp("", "mailintegration-*.conf")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(deploy.Sysusers)
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	_, err = output(ctx, "systemd-sysusers", file.Name())
	return err
}

// findRunner returns the account with a name.
func findRunner(name string) (runner, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return runner{}, err
	}
	r := runner{name: name}
	groups, _ := u.GroupIds() // without them, the check is stricter than the service
	for _, g := range append([]string{u.Uid, u.Gid}, groups...) {
		n, err := strconv.ParseUint(g, 10, 32)
		if err != nil {
			return runner{}, err
		}
		r.groups = append(r.groups, uint32(n))
	}
	r.uid, r.gid, r.groups = r.groups[0], r.groups[1], r.groups[1:]
	return r, nil
}

// makeDirectories makes the directories that are missing, for the account. So root's verbs find the data directory, and become
// the account, before the first start. What is in /var/lib/mailintegration and /var/log/mailintegration is made by the daemon.
func (s *systemd) makeDirectories(who runner) error {
	for _, path := range s.options.Writes {
		if _, err := os.Stat(path); isOwn(filepath.Dir(path)) || !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { // the account passes through these
			return err
		}
		if err := os.Mkdir(path, 0o750); err != nil {
			return err
		}
		if err := os.Chown(path, int(who.uid), int(who.gid)); err != nil {
			return err
		}
	}
	return nil
}

// checkAccess returns an error for the first path that the account cannot read, or write to.
func (r runner) checkAccess(ctx context.Context, o Options) error {
	for _, path := range sorted(append([]string{o.Executable, o.Config}, o.Reads...)) {
		if _, err := os.Stat(path); err == nil && !r.may(ctx, "-r", path) {
			return &Error{
				fs.ErrPermission, fmt.Sprintf("the account %s, which runs the service, cannot read %s", r.name, path),
				fmt.Sprintf("let it read the file and pass through the directories above: chgrp %s %s; chmod g+r %s; chmod o+x on the directories", r.name, path, path),
			}
		}
	}
	for _, path := range sorted(o.Writes) {
		if !isOwn(path) && !r.may(ctx, "-w", path) {
			return &Error{
				fs.ErrPermission, fmt.Sprintf("the account %s, which runs the service, cannot write in %s", r.name, path),
				fmt.Sprintf("give the directory to the account: chown -R %s: %s; or name the account that owns it: --account", r.name, path),
			}
		}
	}
	return nil
}

// may asks the kernel, as the account, whether it may read or write a path. Access control lists and the rights on the server of
// a share count too, which mode bits do not show.
func (r runner) may(ctx context.Context, right, path string) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/usr/bin/test", right, path)
	cmd.Dir = "/"
	if int(r.uid) != os.Geteuid() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: r.uid, Gid: r.gid, Groups: r.groups}}
	}
	return !errors.As(cmd.Run(), new(*exec.ExitError)) // where nobody can ask, nothing is refused
}
