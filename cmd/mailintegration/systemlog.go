package main

import (
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"mailintegration/daemon"
)

// The limits of the system log.
const (
	systemQueue = 100             // lines that wait for the system log; further ones are lost there
	systemTime  = 2 * time.Second // for one line, and for those that are left at the end
	systemLine  = 7 << 10         // octets of a line; syslog daemons take 8 KiB
)

// systemSender gives lines to the log of the operating system. It may be slow, and fail.
type systemSender interface {
	send(systemEntry) error
	close()
}

// systemLog gives start, stop and errors of the daemon to the log of the operating system, for people who do not read the
// daemon's own. The daemon never waits for it; what cannot be sent in time is lost there.
type systemLog struct {
	*queue[systemEntry]
	sender systemSender
}

// systemEntry is one line for the system log.
type systemEntry struct {
	level zapcore.Level
	event string // its name
	text  string
}

// newSystemLog returns the system log behind a sender.
func newSystemLog(sender systemSender, limit time.Duration) *systemLog {
	return &systemLog{newQueue(queueOptions[systemEntry]{give: sender.send, room: systemQueue, limit: limit}), sender}
}

// close sends the lines that wait, as far as that is possible in the time of one line.
func (s *systemLog) close() {
	if s.queue.close() {
		s.sender.close()
	}
}

// core returns the part of a logger that selects and writes the lines.
func (s *systemLog) core() zapcore.Core {
	return &systemCore{zapcore.InfoLevel, newEncoder(), s}
}

// systemCore is a zapcore.Core that writes to the system log.
type systemCore struct {
	zapcore.LevelEnabler
	encoder zapcore.Encoder
	log     *systemLog
}

// With implements zapcore.Core.
func (c *systemCore) With(fields []zapcore.Field) zapcore.Core {
	encoder := c.encoder.Clone()
	for _, f := range fields {
		f.AddTo(encoder)
	}
	return &systemCore{c.LevelEnabler, encoder, c.log}
}

// Check implements zapcore.Core.
func (c *systemCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

// Write implements zapcore.Core.
func (c *systemCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	if e.Level < zapcore.ErrorLevel && !endsOutage(fields) && !startsOrStops(e.Message) {
		return nil
	}
	b, err := c.encoder.EncodeEntry(e, fields)
	if err != nil {
		return err
	}
	defer b.Free()
	if l, is := parseLogLine(b.Bytes()); is {
		text := inOneLine(l.message())
		c.log.add(systemEntry{e.Level, e.Message, strings.ToValidUTF8(text[:min(len(text), systemLine)], "")})
	}
	return nil
}

// Sync implements zapcore.Core.
func (c *systemCore) Sync() error { return nil }

// startsOrStops reports whether an event tells that the daemon has started or stopped.
func startsOrStops(event string) bool { return event == "daemon started" || event == "daemon stopped" }

// endsOutage reports whether an event with these fields tells the end of an outage that was an error in the log.
func endsOutage(fields []zapcore.Field) bool {
	for _, f := range fields {
		if f.Key == daemon.OutageEnded {
			return f.Equals(zap.Bool(daemon.OutageEnded, true))
		}
	}
	return false
}

// priority returns the severity of a level (RFC 5424 §6.2.1).
func priority(l zapcore.Level) int {
	switch {
	case l >= zapcore.DPanicLevel:
		return 2
	case l == zapcore.ErrorLevel:
		return 3
	case l == zapcore.WarnLevel:
		return 4
	case l == zapcore.InfoLevel:
		return 6
	}
	return 7
}
