package dovecottest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Limits for starting and stopping Dovecot; both take a fraction of a second unless the machine is overloaded.
const (
	startTimeout = 3 * time.Minute
	stopTimeout  = time.Minute
)

// errAddressInUse is the failure for which Start tries other ports.
var errAddressInUse = errors.New("address already in use")

// process is Dovecot's master process.
type process struct {
	command *exec.Cmd
	ended   chan struct{}
	log     *logReader
}

// start starts Dovecot and waits until it listens.
func start(dovecot, dir string, credential *syscall.SysProcAttr) (*process, error) {
	p := &process{
		command: exec.Command(dovecot, "-F", "-c", filepath.Join(dir, "dovecot.conf")),
		ended:   make(chan struct{}),
		log:     &logReader{ready: make(chan struct{}), ended: make(chan struct{})},
	}
	p.command.SysProcAttr = credential
	p.command.Dir = dir
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.command.Stderr = write
	started := make(chan error)
	go p.run(started, write)
	go p.log.follow(read)
	if err := <-started; err != nil {
		return nil, err
	}
	select {
	case <-p.log.ready:
		return p, nil
	case <-p.ended:
	case <-time.After(startTimeout):
		p.stop()
	}
	text := p.log.String()
	if strings.Contains(text, "Address already in use") {
		return nil, fmt.Errorf("%w:\n%s", errAddressInUse, text)
	}
	return nil, fmt.Errorf("it does not run:\n%s", text)
}

// run starts the process and waits for its end on a thread of its own: Linux signals a parent's death to the children
// of the thread that started them.
func (p *process) run(started chan<- error, write *os.File) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.ended)
	err := p.command.Start()
	_ = write.Close() // the process has its own handle
	started <- err
	if err == nil {
		_ = p.command.Wait() // the log says why it ended
	}
}

// stop ends the process. It may be called twice.
func (p *process) stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	select {
	case <-p.ended:
	case <-time.After(stopTimeout):
		_ = p.command.Process.Kill()
		<-p.ended
	}
	select {
	case <-p.log.ended: // all child processes have closed the log, and write no more files
	case <-time.After(stopTimeout):
	}
}

// logReader collects Dovecot's log.
type logReader struct {
	ready chan struct{} // closed when Dovecot listens
	ended chan struct{} // closed when all processes of Dovecot have ended
	once  sync.Once

	mu   sync.Mutex
	text strings.Builder
}

// follow reads the log to its end. Dovecot logs "starting up" once its ports are open.
func (l *logReader) follow(r io.ReadCloser) {
	defer close(l.ended)
	defer r.Close()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		l.mu.Lock()
		l.text.WriteString(lines.Text() + "\n")
		l.mu.Unlock()
		if strings.Contains(lines.Text(), "starting up") {
			l.once.Do(func() { close(l.ready) })
		}
	}
}

// String returns the log so far.
func (l *logReader) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Log returns Dovecot's log so far.
func (s *Server) Log() string {
	if s.remote == nil {
		return s.process.log.String()
	}
	var text string
	s.remote.call("Log", s.remote.number, &text)
	return text
}
