package mailbox_test

import (
	"testing"
	"time"

	"mailintegration/mailbox"
)

func TestCapabilities(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		lines string
		delay time.Duration
		days  int
		ok    bool
	}{
		{"nothing", "", 0, 0, false},
		{"a log-in delay", "LOGIN-DELAY 60\r\n", time.Minute, 0, false},
		{"a log-in delay that differs by user", "login-delay 900 USER\r\n", 15 * time.Minute, 0, false},
		{"an invalid log-in delay", "LOGIN-DELAY soon\r\nEXPIRE -1\r\n", 0, 0, false},
		{"messages that are never deleted", "EXPIRE NEVER\r\n", 0, 0, false},
		{"messages that are deleted when they were retrieved", "EXPIRE 0\r\n", 0, 0, true},
		{"messages that are kept for a month", "EXPIRE 31 USER\r\n", 0, 31, true},
		{"mailutils, which omits the blank", "EXPIRENEVER\r\n", 0, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var c mailbox.Capabilities = goodScript().with("CAPA", "+OK\r\n"+tt.lines+".\r\n").opened(t).Capabilities()
			days, ok := c.Expire()
			if c.LoginDelay() != tt.delay || days != tt.days || ok != tt.ok {
				t.Errorf("a delay of %v, %d days %t", c.LoginDelay(), days, ok)
			}
		})
	}
}
