package oauth

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Authorization is what a person gave the program: a refresh token, and what it is good for.
type Authorization struct {
	Mailbox      string    `json:"mailbox"`
	AuthorityURL string    `json:"authority_url"`
	TenantID     string    `json:"tenant_id"`
	ClientID     string    `json:"client_id"`
	UserName     string    `json:"user_name"`
	RefreshToken string    `json:"refresh_token"`
	AuthorizedAt time.Time `json:"authorized_at"`
	RefreshedAt  time.Time `json:"refreshed_at"` // when the endpoint last accepted it
}

// misfit says why the authorization is not for what is configured now, "" when it is. A refresh token is bound to the
// application and the user (RFC 6749 §6).
func (a Authorization) misfit(o Options) string {
	for _, f := range []struct{ tag, was, is string }{
		{"AuthorityURL", a.AuthorityURL, o.AuthorityURL},
		{"TenantId", a.TenantID, o.TenantID},
		{"ClientId", a.ClientID, o.ClientID},
		{"UserName", a.UserName, o.UserName},
	} {
		if !strings.EqualFold(f.was, f.is) {
			return fmt.Sprintf("it was authorized with another %s (%s)", f.tag, f.was)
		}
	}
	return ""
}

// Store keeps the authorizations of mailboxes, a file for each, in a directory that only its owner may read.
type Store struct {
	dir string
	at  func(step string) // called at steps of Save, for tests that end the process there
}

// NewStore returns the store in a directory, which Save makes when it is not there.
func NewStore(directory string) *Store { return &Store{dir: directory, at: func(string) {}} }

// UnsafeError says that others than the owner could have read or written a file of the store, so that it is not used.
type UnsafeError struct{ Path, Why string }

// Error implements error.
func (e *UnsafeError) Error() string { return e.Path + " " + e.Why }

// Hint says what to do.
func (e *UnsafeError) Hint() string {
	return fmt.Sprintf("give %s to the daemon's account, for it alone (owner, and chmod go-rwx), and authorize the mailbox again if others may have read it", e.Path)
}

// errBroken says that there is a file, but no authorization in it.
var errBroken = errors.New("the stored authorization cannot be used")

// maxFile is more than any authorization has.
const maxFile = 1 << 20

// Load returns a mailbox's authorization; fs.ErrNotExist says that there is none.
func (s *Store) Load(mailbox string) (Authorization, error) {
	var a Authorization
	f, err := s.open(s.path(mailbox))
	if err != nil {
		return a, err
	}
	defer f.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return Authorization{}, fmt.Errorf("%w: %s is not what the program wrote", errBroken, f.Name()) // the cause may quote it
	}
	if !strings.EqualFold(a.Mailbox, mailbox) || a.RefreshToken == "" {
		return Authorization{}, fmt.Errorf("%w: %s is not this mailbox's", errBroken, f.Name())
	}
	return a, nil
}

// open opens a file of the store for reading, if it can be trusted.
func (s *Store) open(path string) (*os.File, error) {
	if err := trust(s.dir); err != nil {
		return nil, err
	}
	if err := trust(path); err != nil {
		return nil, err
	}
	return os.Open(path)
}

// trust returns an *UnsafeError for a file or directory that is not its owner's alone.
func trust(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if why := unsafe(info, os.Geteuid()); why != "" {
		return &UnsafeError{path, why}
	}
	return nil
}

// check finds out whether an authorization could be saved, without saving one.
func (s *Store) check(mailbox string) error {
	if err := s.make(); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, temporary(s.path(mailbox)))
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// make makes the directory, which belongs to whom the one above it belongs.
func (s *Store) make() error {
	if err := os.MkdirAll(filepath.Dir(s.dir), 0o755); err != nil {
		return err
	}
	err := os.Mkdir(s.dir, 0o700)
	switch {
	case err == nil:
		if err := protect(s.dir); err != nil {
			return err
		}
		return errors.Join(inherit(s.dir), syncDirectory(filepath.Dir(s.dir)))
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	return trust(s.dir)
}

// Save makes an authorization durable: when it returns nil the authorization survives the end of the process and of the
// machine. Until then the one before is there, whole.
func (s *Store) Save(a Authorization) (err error) {
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	if err := s.make(); err != nil {
		return err
	}
	path := s.path(a.Mailbox)
	f, err := os.CreateTemp(s.dir, temporary(path)) // its mode is 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // what is left holds a token, in a directory that only we may read
		}
	}()
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = inherit(f.Name()); err != nil {
		return err
	}
	s.at("written")
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	s.at("renamed")
	s.sweep(path)
	return syncDirectory(s.dir)
}

// temporary is the pattern for what is on the way to path.
func temporary(path string) string { return filepath.Base(path) + ".*.new" }

// sweep removes what processes that were killed left behind. The caller holds the mailbox's lock, so that nobody is
// writing; what cannot be removed is harmless.
func (s *Store) sweep(path string) {
	left, _ := filepath.Glob(filepath.Join(s.dir, temporary(path))) // the pattern is well-formed
	for _, name := range left {
		_ = os.Remove(name)
	}
}

// plain are the names of mailboxes that are names of files as well.
var plain = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`)

// device are the names that Windows keeps for itself.
var device = regexp.MustCompile(`^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)

// path is where a mailbox's authorization lies. The name of a mailbox is any line of text, without regard to case.
func (s *Store) path(mailbox string) string {
	name := strings.ToLower(mailbox)
	if !plain.MatchString(name) || device.MatchString(name) {
		digest := sha256.Sum256([]byte(name))
		name = "mailbox-" + hex.EncodeToString(digest[:10])
	}
	return filepath.Join(s.dir, name+".json")
}
