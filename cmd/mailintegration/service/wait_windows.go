package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// lookEvery is how often a verb asks the service manager for the state, which tells it by itself only to windows.
const lookEvery = 50 * time.Millisecond

// start starts the service and waits until the daemon is live.
func start(ctx context.Context, s *mgr.Service) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := await(bounded, s, func(now svc.Status) (bool, error) { return now.State != svc.StopPending, nil }); err != nil {
		return unfinished(s, "stop", err)
	}
	if err := s.Start(); err != nil && !errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
		return managerError("start", err)
	}
	err := await(bounded, s, func(now svc.Status) (bool, error) {
		if now.State == svc.Stopped {
			return false, errEnded
		}
		return now.State == svc.Running, nil
	})
	if err != nil {
		return unfinished(s, "start", err)
	}
	return nil
}

// errEnded is the cause when the daemon ends instead of becoming live.
var errEnded = errors.New("the daemon has ended")

// stop stops the service, unless it is stopped, and waits until its process has ended, so that its files can be replaced. A
// service that starts takes no orders: stop waits until it has started.
func stop(ctx context.Context, s *mgr.Service) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	process := openProcess(s)
	defer process.close()
	err := await(bounded, s, func(now svc.Status) (bool, error) {
		if now.State != svc.Running && now.State != svc.Paused {
			return now.State == svc.Stopped, nil
		}
		_, err := s.Control(svc.Stop)
		if errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) || errors.Is(err, windows.ERROR_SERVICE_CANNOT_ACCEPT_CTRL) {
			err = nil // it has changed its state meanwhile
		}
		return false, err
	})
	if err == nil {
		err = process.await(bounded)
	}
	if err != nil {
		return unfinished(s, "stop", err)
	}
	return nil
}

// await looks at the state of the service again and again, until reached returns true or an error, or ctx ends.
func await(ctx context.Context, s *mgr.Service, reached func(svc.Status) (bool, error)) error {
	looks := time.NewTicker(lookEvery)
	defer looks.Stop()
	for {
		now, err := s.Query()
		if err != nil {
			return err
		}
		if done, err := reached(now); done || err != nil {
			return err
		}
		select {
		case <-looks.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// process is the process of the service, so that a verb can wait for its end: the service manager takes a service for stopped
// shortly before.
type process struct{ handle windows.Handle }

// openProcess opens the process of the service. Without one, or without the right to wait for it, there is nothing to wait for.
func openProcess(s *mgr.Service) process {
	now, err := s.Query()
	if err != nil || now.ProcessId == 0 {
		return process{}
	}
	handle, err := windows.OpenProcess(windows.SYNCHRONIZE, false, now.ProcessId)
	if err != nil {
		return process{}
	}
	return process{handle}
}

// await waits until the process has ended.
func (p process) await(ctx context.Context) error {
	for p.handle != 0 {
		event, err := windows.WaitForSingleObject(p.handle, uint32(lookEvery.Milliseconds()))
		switch {
		case err != nil:
			return err
		case event == windows.WAIT_OBJECT_0:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
	}
	return nil
}

// close closes the handle.
func (p process) close() {
	if p.handle != 0 {
		_ = windows.CloseHandle(p.handle)
	}
}

// awaitRemoval waits until the service manager has forgotten the service. Programs that look at services keep it in its list.
func awaitRemoval(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience/12)
	defer cancel()
	looks := time.NewTicker(lookEvery)
	defer looks.Stop()
	for {
		s, err := open(windows.SERVICE_QUERY_STATUS)
		if errors.Is(err, ErrNotInstalled) {
			return nil
		}
		if err == nil {
			s.Close()
		}
		select {
		case <-looks.C:
		case <-ctx.Done():
			return managerError("forget", windows.ERROR_SERVICE_MARKED_FOR_DELETE)
		}
	}
}

// unfinished returns the error of a start or stop with the state of the service afterwards.
func unfinished(s *mgr.Service, verb string, err error) error {
	is, unknown := describeOpen(s)
	if unknown != nil {
		return managerError(verb, err)
	}
	text := fmt.Sprintf("the service could not %s (%v): it is %s", verb, err, is)
	if errors.Is(err, context.DeadlineExceeded) {
		text = fmt.Sprintf("the service does not %s within %v: it is %s", verb, patience, is)
	}
	hint := "see the log (LogDirectory, or Application in the event viewer), and run mailintegration check"
	if is.PID != 0 && verb == "stop" {
		hint = fmt.Sprintf("its process still runs; see the log, or end it with taskkill /F /PID %d: no mail is lost by that", is.PID)
	}
	return &Error{err, text, hint}
}
