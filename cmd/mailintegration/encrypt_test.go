package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/config"
	"mailintegration/config/key"
)

// encrypting is an installation whose passwords are encrypted. It has no database.
type encrypting struct {
	*testing.T
	*env
	folder      string
	out, errors bytes.Buffer
}

const encryptingMailbox = `<MailIntegration>
  <MessageProcessorTypeName>EventMailMessageProcessor</MessageProcessorTypeName>
  <ServerName>mail.example.com</ServerName> <UserName>%[1]s</UserName>
  <Password>password of %[1]s</Password>
</MailIntegration>
`

// newEncrypting returns an installation with two mailbox files, a password in the service file and one in a file of its own.
func newEncrypting(t *testing.T) *encrypting {
	t.Helper()
	n := &encrypting{T: t, folder: t.TempDir()}
	n.env = &env{ctx: t.Context(), config: filepath.Join(n.folder, "mailintegration.xml"), stdin: strings.NewReader(""), stdout: &n.out, stderr: &n.errors}
	n.write("mailintegration.xml", "<MailIntegrationService>\n  <DataDirectory>data</DataDirectory>\n  <Login>daemon</Login> <Team>IT</Team>\n"+
		"  <Smtp>\n    <ServerName>smtp.example.com</ServerName> <UserName>desk@example.com</UserName>\n    <Password>password of smtp</Password>\n  </Smtp>\n"+
		"</MailIntegrationService>\n")
	for _, name := range []string{"ann", "ben"} {
		n.write("mailboxes/"+name+".xml", fmt.Sprintf(encryptingMailbox, name))
	}
	n.write("mailboxes/file.xml", strings.Replace(fmt.Sprintf(encryptingMailbox, "file"), "<Password>password of file</Password>",
		"<PasswordFile>../password.txt</PasswordFile>", 1))
	n.write("password.txt", "password of file\n")
	return n
}

// write writes a file that only its owner can read.
func (n *encrypting) write(name, text string) {
	n.Helper()
	path := filepath.Join(n.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		n.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		n.Fatal(err)
	}
}

// read reads a file.
func (n *encrypting) read(name string) string {
	n.Helper()
	octets, err := os.ReadFile(filepath.Join(n.folder, name))
	if err != nil {
		n.Fatal(err)
	}
	return string(octets)
}

// must runs config encrypt, which must not fail.
func (n *encrypting) must(c configEncryptCmd) {
	n.Helper()
	if err := c.Run(n.env); err != nil {
		n.Fatalf("%+v: %v\n%s", c, err, n.out.String())
	}
}

// wantReadable fails the test unless each password has its text.
func (n *encrypting) wantReadable(when string) {
	n.Helper()
	service, _, err := n.env.read()
	if err != nil {
		n.Fatalf("%s: %v", when, err)
	}
	got := map[string]string{"smtp": service.Smtp.Password.Reveal()}
	for _, m := range service.Mailboxes {
		got[m.UserName] = m.Password.Reveal()
	}
	for _, name := range []string{"smtp", "ann", "ben", "file"} {
		if got[name] != "password of "+name {
			n.Errorf("%s: %s has the password %q", when, name, got[name])
		}
	}
}

// keyIDs returns the identifiers of the keys in the key file, and of those that encrypt the values.
func (n *encrypting) keyIDs() (ring, used []string) {
	n.Helper()
	if open, err := openKeys(n.keys()); err != nil {
		n.Fatal(err)
	} else if open != nil {
		ring = open.IDs()
	}
	add := func(id string) {
		if !slices.Contains(used, id) {
			used = append(used, id)
		}
	}
	for _, name := range []string{"mailintegration.xml", "mailboxes/ann.xml", "mailboxes/ben.xml"} {
		secrets, err := config.SecretsIn(name, []byte(n.read(name)), n.keys())
		if err != nil {
			n.Fatal(err)
		}
		for _, s := range secrets {
			add(s.KeyID)
		}
	}
	if id, err := key.IDOf(n.read("password.txt")); err == nil {
		add(id)
	}
	return ring, used
}

var errCut = errors.New("the power is gone")

// cutting returns an encryption that ends at the step with that number, before or after it is done, and how many steps it took.
func (n *encrypting) cutting(at int, after bool) (e *encryption, steps *int) {
	n.Helper()
	steps = new(int)
	step := func(do func() error) error {
		*steps++
		switch {
		case *steps < at:
			return do()
		case *steps == at && after:
			return errors.Join(do(), errCut)
		}
		return errCut
	}
	e = &encryption{
		env: n.env, source: n.keys(),
		replace: func(path string, before, after []byte) error {
			return step(func() error { return replaceFile(path, before, after) })
		},
		create: func(path string, ring *key.Ring, dataDirectory string) error {
			return step(func() error { return createKeyFile(path, ring, dataDirectory) })
		},
	}
	if err := e.open(); err != nil {
		n.Fatal(err)
	}
	if err := e.find(nil, true); err != nil {
		n.Fatal(err)
	}
	return e, steps
}

// TestEachPasswordIsReadWhereverEncryptionIsCut cuts the power at each step, of encryption and of rotation, and then runs it again.
func TestEachPasswordIsReadWhereverEncryptionIsCut(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"encrypt", "rotate"} {
		cuts := 0
		for at, ended := 1, false; !ended; at++ {
			for _, after := range []bool{false, true} {
				n := newEncrypting(t)
				if name == "rotate" {
					n.must(configEncryptCmd{})
					n.write("password.txt", n.value("password of file"))
				}
				e, steps := n.cutting(at, after)
				if name == "rotate" {
					_ = e.rotate(false) // it fails, since it is cut
				} else {
					e.encryptAll()
				}
				when := fmt.Sprintf("%s, cut at step %d (done: %v)", name, at, after)
				n.wantReadable(when)
				if ended = *steps < at; ended {
					break
				}
				cuts++
				n.must(configEncryptCmd{Rotate: name == "rotate"})
				n.wantReadable(when + " and repeated")
				if ring, used := n.keyIDs(); len(ring) != 1 || cmp.Diff(ring, used) != "" {
					t.Errorf("%s and repeated: the keys are %v, used are %v", when, ring, used)
				}
			}
		}
		if want := map[string]int{"encrypt": 2 * 4, "rotate": 2 * 6}[name]; cuts != want {
			t.Errorf("%s was cut %d times, want %d", name, cuts, want)
		}
	}
}

// TestInterruptedRotationsAddOneKey interrupts each rotation before it has encrypted the last file.
func TestInterruptedRotationsAddOneKey(t *testing.T) {
	t.Parallel()
	n := newEncrypting(t)
	n.must(configEncryptCmd{})
	n.write("password.txt", n.value("password of file"))
	for i := range 3 {
		e, _ := n.cutting(2, false) // each goes on where the one before has ended
		_ = e.rotate(false)         // it fails, since it is cut
		if ring, _ := n.keyIDs(); len(ring) != 2 {
			t.Errorf("interruption %d: the keys are %v", i+1, ring)
		}
		n.wantReadable("after it")
	}
	n.must(configEncryptCmd{Rotate: true})
	if ring, used := n.keyIDs(); len(ring) != 1 || !slices.Equal(ring, used) {
		t.Errorf("the keys are %v, used are %v", ring, used)
	}
}

// value returns an encrypted value, as config encrypt --value prints it.
func (n *encrypting) value(plain string) string {
	n.Helper()
	n.out.Reset()
	n.stdin = strings.NewReader(plain + "\n")
	n.must(configEncryptCmd{Value: true})
	return n.out.String()
}

// TestTheKeyOfARotationThatFailsStays: a file that cannot be changed still needs it.
func TestTheKeyOfARotationThatFailsStays(t *testing.T) {
	t.Parallel()
	n := newEncrypting(t)
	n.must(configEncryptCmd{})
	before, _ := n.keyIDs()
	e, _ := n.cutting(1000, false)
	replace := e.replace
	e.replace = func(path string, before, after []byte) error {
		if filepath.Base(path) == "ann.xml" {
			return errChanged
		}
		return replace(path, before, after)
	}
	if err := e.rotate(false); err == nil || !strings.Contains(n.out.String(), "FAILED  "+filepath.Join(n.folder, "mailboxes", "ann.xml")+": "+errChanged.Error()) {
		t.Errorf("%v\n%s", err, n.out.String())
	}
	n.wantReadable("after it")
	if ring, used := n.keyIDs(); len(ring) != 2 || ring[1] != before[0] || len(used) != 2 {
		t.Errorf("the keys are %v, used are %v", ring, used)
	}
}

// TestABrokenMailboxFileKeepsTheOldKey: nobody knows which files it names.
func TestABrokenMailboxFileKeepsTheOldKey(t *testing.T) {
	t.Parallel()
	n := newEncrypting(t)
	n.must(configEncryptCmd{})
	n.write("mailboxes/broken.xml", strings.Replace(fmt.Sprintf(encryptingMailbox, "broken"), "<Password>", "<Port>many</Port><Password>", 1))
	err := (&configEncryptCmd{Rotate: true}).Run(n.env)
	if err == nil || !strings.Contains(n.out.String(), "because of mistakes in 1 mailbox file:") || strings.Contains(n.read("mailboxes/broken.xml"), "password of") {
		t.Errorf("%v\n%s", err, n.out.String())
	}
	if ring, used := n.keyIDs(); len(ring) != 2 || len(used) != 1 || ring[0] != used[0] {
		t.Errorf("the keys are %v, used are %v", ring, used)
	}
}

// TestTwoEncryptionsAtOnceLeaveOneKey: the one that comes second to the key file uses the key of the other.
func TestTwoEncryptionsAtOnceLeaveOneKey(t *testing.T) {
	t.Parallel()
	n := newEncrypting(t)
	first, _ := n.cutting(1000, false)
	create := first.create
	first.create = func(path string, ring *key.Ring, dataDirectory string) error {
		n.must(configEncryptCmd{}) // begins later and ends before
		return create(path, ring, dataDirectory)
	}
	first.encryptAll()
	if !strings.Contains(n.out.String(), errChanged.Error()) {
		t.Errorf("a file that the other run has changed was changed again:\n%s", n.out.String())
	}
	n.must(configEncryptCmd{})
	n.wantReadable("after both")
	if ring, used := n.keyIDs(); len(ring) != 1 || !slices.Equal(ring, used) {
		t.Errorf("the keys are %v, used are %v", ring, used)
	}
}

// TestARunningDaemonSeesNoChange: the configuration means the same before and after.
func TestARunningDaemonSeesNoChange(t *testing.T) {
	t.Parallel()
	n := newEncrypting(t)
	running, _, err := n.env.read()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []configEncryptCmd{{}, {Rotate: true}} {
		n.must(c)
		now, _, err := n.env.read()
		if err != nil {
			t.Fatal(err)
		}
		if changes := config.Compare(running, now); !changes.IsEmpty() || now.Hash() != running.Hash() {
			t.Errorf("%+v: %+v", c, changes)
		}
	}
}

// TestAnEncryptedFileThatCannotBeReplacedKeepsTheOldKey: such a file is a credential while the service runs.
func TestAnEncryptedFileThatCannotBeReplacedKeepsTheOldKey(t *testing.T) {
	t.Parallel()
	n := newEncrypting(t)
	n.must(configEncryptCmd{})
	n.write("password.txt", n.value("password of file"))
	e, _ := n.cutting(1000, false)
	replace := e.replace
	e.replace = func(path string, before, after []byte) error {
		if filepath.Base(path) == "password.txt" {
			return fs.ErrPermission
		}
		return replace(path, before, after)
	}
	if err := e.rotate(false); err == nil {
		t.Error("nothing was wrong")
	}
	n.wantReadable("after it")
	n.must(configEncryptCmd{Rotate: true})
	n.wantReadable("once it can be replaced")
	if ring, _ := n.keyIDs(); len(ring) != 1 {
		t.Errorf("the keys are %v", ring)
	}
}

// TestAMachineCannotReadTheFilesOfAnother copies the files without the key.
func TestAMachineCannotReadTheFilesOfAnother(t *testing.T) {
	t.Parallel()
	here, there := newEncrypting(t), newEncrypting(t)
	here.must(configEncryptCmd{})
	there.must(configEncryptCmd{})
	there.write("mailboxes/ann.xml", here.read("mailboxes/ann.xml"))
	service, _, err := there.env.read()
	if service == nil || len(service.Mailboxes) != 2 || len(service.Broken) != 1 || !strings.Contains(err.Error(), "the file comes from another machine") {
		t.Fatalf("%v", err)
	}
	for _, n := range []*encrypting{here, there} {
		n.must(configEncryptCmd{SaveKey: filepath.Join(n.folder, "saved")})
	}
	there.write(key.FileName, there.read("saved")+here.read("saved"))
	there.wantReadable("with the keys of both")
}

// TestAKeyFileThatCannotBeUsedIsNotReplaced: the key may be needed.
func TestAKeyFileThatCannotBeUsedIsNotReplaced(t *testing.T) {
	t.Parallel()
	n := newEncrypting(t)
	n.write(key.FileName, "half a key")
	for _, c := range []configEncryptCmd{{}, {Rotate: true}, {Value: true}} {
		n.stdin = strings.NewReader("secret\n")
		if err := c.Run(n.env); err == nil || hintOf(err) == "" || n.read(key.FileName) != "half a key" {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestAKeyThatSystemdHasIsNotRotated: the program cannot write it.
func TestAKeyThatSystemdHasIsNotRotated(t *testing.T) {
	n := newEncrypting(t)
	n.must(configEncryptCmd{})
	credentials := filepath.Join(n.folder, "credentials")
	n.write("credentials/"+key.FileName, n.read(key.FileName))
	t.Setenv("CREDENTIALS_DIRECTORY", credentials)
	if err := os.Remove(filepath.Join(n.folder, key.FileName)); err != nil {
		t.Fatal(err)
	}
	n.wantReadable("with the credential")
	n.must(configEncryptCmd{})
	err := (&configEncryptCmd{Rotate: true}).Run(n.env)
	if err == nil || !strings.Contains(err.Error(), "the key is a credential of systemd") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(n.folder, key.FileName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a second key was made: %v", err)
	}
}
