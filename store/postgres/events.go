package postgres

import (
	"time"

	"go.uber.org/zap"
)

// events is the log of the private server: one method for each event.
type events struct{ log *zap.Logger }

func (e events) initialised(b binaries, took time.Duration) {
	e.log.Info("private postgresql initialised", zap.String("version", b.version), zap.Duration("took", took))
}

func (e events) started(pid int, at address, b binaries, took time.Duration) {
	e.log.Info("private postgresql started", zap.Int("pid", pid), zap.Stringer("address", at),
		zap.String("version", b.version), zap.Duration("took", took))
}

func (e events) adopted(pid int, at address) {
	e.log.Info("private postgresql taken over", zap.Int("pid", pid), zap.Stringer("address", at))
}

func (e events) shared(at address) {
	e.log.Debug("private postgresql shared", zap.Stringer("address", at))
}

func (e events) ended(pid int) {
	e.log.Warn("private postgresql ended, is started again", zap.Int("pid", pid))
}

func (e events) restartFailed(attempt int, next time.Duration, err error) {
	e.log.Error("private postgresql could not be started again",
		zap.Int("attempt", attempt), zap.Duration("next_attempt", next), zap.Error(err))
}

func (e events) leftRunning(pid int) {
	e.log.Info("private postgresql left running for others that use it", zap.Int("pid", pid))
}

func (e events) stopped(pid int) {
	e.log.Info("private postgresql stopped", zap.Int("pid", pid))
}

func (e events) notRemoved(err error) {
	e.log.Warn("unfinished private postgresql not removed", zap.Error(err))
}

func (e events) noSocket(err error) {
	e.log.Warn("private postgresql listens at a port of the loopback interface, for there can be no socket", zap.Error(err))
}

func (e events) separated() {
	e.log.Info("private postgresql has a role without privileges for the daemon now")
}
