package main

import (
	"testing"

	"go.uber.org/zap/zapcore"
)

// TestTheEventLogTakesLinesOfAnUnregisteredSource writes two events.
func TestTheEventLogTakesLinesOfAnUnregisteredSource(t *testing.T) {
	t.Parallel()
	s := newSystemSender()
	defer s.close()
	for _, level := range []zapcore.Level{zapcore.ErrorLevel, zapcore.InfoLevel} {
		if err := s.send(systemEntry{level, "database outage", "database outage: é"}); err != nil {
			t.Errorf("%s: %v", level, err)
		}
	}
}
