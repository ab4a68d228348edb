package service

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	sdnotify "github.com/coreos/go-systemd/v22/daemon"
)

// run runs the daemon. If systemd started it, the daemon's Manager is systemd.
func run(ctx context.Context, _ bool, daemon func(context.Context, Manager) error) error {
	if os.Getenv("NOTIFY_SOCKET") == "" {
		return daemon(ctx, Unmanaged{})
	}
	return daemon(ctx, notifier{})
}

// notifier tells systemd through its notification socket how the daemon is (sd_notify(3)). An error leaves nothing to do:
// systemd misses what it wanted to hear, and acts on that.
type notifier struct{ Unmanaged }

// Ready implements Manager.
func (notifier) Ready() { notify(sdnotify.SdNotifyReady) }

// Tell implements Manager. A status is one line.
func (notifier) Tell(status string) { notify("STATUS=" + strings.ReplaceAll(status, "\n", " ")) }

// Reloading implements Manager. Type=notify-reload wants the time too.
func (notifier) Reloading() {
	notify(sdnotify.SdNotifyReloading + "\n" + sdnotify.SdNotifyMonotonicUsec())
}

// Reloaded implements Manager.
func (notifier) Reloaded() { notify(sdnotify.SdNotifyReady) }

// Stopping implements Manager.
func (notifier) Stopping(extend time.Duration) {
	notify(fmt.Sprintf("%s\nEXTEND_TIMEOUT_USEC=%d", sdnotify.SdNotifyStopping, extend.Microseconds()))
}

// Alive implements Manager.
func (notifier) Alive() { notify(sdnotify.SdNotifyWatchdog) }

// Watchdog implements Manager.
func (notifier) Watchdog() time.Duration {
	every, err := sdnotify.SdWatchdogEnabled(false)
	if err != nil {
		return 0
	}
	return every
}

// notify sends a message to systemd.
func notify(message string) { _, _ = sdnotify.SdNotify(false, message) }
