package service

import (
	"context"
	"fmt"
	"net"
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
	return daemon(ctx, notifier{limit: notifyTime})
}

// notifier tells systemd through its notification socket how the daemon is (sd_notify(3)). An error leaves nothing to do:
// systemd misses what it wanted to hear, and acts on that.
type notifier struct {
	Unmanaged
	limit time.Duration // for one message
}

// notifyTime is how long systemd may take to take a message.
const notifyTime = 5 * time.Second

// Ready implements Manager.
func (n notifier) Ready() { n.notify(sdnotify.SdNotifyReady) }

// Tell implements Manager. A status is one line.
func (n notifier) Tell(status string) { n.notify("STATUS=" + strings.ReplaceAll(status, "\n", " ")) }

// Reloading implements Manager. Type=notify-reload wants the time too.
func (n notifier) Reloading() {
	n.notify(sdnotify.SdNotifyReloading + "\n" + sdnotify.SdNotifyMonotonicUsec())
}

// Reloaded implements Manager.
func (n notifier) Reloaded() { n.notify(sdnotify.SdNotifyReady) }

// Stopping implements Manager.
func (n notifier) Stopping(extend time.Duration) {
	n.notify(fmt.Sprintf("%s\nEXTEND_TIMEOUT_USEC=%d", sdnotify.SdNotifyStopping, extend.Microseconds()))
}

// Alive implements Manager.
func (n notifier) Alive() { n.notify(sdnotify.SdNotifyWatchdog) }

// Watchdog implements Manager.
func (notifier) Watchdog() time.Duration {
	every, err := sdnotify.SdWatchdogEnabled(false)
	if err != nil {
		return 0
	}
	return every
}

// notify sends a message to systemd. A message that systemd does not take in time is lost, as when systemd hangs: its socket has
// room for a few only, and the daemon goes on. The library's SdNotify would wait.
func (n notifier) notify(message string) {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: os.Getenv("NOTIFY_SOCKET"), Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	if conn.SetWriteDeadline(time.Now().Add(n.limit)) == nil {
		_, _ = conn.Write([]byte(message))
	}
}
