package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"

	"mailintegration/cmd/mailintegration/logfile"
)

// followInterval is how often logs tail --follow looks for new lines.
const followInterval = 500 * time.Millisecond

type logsTailCmd struct {
	Mailbox string `placeholder:"NAME" help:"Print only lines about this mailbox."`
	Level   string `enum:"debug,info,warn,error" default:"debug" help:"Print only lines of this level (debug, info, warn, error) and above."`
	Lines   int    `short:"n" default:"20" placeholder:"N" help:"Print the last N lines (20)."`
	Follow  bool   `short:"f" help:"Go on with the lines that are written from now on, until interrupted."`
	JSON    bool   `help:"Print the lines as they are in the files, a JSON object each."`
}

// Run prints the last lines of the log files and, if asked for, those that follow.
func (c *logsTailCmd) Run(e *env) error {
	service, err := e.loadLogs()
	if err != nil {
		return err
	}
	if c.Lines < 0 {
		return &failure{code: exitUsage, err: fmt.Errorf("-n %d is not a number of lines", c.Lines), hint: "use 0 or more"}
	}
	if c.Mailbox != "" {
		m, err := mailboxNamed(service, nil, c.Mailbox)
		if err != nil {
			return err
		}
		c.Mailbox = m.Name
	}
	looks := time.NewTicker(followInterval)
	defer looks.Stop()
	return ofDirectory(service.LogDirectory, c.tail(e.ctx, service.LogDirectory, looks.C, func(text []byte) {
		e.stdout.Write(append(c.readable(text), '\n'))
	}))
}

// tail hands out the last lines of a directory and, if asked for, after each look those that follow, until ctx is cancelled.
func (c *logsTailCmd) tail(ctx context.Context, directory string, look <-chan time.Time, print func(text []byte)) error {
	t := logfile.NewTail(directory, c.filter())
	defer t.Close()
	lines, err := t.Last(c.Lines)
	for err == nil {
		for _, l := range lines {
			print(l.Text)
		}
		if !c.Follow {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-look:
			lines, err = t.Next()
		}
	}
	return err
}

// filter returns the function that selects lines and tells their times. What is not a line of the log is left out.
func (c *logsTailCmd) filter() func(text []byte) (time.Time, bool) {
	least, _ := zapcore.ParseLevel(c.Level) // kong knows the levels
	return func(text []byte) (time.Time, bool) {
		l, is := parseLogLine(text)
		return l.time, is && l.level >= least && (c.Mailbox == "" || l.isAbout(c.Mailbox))
	}
}

// isAbout reports whether a line is about a mailbox: alone or among others.
func (l logLine) isAbout(mailbox string) bool {
	return l.field("mailbox") == mailbox ||
		slices.Contains(strings.Split(l.field("mailboxes"), ", "), mailbox) || slices.Contains(strings.Split(l.field("names"), ", "), mailbox)
}

// readable returns a line for a person, unless JSON is asked for.
func (c *logsTailCmd) readable(text []byte) []byte {
	if c.JSON {
		return slices.Clone(text)
	}
	l, _ := parseLogLine(text)
	return fmt.Appendf(nil, "%s %-5s %s", l.time.Local().Format("2006-01-02 15:04:05"), l.level.CapitalString(), inOneLine(l.message()))
}
