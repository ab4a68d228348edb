package main

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

func TestALineOfTheLogReadsAsASentence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		log        func(*zap.Logger)
	}{
		{"an event alone", "daemon stopped", func(l *zap.Logger) { l.Info("daemon stopped") }},
		{"mailbox, cause, fields and remedy have their places", `helpdesk: poll failed: connection refused (listed=0 took=3ms); hint: wait`, func(l *zap.Logger) {
			l.With(zap.String("mailbox", "helpdesk")).Error("poll failed", zap.Int("listed", 0), zap.Duration("took", 3*time.Millisecond),
				zap.Error(errors.New("connection refused")), zap.String("hint", "wait"))
		}},
		{"values with blanks are quoted", `mail sent (subject="a \"b\"" empty="" at=2026-03-01T12:00:00.000Z ok=true)`, func(l *zap.Logger) {
			l.Info("mail sent", zap.String("subject", `a "b"`), zap.String("empty", ""),
				zap.Time("at", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), zap.Bool("ok", true))
		}},
		{"lists are separated by commas", `mailboxes taken (mailboxes="a, b" none="" names=c)`, func(l *zap.Logger) {
			l.Info("mailboxes taken", zap.Strings("mailboxes", []string{"a", "b"}), zap.Strings("none", nil), zap.Strings("names", []string{"c"}))
		}},
		{"the stack of a panic is left out", "poll panicked (panic=3.5)", func(l *zap.Logger) {
			l.Error("poll panicked", zap.Any("panic", 3.5), zap.ByteString("stack", []byte("goroutine 1")))
		}},
		{"a field that is there twice counts once", "a: mail sent", func(l *zap.Logger) {
			l.With(zap.String("mailbox", "b")).Info("mail sent", zap.String("mailbox", "a"))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var lines [][]byte
			q := lineQueue{newQueue(queueOptions[[]byte]{
				give: func(line []byte) error { lines = append(lines, line); return nil }, room: 1, limit: time.Minute,
			})}
			c.log(zap.New(zapcore.NewCore(newEncoder(), zapcore.AddSync(q), zapcore.DebugLevel)))
			q.close()
			l, is := parseLogLine(lines[0])
			if got := l.message(); got != c.want || !is {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestWhatTheLogDidNotWriteIsNoLine(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "plain text", "[]", `{"msg":"torn`, `{"level":"info"}`, "{", `{"msg":""}`, "\x00"} {
		if l, is := parseLogLine([]byte(text)); is {
			t.Errorf("%q is taken for %+v", text, l)
		}
	}
}
