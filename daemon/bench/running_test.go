//go:build bench && linux

package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A daemon of the growth rows has a directory of its own: service file, mailbox files, data.
const (
	growthSettings = `<DataDirectory>%s</DataDirectory> <Mailboxes>%s/*.xml</Mailboxes>`
	growthMailbox  = `<MailIntegration>
  <Schedule>%s</Schedule>
  <MessageProcessorTypeName>EndUserIncidentMailMessageProcessor</MessageProcessorTypeName>
  <ServerName>127.0.0.1</ServerName> <Port>%d</Port> %s
  <UserName>%s</UserName> <Password>secret</Password>
  <IncidentFallbackUserLogon>unknown</IncidentFallbackUserLogon>
  <MaxNewRequests>0</MaxNewRequests>
</MailIntegration>`
)

// users returns the names of n users, who are mailboxes of the same names too.
func users(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("box-%04d", i))
	}
	return names
}

// configureDaemon writes the configuration of a daemon for the mailboxes on that listener, and returns its service file.
func (in *installed) configureDaemon(l *load, name string, at Address, line Line, schedule time.Duration, mailboxes []string) string {
	l.Helper()
	dir, security := filepath.Join(in.dir, name), "<SecureSocketOption>None</SecureSocketOption>"
	if line.TLS {
		in.configure(l.T, string(at.Root), name, "root.pem")
		security = "<TrustedCertificate>" + filepath.Join(dir, "root.pem") + "</TrustedCertificate>"
	}
	for _, m := range mailboxes {
		in.configure(l.T, fmt.Sprintf(growthMailbox, schedule, at.Port, security, m), name, "mailboxes", m+".xml")
	}
	settings := fmt.Sprintf(growthSettings, filepath.Join(dir, "data"), filepath.Join(dir, "mailboxes"))
	in.configure(l.T, fmt.Sprintf(serviceFile, strings.ReplaceAll(in.server.URL(), "&", "&amp;"),
		filepath.Join(in.dir, "attachments"), settings+os.Getenv(settingsVariable)), name, "mailintegration.xml")
	return filepath.Join(dir, "mailintegration.xml")
}

// running is a daemon that runs as a process of its own.
type running struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when its log has ended

	mu     sync.Mutex
	events map[string]int    // how often each event of level warn and error came
	sample map[string]string // the first line of each
	rest   string            // the last line that is no event, as of a panic
}

// run starts the verb run with a service file. The daemon ends with the test.
func (in *installed) run(l *load, file string) *running {
	l.Helper()
	r := &running{
		cmd: exec.Command(in.binary, "run"), done: make(chan struct{}),
		events: map[string]int{}, sample: map[string]string{},
	}
	r.cmd.Env = append(os.Environ(), "MAILINTEGRATION_CONFIG="+file)
	log, err := r.cmd.StderrPipe()
	if err == nil {
		err = r.cmd.Start()
	}
	if err != nil {
		l.Fatal(err)
	}
	go r.read(log)
	l.Cleanup(r.stop)
	return r
}

// read counts the events of the log.
func (r *running) read(log io.Reader) {
	defer close(r.done)
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var event struct{ Level, Msg string }
		err := json.Unmarshal(lines.Bytes(), &event)
		r.mu.Lock()
		switch {
		case err != nil:
			r.rest = lines.Text()
		case event.Level == "warn" || event.Level == "error":
			if r.events[event.Msg]++; r.events[event.Msg] == 1 {
				r.sample[event.Msg] = lines.Text()
			}
		}
		r.mu.Unlock()
	}
	_, _ = io.Copy(io.Discard, log) // after a line that is too long
}

// failedPolls returns how many polls have failed so far.
func (r *running) failedPolls() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events["poll failed"] + r.events["poll panicked"]
}

// trouble returns what the log has said that a person should see, "" for nothing.
func (r *running) trouble() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.events)) {
		fmt.Fprintf(&b, "%d × %s, first: %.600s\n", r.events[name], name, r.sample[name])
	}
	if r.rest != "" {
		fmt.Fprintf(&b, "last line: %.600s\n", r.rest)
	}
	return b.String()
}

// stopTimeout is how long a daemon may take to stop.
const stopTimeout = time.Minute

// stop stops the daemon and waits for its end. It may be called twice.
func (r *running) stop() {
	_ = r.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	late := time.AfterFunc(stopTimeout, r.kill)
	defer late.Stop()
	<-r.done
	_ = r.cmd.Wait() // killed or not; the log tells the rest
}

// kill kills the daemon. stop waits for its end.
func (r *running) kill() { _ = r.cmd.Process.Kill() } // it may have ended
