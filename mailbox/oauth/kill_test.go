package oauth_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mailintegration/mailbox/oauth"
)

// Environment variables for the child: the step where it stops, the endpoint, and the directory of the store.
const (
	childStep     = "OAUTH_TEST_STEP"
	childEndpoint = "OAUTH_TEST_ENDPOINT"
	childStore    = "OAUTH_TEST_STORE"
)

// stop reports that the child has reached its step, and waits there to be killed.
func stop(step string) {
	if step == os.Getenv(childStep) {
		fmt.Println("here")
		select {}
	}
}

// child obtains a token like the daemon, and stops at a step in between, or when it has the token.
func child() {
	store := oauth.NewStore(os.Getenv(childStore))
	store.At(stop)
	s, err := oauth.New(oauth.Options{
		Mailbox: "helpdesk", AuthorityURL: os.Getenv(childEndpoint), TenantID: tenant, ClientID: clientID, UserName: userName,
		Store: store,
	})
	if err == nil {
		_, err = s.Token(context.Background())
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	stop("handed out")
	os.Exit(0)
}

// killAt runs a child and kills it with SIGKILL at a step.
func killAt(t *testing.T, step string, o oauth.Options) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), childStep+"="+step, childEndpoint+"="+o.AuthorityURL,
		childStore+"="+filepath.Dir(o.Store.Path("helpdesk")))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if killed := c.Process.Kill(); killed != nil {
		t.Error(killed)
	}
	_ = c.Wait() // returns an error, as the child was killed
	if err != nil || line != "here\n" {
		t.Fatalf("the child said %q, %v", line, err)
	}
}

// TestARotatedRefreshTokenSurvivesAKill ends the process between the arrival of a rotated refresh token and the use of
// the access token that came with it. The endpoint accepts each refresh token once.
func TestARotatedRefreshTokenSurvivesAKill(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"renamed", "handed out"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			e := newRotating("first")
			o := authorized(t, serve(t, e), "first")
			for n := range 3 {
				killAt(t, step, o)
				if a, err := o.Store.Load("helpdesk"); err != nil || a.RefreshToken != fmt.Sprintf("first-%d", n+1) {
					t.Fatalf("after kill %d %q is stored, %v", n+1, a.RefreshToken, err)
				}
			}
			if got := token(t, source(t, o)); got != "access-4" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// TestAKillDuringSaveLeavesThePreviousRefreshToken ends the process before the new file has replaced the old one. The
// old token still works with an endpoint that, like Microsoft's, does not revoke it when it rotates.
func TestAKillDuringSaveLeavesThePreviousRefreshToken(t *testing.T) {
	t.Parallel()
	e := &endpoint{say: func(_ string, form url.Values) answer {
		if form.Get("refresh_token") != "first" {
			return refusal(http.StatusBadRequest, "invalid_grant", "")
		}
		return granted("access", "second")
	}}
	o := authorized(t, serve(t, e), "first")
	for range 3 {
		killAt(t, "written", o)
	}
	if a, err := o.Store.Load("helpdesk"); err != nil || a.RefreshToken != "first" {
		t.Fatalf("%q is stored, %v", a.RefreshToken, err)
	}
	token(t, source(t, o))
	left, err := filepath.Glob(o.Store.Path("helpdesk") + ".*.new")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
