package service

import (
	"context"
	"net"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// TestSystemdHearsHowTheDaemonIs listens where systemd does: on a socket of datagrams.
func TestSystemdHearsHowTheDaemonIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "90000000")
	t.Setenv("WATCHDOG_PID", "")
	told := []struct {
		tell func(Manager)
		want string
	}{
		{Manager.Ready, `^READY=1$`},
		{func(m Manager) { m.Tell("3 mailboxes,\nall well") }, `^STATUS=3 mailboxes, all well$`},
		{Manager.Alive, `^WATCHDOG=1$`},
		{Manager.Reloading, `^RELOADING=1\nMONOTONIC_USEC=\d+\n$`},
		{Manager.Reloaded, `^READY=1$`},
		{func(m Manager) { m.Stopping(15 * time.Second) }, `^STOPPING=1\nEXTEND_TIMEOUT_USEC=15000000$`},
	}
	err = Run(t.Context(), false, func(_ context.Context, m Manager) error {
		if m.Watchdog() != 90*time.Second {
			t.Errorf("the watchdog waits for %v", m.Watchdog())
		}
		if m.Reload() != nil {
			t.Error("systemd asks for a reload otherwise than by SIGHUP")
		}
		message := make([]byte, 1000)
		for _, c := range told {
			c.tell(m)
			n, err := socket.Read(message)
			if err != nil {
				return err
			}
			if !regexp.MustCompile(c.want).Match(message[:n]) {
				t.Errorf("systemd heard %q, want %s", message[:n], c.want)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestWithoutSystemdNobodyIsTold(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	err := Run(t.Context(), false, func(_ context.Context, m Manager) error {
		if m != (Unmanaged{}) {
			t.Errorf("the manager is %T", m)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestAManagerThatIsGoneStopsNobody sends to a socket that does not exist.
func TestAManagerThatIsGoneStopsNobody(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	t.Setenv("WATCHDOG_USEC", "soon")
	err := Run(t.Context(), false, func(_ context.Context, m Manager) error {
		m.Ready()
		if m.Watchdog() != 0 {
			t.Errorf("the watchdog waits for %v", m.Watchdog())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestAManagerThatReadsNothingStopsNobody fills the socket, as systemd's is when systemd hangs.
func TestAManagerThatReadsNothingStopsNobody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	address := &net.UnixAddr{Name: path, Net: "unixgram"}
	socket, err := net.ListenUnixgram("unixgram", address)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	full, err := net.DialUnix("unixgram", nil, address)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	if err := full.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = full.Write([]byte("WATCHDOG=1"))
	}
	t.Setenv("NOTIFY_SOCKET", path)
	m := notifier{limit: time.Millisecond}
	m.Ready()
	m.Tell("all well")
	m.Alive()
	m.Stopping(time.Second)
}
