package oauth_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/mailbox"
	"mailintegration/mailbox/oauth"
)

func TestASavedAuthorizationIsLoaded(t *testing.T) {
	t.Parallel()
	s := oauth.NewStore(filepath.Join(t.TempDir(), "data", "tokens"))
	names := []string{
		"helpdesk", "Service Desk", "IT/Montréal", "..", ".hidden", "con", "nul.txt", "x" + strings.Repeat("y", 99),
		strings.Repeat("é", 100), `back\slash`, "a:b", "*", "helpdesk.json",
	}
	now := time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)
	for _, name := range names {
		want := oauth.Authorization{Mailbox: name, RefreshToken: "of " + name, AuthorizedAt: now, RefreshedAt: now}
		if err := s.Save(want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for _, name := range names {
		got, err := s.Load(strings.ToUpper(name))
		if err != nil || got.RefreshToken != "of "+name {
			t.Errorf("%s: loaded %q, %v", name, got.RefreshToken, err)
		}
		if dir, base := filepath.Split(s.Path(name)); dir != filepath.Dir(s.Path("helpdesk"))+string(filepath.Separator) ||
			len(base) > 120 {
			t.Errorf("%s lies in %s", name, s.Path(name))
		}
	}
	if got, err := os.ReadDir(filepath.Dir(s.Path("helpdesk"))); err != nil || len(got) != len(names) {
		t.Errorf("%d files, want %d (%v)", len(got), len(names), err)
	}
	if _, err := s.Load("another"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v of what was not saved", err)
	}
}

func TestADamagedFileIsNamedAndNotQuoted(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty": "", "torn": `{"mailbox":"helpdesk","refresh_token":"secre`,
		"of another mailbox": `{"mailbox":"sales","refresh_token":"secret"}`,
		"without a token":    `{"mailbox":"helpdesk"}`, "of another shape": `{"mailbox":"helpdesk","refresh_token":["secret"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := authorized(t, "http://127.0.0.1:9", "first")
			if err := os.WriteFile(o.Store.Path("helpdesk"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := source(t, o).Token(t.Context())
			if !errors.Is(err, mailbox.ErrNotAuthorized) || strings.Contains(err.Error(), "secre") ||
				!strings.Contains(err.Error(), "helpdesk.json") {
				t.Errorf("got %v", err)
			}
			if want := `run mailintegration mailbox authorize "helpdesk"`; mailbox.Hint(err) != want {
				t.Errorf("hint %q, want %q", mailbox.Hint(err), want)
			}
		})
	}
}

func TestSavingAgainReplacesTheAuthorization(t *testing.T) {
	t.Parallel()
	s := oauth.NewStore(filepath.Join(t.TempDir(), "tokens"))
	first := oauth.Authorization{Mailbox: "helpdesk", RefreshToken: strings.Repeat("long", 2000)}
	second := oauth.Authorization{Mailbox: "Helpdesk", RefreshToken: "short"}
	for _, a := range []oauth.Authorization{first, second} {
		if err := s.Save(a); err != nil {
			t.Fatal(err)
		}
		got, err := s.Load("helpdesk")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
