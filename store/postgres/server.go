package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Options say where the server lies and how it is run.
type Options struct {
	// DataDirectory holds the server's data and nothing else; made when it does not exist.
	DataDirectory string
	// BinDirectory holds PostgreSQL's programs. When empty it is $MAILINTEGRATION_PG_BIN, PATH, or the
	// usual folders, whichever has the version that the data was made by.
	BinDirectory string
	// Logger gets what happens to the server; nil is no logging.
	Logger *zap.Logger
	// Disposable trades durability for speed and ends the server together with this process (Linux).
	// For tests only: a power failure destroys the data.
	Disposable bool
}

// Role and Database are what URL logs in as and to. The role owns the database, and is no superuser unless the server is
// disposable.
const (
	Role     = "mailintegration"
	Database = "mailintegration"
)

// Server is a running private PostgreSQL, or the use of one that another process owns.
type Server struct {
	opts   Options
	dir    directory
	events events
	users  *lockFile

	stop     context.CancelFunc // ends watch
	watching chan struct{}      // closed when watch has ended
	stopOnce sync.Once
	stopErr  error

	mu       sync.Mutex
	at       address     // changed only by Start and, afterwards, by watch
	password string      // of Role
	owner    *lockFile   // nil while another process owns the server
	proc     *postmaster // the server we own
}

// Start makes the data directory if needed and returns when the server answers. It takes a second or two the
// first time, less afterwards, and nothing but a connection when the server runs already.
func Start(ctx context.Context, opts Options) (*Server, error) {
	if opts.DataDirectory == "" {
		return nil, errors.New("private postgresql: no data directory given")
	}
	if opts.Logger == nil {
		opts.Logger = zap.NewNop()
	}
	s := &Server{opts: opts, events: events{opts.Logger.Named("postgres")}, watching: make(chan struct{})}
	err := s.start(ctx)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("private postgresql in %s: %w: start this as the user that the data directory belongs to", opts.DataDirectory, err)
	case err != nil:
		return nil, fmt.Errorf("private postgresql in %s: %w", opts.DataDirectory, err)
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) (err error) {
	if s.dir, err = openDirectory(s.opts.DataDirectory); err != nil {
		return err
	}
	if s.users, err = s.enter(ctx); err != nil {
		return errors.Join(err, s.dir.root.Close())
	}
	if err = s.join(ctx); err != nil {
		s.release()
		s.users.close()
		return errors.Join(err, s.dir.root.Close())
	}
	watch, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	go s.watch(watch)
	return nil
}

// enter says that we use the server. It waits only while the last user is stopping it.
func (s *Server) enter(ctx context.Context) (*lockFile, error) {
	for {
		l, err := s.dir.lock("users.lock", shared)
		if !errors.Is(err, errLocked) {
			return l, err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return nil, fmt.Errorf("wait for the server's last user to stop it: %w", err)
		}
	}
}

// join becomes the owner of the server or, while there is one, waits until that one's server answers.
func (s *Server) join(ctx context.Context) error {
	var last error
	for {
		owned, err := s.own()
		if err != nil {
			return err
		}
		if owned {
			return s.takeUp(ctx)
		}
		if last = s.attach(ctx); last == nil {
			s.events.shared(s.at)
			return nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("another process runs the server, which does not answer: %w (%w)", last, err)
		}
	}
}

// own tries to become the owner.
func (s *Server) own() (bool, error) {
	l, err := s.dir.lock("owner.lock", exclusive)
	if errors.Is(err, errLocked) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owner = l
	return true, nil
}

// attach uses the server that another process owns.
func (s *Server) attach(ctx context.Context) error {
	pid, err := s.dir.pidFile()
	if err != nil {
		return err
	}
	if !pid.ready() {
		return fmt.Errorf("it is %s", pid.status)
	}
	password, err := s.dir.password()
	if err != nil {
		return err
	}
	s.setAccess(pid.at, password)
	if err := s.probe(ctx); err != nil {
		s.setAccess(address{}, "")
		return err
	}
	return nil
}

// URL is where the server's database is, with the password. It names a Unix socket where there is one.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at.url(s.as(Database))
}

// Owned says whether this process runs the server; otherwise another one does and this one shares it.
func (s *Server) Owned() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owner != nil
}

// PID is the process id of the server that this process owns, 0 when it owns none or while it is down.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		return 0
	}
	return s.proc.pid
}

// Stop ends the use of the server, and the server with it unless other processes use it. The server finishes
// its transactions' rollback and writes everything out (PostgreSQL's fast shutdown); when ctx ends before, it is
// stopped at once and recovers at the next start. Stop may be called twice.
func (s *Server) Stop(ctx context.Context) error {
	s.stopOnce.Do(func() {
		s.stop()
		<-s.watching
		s.stopErr = s.leave(ctx)
	})
	return s.stopErr
}

func (s *Server) leave(ctx context.Context) error {
	defer s.dir.root.Close()
	defer s.release()
	s.users.close()
	if s.proc == nil {
		return nil
	}
	alone, err := s.dir.lock("users.lock", exclusive)
	if err != nil {
		s.proc.forget()
		if errors.Is(err, errLocked) {
			s.events.left(s.proc.pid)
			return nil
		}
		return err
	}
	defer alone.close()
	if err := s.proc.shutDown(ctx); err != nil {
		return fmt.Errorf("stop private postgresql: %w", err)
	}
	s.events.stopped(s.proc.pid)
	return nil
}

func (s *Server) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owner != nil {
		s.owner.close()
		s.owner = nil
	}
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
