package key_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/config/key"
)

// generate returns a ring with a new key.
func generate(t *testing.T) *key.Ring {
	t.Helper()
	r, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// encrypt returns a text as a value of a ring.
func encrypt(t *testing.T, r *key.Ring, plain string) string {
	t.Helper()
	value, err := r.Encrypt(plain)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestAValueIsDecryptedAsItWas(t *testing.T) {
	t.Parallel()
	r := generate(t)
	for _, plain := range []string{"p", " two words ", "<&>\"'", "pässwörd €", "encrypted:again", strings.Repeat("long", 5000)} {
		value := encrypt(t, r, plain)
		if value == encrypt(t, r, plain) {
			t.Errorf("%.20q has the same value twice: whoever reads it sees which accounts share a password", plain)
		}
		if strings.ContainsAny(value, " \"'<>&=%\n") || strings.Contains(value, "--") {
			t.Errorf("%.60s… cannot be pasted into XML or a command line", value)
		}
		if got, err := r.Decrypt(value); err != nil || got != plain {
			t.Errorf("%.20q was decrypted as %.20q, %v", plain, got, err)
		}
	}
}

func TestWhiteSpaceAroundAndInAValueDoesNotCount(t *testing.T) {
	t.Parallel()
	r := generate(t)
	value := encrypt(t, r, "secret")
	for name, text := range map[string]string{
		"around": "\n    " + value + "\n  ", "line breaks in it": value[:40] + "\n\t  " + value[40:80] + "\r\n" + value[80:],
	} {
		if got, err := r.Decrypt(text); err != nil || got != "secret" || !key.IsEncrypted(text) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestAValueThatIsNotWholeIsDamaged(t *testing.T) {
	t.Parallel()
	r := generate(t)
	value := encrypt(t, r, "secret")
	for n := range len(value) {
		if _, err := r.Decrypt(value[:n]); !errors.Is(err, key.ErrDamaged) {
			t.Fatalf("the first %d characters: %v", n, err)
		}
	}
	for n := len("encrypted:01234567:"); n < len(value); n++ {
		other := byte('A')
		if value[n] == other {
			other = 'B'
		}
		changed := value[:n] + string(other) + value[n+1:]
		if got, err := r.Decrypt(changed); err == nil && got != "secret" || err != nil && !errors.Is(err, key.ErrDamaged) {
			t.Errorf("with another character at %d: %q, %v", n, got, err)
		}
	}
	if id, err := key.IDOf(value); err != nil || id != r.IDs()[0] {
		t.Errorf("its key is %q, %v", id, err)
	}
}

func TestAnotherKeyIsNamed(t *testing.T) {
	t.Parallel()
	here, elsewhere := generate(t), generate(t)
	_, err := here.Decrypt(encrypt(t, elsewhere, "secret"))
	want := "is encrypted with key " + elsewhere.IDs()[0] + "; this installation has key " + here.IDs()[0]
	if unknown := new(key.UnknownError); !errors.As(err, &unknown) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestANewKeyIsPutFirst: the old one still decrypts, until it is removed.
func TestANewKeyIsPutFirst(t *testing.T) {
	t.Parallel()
	old, fresh := generate(t), generate(t)
	before := encrypt(t, old, "secret")
	both := fresh.Join(old)
	if diff := cmp.Diff([]string{fresh.IDs()[0], old.IDs()[0]}, both.Join(old).IDs()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, err := both.Decrypt(before); err != nil || got != "secret" {
		t.Errorf("a value of the old key: %q, %v", got, err)
	}
	after := encrypt(t, both, "secret")
	if got, err := both.First().Decrypt(after); err != nil || got != "secret" {
		t.Errorf("a value of the new key: %q, %v", got, err)
	}
	if _, err := both.First().Decrypt(before); err == nil {
		t.Error("a removed key decrypts")
	}
}

func TestAKeyFileIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	r := generate(t).Join(generate(t))
	machine, err := r.Sealed()
	if err != nil {
		t.Fatal(err)
	}
	for name, octets := range map[string][]byte{
		"of this machine": machine, "saved": r.Plain(), "with line ends of Windows": []byte(strings.ReplaceAll(string(r.Plain()), "\n", "\r\n")),
	} {
		got, err := key.Parse(octets)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(r.IDs(), got.IDs()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAKeyFileThatIsNotWholeHasNoKey(t *testing.T) {
	t.Parallel()
	whole := string(generate(t).Plain())
	for name, text := range map[string]string{
		"empty": "", "a comment": "# key\n", "cut short": whole[:len(whole)-8], "a public key": "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudl2xpjqsgfnem\n",
		"another file": "<MailIntegration/>\n",
	} {
		_, err := key.Parse([]byte(text))
		if !errors.Is(err, key.ErrNoKey) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "AGE-SECRET") {
			t.Errorf("%s: the error has the key: %v", name, err)
		}
	}
}

func TestTheKeysOfAllPlacesDecrypt(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	first, second := generate(t), generate(t)
	place := func(name string, octets []byte) string {
		path := filepath.Join(folder, name)
		if octets != nil {
			if err := os.WriteFile(path, octets, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	missing, good, other, broken := place("missing", nil), place("good", first.Plain()), place("other", second.Plain()), place("broken", []byte("?"))
	for _, tt := range []struct {
		name   string
		source key.Source
		want   []string
		fault  string
	}{
		{"the file alone", key.Source{File: good, Credentials: []string{missing}}, first.IDs(), ""},
		{"a credential alone", key.Source{File: missing, Credentials: []string{good}}, first.IDs(), ""},
		{"both: the file encrypts", key.Source{File: good, Credentials: []string{other, good}}, append(first.IDs(), second.IDs()...), ""},
		{"a broken file beside a credential", key.Source{File: broken, Credentials: []string{good}}, first.IDs(), ""},
		{"none", key.Source{File: missing}, nil, "there is no key file " + missing},
		{"a broken file alone", key.Source{File: broken}, nil, "the key file " + broken + " cannot be used: holds no key, or not a whole one"},
	} {
		ring, problem, err := tt.source.Open(os.ReadFile)
		if tt.fault != "" {
			if !errors.As(err, new(*key.MissingError)) || err.Error() != tt.fault {
				t.Errorf("%s: %v, want %s", tt.name, err, tt.fault)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, ring.IDs()); diff != "" || (problem != nil) != (tt.source.File == broken) {
			t.Errorf("%s: problem %v (-want +got):\n%s", tt.name, problem, diff)
		}
	}
}

func TestAFileThatMayNotBeReadIsNotMissing(t *testing.T) {
	t.Parallel()
	refuse := func(string) ([]byte, error) { return nil, fs.ErrPermission }
	_, _, err := key.Source{File: "/etc/mailintegration/mailintegration.key"}.Open(refuse)
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "/etc/mailintegration/mailintegration.key") {
		t.Errorf("got %v", err)
	}
}
