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

// Options say where the server's data lies and how the server runs.
type Options struct {
	// DataDirectory holds the server's data and nothing else. Start makes it when it does not exist.
	DataDirectory string
	// BinDirectory holds PostgreSQL's programs. When empty, it is $MAILINTEGRATION_PG_BIN or, without that, the first
	// folder of PATH and of the usual folders that has the version which made the data.
	BinDirectory string
	// MaxConnections is how many connections a program that uses the server opens at most; 0 means 10. The server takes
	// those of three such programs, and some of the command line. It holds from the next start of the server.
	MaxConnections int
	// Roles are the roles of other programs, which Start makes unless the server is disposable. They cannot log in, they may connect
	// to the database, and Role is a member of them. Their other rights are granted by Role.
	Roles []string
	// Logger logs the events of the server; nil logs nothing.
	Logger *zap.Logger
	// Disposable trades durability for speed, and ends the server together with this process (on Linux). It is only for
	// tests: a power failure destroys the data.
	Disposable bool
}

// Role and Database are the role and the database in URL. The role owns the database, and is a superuser only in a
// disposable server.
const (
	Role     = "mailintegration"
	Database = "mailintegration"
)

// Server is a running private PostgreSQL, which this process owns or which it shares with the process that owns it.
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
	owner    *lockFile   // nil while another process is the owner
	proc     *postmaster // nil while another process is the owner, or while the server is down
}

// Start makes the data directory if needed, starts the server unless it runs already, and returns when it answers. It
// takes a second or two the first time, less afterwards, and only as long as a connection when the server runs already.
func Start(ctx context.Context, opts Options) (*Server, error) {
	if opts.DataDirectory == "" {
		return nil, errors.New("private postgresql: no data directory given")
	}
	if opts.Logger == nil {
		opts.Logger = zap.NewNop()
	}
	s := &Server{opts: opts, events: events{opts.Logger.Named("postgres")}, watching: make(chan struct{})}
	err := s.start(ctx)
	switch program := new(fs.PathError); {
	case errors.As(err, &program) && program.Op == "fork/exec": // a file of PostgreSQL, not of the data directory
		return nil, fmt.Errorf("private postgresql in %s: %w", opts.DataDirectory, err)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("private postgresql in %s: %w: start this program as the user that owns the data directory",
			opts.DataDirectory, err)
	case err != nil:
		return nil, fmt.Errorf("private postgresql in %s: %w", opts.DataDirectory, err)
	}
	return s, nil
}

// start opens the data directory, joins its users, and starts watching the server.
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

// enter adds us to the users of the server. It waits only while the last user is stopping the server.
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

// join becomes the owner of the server or, while another process is the owner, waits until its server answers.
func (s *Server) join(ctx context.Context) error {
	var last error
	for {
		owned, err := s.becomeOwner()
		if err != nil {
			return err
		}
		if owned {
			return s.adoptOrStart(ctx)
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

// becomeOwner takes the owner's lock, and returns false while another process holds it.
func (s *Server) becomeOwner() (bool, error) {
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

// attach learns where the server of another process listens. It connects only to a server whose owner has not noted that
// it is prepared: the socket, or the proof that the server knows our password, shows that it is ours.
func (s *Server) attach(ctx context.Context) error {
	pid, err := s.dir.pidFile()
	if err != nil {
		return err
	}
	if !pid.ready() {
		return fmt.Errorf("its status is %q", pid.status)
	}
	password, err := s.dir.password()
	if err != nil {
		return err
	}
	s.setAccess(pid.at, password)
	if s.dir.isPrepared(pid) {
		return nil
	}
	if err := s.probe(ctx); err != nil {
		s.setAccess(address{}, "")
		return err
	}
	return nil
}

// URL returns the URL of the server's database, with the password. It names a Unix socket where there is one.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at.url(s.login(Database))
}

// PID returns the process id of the server that this process owns, 0 when it owns none or while the server is down. Only
// tests and benchmarks need it.
func (s *Server) PID() int {
	p := s.process()
	if p == nil {
		return 0
	}
	return p.pid
}

// Stop ends the use of the server, and stops the server unless other processes use it. The server rolls back its
// transactions and writes everything out (PostgreSQL's fast shutdown); when ctx ends first, Stop stops it at once, and
// it recovers at the next start. Stop may be called twice.
func (s *Server) Stop(ctx context.Context) error {
	s.stopOnce.Do(func() {
		s.stop()
		<-s.watching
		s.stopErr = s.detach(ctx)
	})
	return s.stopErr
}

// detach ends the use of the server, and stops the server when we own it and nobody else uses it.
func (s *Server) detach(ctx context.Context) error {
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
			s.events.leftRunning(s.proc.pid)
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

// release releases the owner's lock if we hold it.
func (s *Server) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owner != nil {
		s.owner.close()
		s.owner = nil
	}
}

// pause waits for d, or returns the cause when ctx ends first.
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
