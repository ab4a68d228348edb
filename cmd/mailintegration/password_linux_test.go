package main

import (
	"strings"
	"testing"
)

// TestTheEndOfTheInputEndsTheQuestionForAPassword types Ctrl-D, as a person does who has no password at hand.
func TestTheEndOfTheInputEndsTheQuestionForAPassword(t *testing.T) {
	t.Parallel()
	for name, verb := range map[string][]string{
		"of a user":            {"user", "set-password", "daemon"},
		"for a file":           {"config", "edit", "helpdesk", "--secret", "Password", "--no-test"},
		"that is encrypted":    {"config", "encrypt", "--value"},
		"after the first time": {"config", "encrypt", "--value"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := install(t, 1, "helpdesk", "pass-of-helpdesk")
			c := converse(t, in.command(verb...))
			if name == "after the first time" {
				c.answers("Password: ", "secret")
				c.sees("Again: ")
			} else {
				c.sees("Password: ")
			}
			c.types(ctrlD)
			code := c.ends()
			for _, want := range []string{"mailintegration: the password was not typed to its end; nothing was changed", "hint: "} {
				if code != exitFailed || !strings.Contains(c.shown.String(), want) {
					t.Errorf("exit code %d, want %q in\n%s", code, want, &c.shown)
				}
			}
		})
	}
}
