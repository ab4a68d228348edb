package postgres

import (
	"time"

	"go.uber.org/zap"
)

// events is the log of the private server: one method for each event.
type events struct{ log *zap.Logger }

// initialised logs that a new database was made in the data directory.
func (e events) initialised(b binaries, took time.Duration) {
	e.log.Info("private postgresql initialised", zap.String("version", b.version), zap.Duration("took", took.Round(time.Millisecond)))
}

// started logs that the server runs.
func (e events) started(pid int, at address, b binaries, took time.Duration) {
	e.log.Info("private postgresql started", zap.Int("pid", pid), zap.Stringer("address", at),
		zap.String("version", b.version), zap.Duration("took", took.Round(time.Millisecond)))
}

// adopted logs that a server that an earlier process has left running is used, and stopped at the end.
func (e events) adopted(pid int, at address) {
	e.log.Info("private postgresql taken over", zap.Int("pid", pid), zap.Stringer("address", at))
}

// shared logs that another process of this program has started the server, and it is used.
func (e events) shared(at address) {
	e.log.Debug("private postgresql shared", zap.Stringer("address", at))
}

// ended logs that the server has ended by itself, and is started again.
func (e events) ended(pid int) {
	e.log.Warn("private postgresql ended, is started again", zap.Int("pid", pid))
}

// restartFailed logs that the server that ended could not be started. It is tried again.
func (e events) restartFailed(attempt int, next time.Duration, err error) {
	e.log.Error("private postgresql could not be started again",
		zap.Int("attempt", attempt), zap.Duration("next_attempt", next), zap.Error(err))
}

// leftRunning logs that the server goes on, because another process uses it.
func (e events) leftRunning(pid int) {
	e.log.Info("private postgresql left running for others that use it", zap.Int("pid", pid))
}

// stopped logs that the server was stopped.
func (e events) stopped(pid int) {
	e.log.Info("private postgresql stopped", zap.Int("pid", pid))
}

// notRemoved logs that what a start that failed has left could not be removed.
func (e events) notRemoved(err error) {
	e.log.Warn("unfinished private postgresql not removed", zap.Error(err))
}

// noSocket logs that the path of the data directory is too long for a socket, or the system has none.
func (e events) noSocket(err error) {
	e.log.Warn("private postgresql listens at a port of the loopback interface, for there can be no socket", zap.Error(err))
}

// separated logs that the daemon has a role of its own in a database that an earlier version made.
func (e events) separated() {
	e.log.Info("private postgresql has a role without privileges for the daemon now")
}
