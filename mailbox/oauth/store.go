package oauth

import (
	"crypto/rand"
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

// Authorization is a person's authorization of the program: a refresh token, and the settings that it is valid for.
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

// mismatch says which setting has changed since the authorization, "" when none has. A refresh token is bound to the
// application and the user (RFC 6749 §6).
func (a Authorization) mismatch(o Options) string {
	for _, f := range []struct{ tag, was, is string }{
		{"AuthorityURL", a.AuthorityURL, o.AuthorityURL},
		{"TenantId", a.TenantID, o.TenantID},
		{"ClientId", a.ClientID, o.ClientID},
		{"UserName", a.UserName, o.UserName},
	} {
		if !strings.EqualFold(f.was, f.is) {
			return fmt.Sprintf("it was authorized for another %s (%s)", f.tag, f.was)
		}
	}
	return ""
}

// Store keeps the authorizations of mailboxes, one file each, in a directory that only its owner may read.
type Store struct {
	dir string
	at  func(step string) // called at the steps of Save, for tests that kill the process there
}

// NewStore returns the store in a directory, which Save creates if needed.
func NewStore(directory string) *Store { return &Store{dir: directory, at: func(string) {}} }

// UnsafeError says that the store does not use a file, because others than its owner could have read or written it.
type UnsafeError struct{ Path, Why string }

// Error implements error.
func (e *UnsafeError) Error() string { return e.Path + " " + e.Why }

// Hint says how to secure the file.
func (e *UnsafeError) Hint() string {
	return fmt.Sprintf("give %s to the daemon's account alone (chown, and chmod go-rwx); "+
		"if others may have read it, authorize the mailbox again", e.Path)
}

// errBroken says that a file exists, but contains no usable authorization.
var errBroken = errors.New("the stored authorization cannot be used")

// maxFile is more octets than any authorization has.
const maxFile = 1 << 20

// Load returns a mailbox's authorization, or fs.ErrNotExist when there is none.
func (s *Store) Load(mailbox string) (Authorization, error) {
	var a Authorization
	root, err := s.openDirectory()
	if err != nil {
		return a, err
	}
	defer root.Close()
	f, err := s.openTrusted(root, filepath.Base(s.path(mailbox)), os.O_RDONLY)
	if err != nil {
		return a, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return Authorization{}, fmt.Errorf("%w: %s is damaged", errBroken, f.Name()) // the cause may quote the token
	}
	if !strings.EqualFold(a.Mailbox, mailbox) || a.RefreshToken == "" {
		return Authorization{}, fmt.Errorf("%w: %s belongs to another mailbox, or has no refresh token", errBroken, f.Name())
	}
	return a, nil
}

// openDirectory opens the directory, if it can be trusted. Operations through the result stay within the directory,
// whatever links its owner has put there.
func (s *Store) openDirectory() (*os.Root, error) {
	before, err := os.Lstat(s.dir)
	if err != nil {
		return nil, err
	}
	if why := whyUnsafe(before, os.Geteuid()); why != "" {
		return nil, &UnsafeError{s.dir, why}
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, err
	}
	opened, err := root.Stat(".")
	if err == nil && !os.SameFile(before, opened) {
		err = &UnsafeError{s.dir, "was replaced while it was opened"}
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

// openTrusted opens a file of the store, if it can be trusted. It checks the file before it opens it, as a pipe would
// block, and checks afterwards that it has opened the same file.
func (s *Store) openTrusted(root *os.Root, name string, flag int) (*os.File, error) {
	before, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(s.dir, name)
	if why := whyUnsafe(before, trustedOwner(root)); why != "" {
		return nil, &UnsafeError{path, why}
	}
	f, err := root.OpenFile(name, flag|nonBlocking, 0)
	if err != nil {
		return nil, err
	}
	opened, err := f.Stat()
	if err == nil && !os.SameFile(before, opened) {
		err = &UnsafeError{path, "was replaced while it was opened"}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// check returns an error if an authorization could not be saved. It saves none.
func (s *Store) check(mailbox string) error {
	if err := s.createDirectory(); err != nil {
		return err
	}
	root, err := s.openDirectory()
	if err != nil {
		return err
	}
	defer root.Close()
	f, name, err := createTemporary(root, filepath.Base(s.path(mailbox)))
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), root.Remove(name))
}

// createDirectory creates the directory, owned like its parent, if it does not exist.
func (s *Store) createDirectory() error {
	above, name := filepath.Split(filepath.Clean(s.dir))
	if err := os.MkdirAll(above, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(above)
	if err != nil {
		return err
	}
	defer root.Close()
	err = root.Mkdir(name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		err = protect(root, name)
	}
	if err == nil {
		err = inheritOwner(root, name)
	}
	return errors.Join(err, syncDirectory(above))
}

// Save makes an authorization durable: when it returns nil, the authorization survives a crash of the process and of
// the machine. Until then the previous one remains complete.
func (s *Store) Save(a Authorization) error {
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	if err := s.createDirectory(); err != nil {
		return err
	}
	root, err := s.openDirectory()
	if err != nil {
		return err
	}
	defer root.Close()
	name := filepath.Base(s.path(a.Mailbox))
	if err := s.replace(root, name, append(text, '\n')); err != nil {
		return err
	}
	removeTemporary(root, name)
	return syncDirectory(s.dir)
}

// replace writes a new file and renames it to name.
func (s *Store) replace(root *os.Root, name string, text []byte) (err error) {
	f, fresh, err := createTemporary(root, name)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = root.Remove(fresh) // a file that remains contains a token, but only this account may read the directory
		}
	}()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = inheritOwner(root, fresh); err != nil {
		return err
	}
	s.at("written")
	if err = root.Rename(fresh, name); err != nil {
		return err
	}
	s.at("renamed")
	return nil
}

// createTemporary creates the file that replace will rename to name.
func createTemporary(root *os.Root, name string) (f *os.File, fresh string, err error) {
	fresh = strings.Replace(temporary(name), "*", rand.Text(), 1)
	f, err = root.OpenFile(fresh, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	return f, fresh, err
}

// temporary returns the pattern for names of such files.
func temporary(name string) string { return name + ".*.new" }

// removeTemporary removes temporary files that killed processes left behind. The caller holds the mailbox's lock, so no
// other process is writing one. A file that cannot be removed does no harm.
func removeTemporary(root *os.Root, name string) {
	left, _ := fs.Glob(root.FS(), temporary(name)) // the pattern is well-formed
	for _, name := range left {
		_ = root.Remove(name)
	}
}

// plainName matches the names of mailboxes that can be file names too.
var plainName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`)

// reservedName matches the file names that Windows reserves for devices.
var reservedName = regexp.MustCompile(`^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)

// path returns the path of a mailbox's authorization. The name of a mailbox is any line of text; its case does not
// matter.
func (s *Store) path(mailbox string) string {
	name := strings.ToLower(mailbox)
	if !plainName.MatchString(name) || reservedName.MatchString(name) {
		digest := sha256.Sum256([]byte(name))
		name = "mailbox-" + hex.EncodeToString(digest[:10])
	}
	return filepath.Join(s.dir, name+".json")
}
