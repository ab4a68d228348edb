package main

import (
	"io"
	"os"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
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
	send(level zapcore.Level, text string) error
	close()
}

// systemLog gives the errors of the daemon to the log of the operating system, for people who do not read the daemon's own.
// The daemon never waits for it: a goroutine sends, and what it cannot send in time is lost there.
type systemLog struct {
	sender systemSender
	lines  chan systemEntry
	stop   chan struct{}
	ended  chan struct{}
	limit  time.Duration // systemTime
}

// systemEntry is one line for the system log.
type systemEntry struct {
	level zapcore.Level
	text  string
}

// newSystemLog returns the system log behind a sender.
func newSystemLog(sender systemSender, limit time.Duration) *systemLog {
	s := &systemLog{
		sender: sender, lines: make(chan systemEntry, systemQueue), stop: make(chan struct{}), ended: make(chan struct{}), limit: limit,
	}
	go s.run()
	return s
}

// run sends lines until close is called, and then those that wait.
func (s *systemLog) run() {
	defer close(s.ended)
	defer s.sender.close()
	for {
		select {
		case l := <-s.lines:
			_ = s.sender.send(l.level, l.text) // the line is in the daemon's own log
			continue
		default:
		}
		select {
		case l := <-s.lines:
			_ = s.sender.send(l.level, l.text)
		case <-s.stop:
			return
		}
	}
}

// add gives a line to the system log, unless too many wait.
func (s *systemLog) add(level zapcore.Level, text string) {
	text = strings.ToValidUTF8(text[:min(len(text), systemLine)], "")
	select {
	case s.lines <- systemEntry{level, text}:
	default:
	}
}

// close sends the lines that wait, as far as that is possible in the time of one line.
func (s *systemLog) close() {
	close(s.stop)
	limit := time.NewTimer(s.limit)
	defer limit.Stop()
	select {
	case <-s.ended:
	case <-limit.C:
	}
}

// core returns the part of a logger that selects and writes the lines.
func (s *systemLog) core() zapcore.Core {
	conf := zapcore.EncoderConfig{
		NameKey: "logger", MessageKey: "msg", EncodeName: zapcore.FullNameEncoder, EncodeTime: zapcore.RFC3339TimeEncoder,
		EncodeDuration: zapcore.StringDurationEncoder, ConsoleSeparator: ": ", SkipLineEnding: true,
	}
	return &systemCore{zapcore.InfoLevel, zapcore.NewConsoleEncoder(conf), s}
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
	if e.Level < zapcore.ErrorLevel && !endsOutage(fields) {
		return nil
	}
	b, err := c.encoder.EncodeEntry(e, fields)
	if err != nil {
		return err
	}
	c.log.add(e.Level, inOneLine(b.String()))
	b.Free()
	return nil
}

// Sync implements zapcore.Core.
func (c *systemCore) Sync() error { return nil }

// endsOutage reports whether an event with these fields tells the end of an outage that was an error in the log.
func endsOutage(fields []zapcore.Field) bool {
	for _, f := range fields {
		if f.Key == daemon.OutageEnded {
			return f.Equals(zap.Bool(daemon.OutageEnded, true))
		}
	}
	return false
}

// openSystemLog makes the log go to the system log too, unless standard error does. A verb whose standard error is not a file
// of the operating system has none: only tests have such a one.
func (in *installation) openSystemLog(e *env) {
	stderr, is := underlying(e.stderr).(*os.File)
	if !is || e.systemLog == nil || isJournal(stderr) {
		return
	}
	in.systemLog = newSystemLog(e.systemLog(), systemTime)
	in.log = in.log.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core { return zapcore.NewTee(c, in.systemLog.core()) }))
}

// isJournal reports whether w is the journal of systemd.
func isJournal(w io.Writer) bool {
	f, is := underlying(w).(*os.File)
	return is && isStream(f, os.Getenv("JOURNAL_STREAM"))
}

// journalEncoder begins each line with its priority, which the journal takes off (sd-daemon(3)).
type journalEncoder struct{ zapcore.Encoder }

// Clone implements zapcore.Encoder.
func (e journalEncoder) Clone() zapcore.Encoder { return journalEncoder{e.Encoder.Clone()} }

// EncodeEntry implements zapcore.Encoder.
func (e journalEncoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	line, err := e.Encoder.EncodeEntry(entry, fields)
	if err != nil {
		return nil, err
	}
	defer line.Free()
	prefixed := journalLines.Get()
	prefixed.AppendByte('<')
	prefixed.AppendInt(int64(priority(entry.Level)))
	prefixed.AppendByte('>')
	_, err = prefixed.Write(line.Bytes())
	return prefixed, err
}

// journalLines holds the memory of lines.
var journalLines = buffer.NewPool()

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
