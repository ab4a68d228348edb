package postgres

import (
	"time"

	"go.uber.org/zap"
)

// events is everything that is logged about the private server.
type events struct{ log *zap.Logger }

func (e events) initialised(b binaries, took time.Duration) {
	e.log.Info("private postgresql initialised", zap.String("version", b.version), zap.Duration("took", took))
}

func (e events) started(pid, port int, b binaries, took time.Duration) {
	e.log.Info("private postgresql started", zap.Int("pid", pid), zap.Int("port", port),
		zap.String("version", b.version), zap.Duration("took", took))
}

func (e events) adopted(pid, port int) {
	e.log.Info("private postgresql taken over", zap.Int("pid", pid), zap.Int("port", port))
}

func (e events) shared(port int) {
	e.log.Debug("private postgresql shared", zap.Int("port", port))
}

func (e events) ended(pid int) {
	e.log.Warn("private postgresql ended, is started again", zap.Int("pid", pid))
}

func (e events) restartFailed(attempt int, next time.Duration, err error) {
	e.log.Error("private postgresql could not be started again",
		zap.Int("attempt", attempt), zap.Duration("next_attempt", next), zap.Error(err))
}

func (e events) left(pid int) {
	e.log.Info("private postgresql left running for others that use it", zap.Int("pid", pid))
}

func (e events) stopped(pid int) {
	e.log.Info("private postgresql stopped", zap.Int("pid", pid))
}

func (e events) notRemoved(err error) {
	e.log.Warn("unfinished private postgresql not removed", zap.Error(err))
}
