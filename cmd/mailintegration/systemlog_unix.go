//go:build unix

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// syslogSockets are where syslog daemons listen: on Linux, on macOS and on BSD.
var syslogSockets = []string{"/dev/log", "/var/run/syslog", "/var/run/log"}

// newSystemSender returns the sender for the syslog daemon of this machine.
func newSystemSender() systemSender { return &syslog{sockets: syslogSockets, limit: systemTime} }

// syslog sends lines to a syslog daemon on this machine (RFC 3164 §4.1, without the name of the host, as syslog(3) does).
// Without a daemon that listens, lines are lost.
type syslog struct {
	sockets []string
	limit   time.Duration // for one line
	conn    net.Conn      // nil before the first line and after a failure
}

// facilityDaemon is the facility of system daemons (RFC 3164 §4.1.1).
const facilityDaemon = 3

// send implements systemSender. A daemon that was started anew has closed the old connection: then it connects again, once.
func (s *syslog) send(e systemEntry) error {
	now := time.Now()
	line := fmt.Appendf(nil, "<%d>%s mailintegration[%d]: %s\n", facilityDaemon<<3|priority(e.level), now.Format(time.Stamp), os.Getpid(), e.text)
	deadline := now.Add(s.limit)
	for again := s.conn != nil; ; again = false {
		err := s.connect(deadline)
		if err == nil {
			_, err = s.conn.Write(line)
		}
		if err == nil {
			return nil
		}
		s.close()
		if !again || errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
}

// connect connects unless that was done, and sets the deadline.
func (s *syslog) connect(deadline time.Time) (err error) {
	dialer := net.Dialer{Deadline: deadline}
	for _, path := range s.sockets {
		for _, network := range []string{"unixgram", "unix"} {
			if s.conn == nil {
				s.conn, err = dialer.Dial(network, path)
			}
		}
	}
	if s.conn == nil {
		return err
	}
	return s.conn.SetWriteDeadline(deadline)
}

// close implements systemSender.
func (s *syslog) close() {
	if s.conn != nil {
		_ = s.conn.Close() // an error leaves nothing to do
		s.conn = nil
	}
}

// isStream reports whether f is the file that JOURNAL_STREAM names by device and inode.
func isStream(f *os.File, stream string) bool {
	info, err := f.Stat()
	if err != nil || stream == "" {
		return false
	}
	stat, is := info.Sys().(*syscall.Stat_t)
	return is && stream == fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
}

// serviceManager returns "systemd" if it started this process, "" otherwise (systemd.exec(5), Environment Variables).
func serviceManager() string {
	if os.Getenv("NOTIFY_SOCKET") != "" || os.Getenv("INVOCATION_ID") != "" {
		return "systemd"
	}
	return ""
}
