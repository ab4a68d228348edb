package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"mailintegration/daemon"
	"mailintegration/mailbox"
	"mailintegration/store"
)

func TestTheReportsOfPollsDecideTheExitCode(t *testing.T) {
	t.Parallel()
	in := func(class error) error {
		return &mailbox.Error{Op: "RETR 1", Server: "h:110", Err: fmt.Errorf("%w: x", class)}
	}
	for _, test := range []struct {
		name    string
		reports []daemon.Report
		want    int
	}{
		{"every message was recorded", []daemon.Report{{Listed: 1, Opened: 1}}, exitDone},
		{"a message that is too large is recorded as an event", []daemon.Report{{Listed: 1, Oversize: 1}}, exitDone},
		{"a message failed", []daemon.Report{{Listed: 1, Failed: 1}}, exitFailed},
		{"the server is unreachable", []daemon.Report{{Err: in(mailbox.ErrUnreachable)}}, exitUnreachable},
		{"the disk of this machine is full", []daemon.Report{{Err: in(mailbox.ErrSpool)}}, exitFailed},
		{"a message was larger than the server said", []daemon.Report{{Err: in(mailbox.ErrTooLarge)}}, exitFailed},
		{"the database is unreachable", []daemon.Report{{Err: errors.New("database: x")}}, exitFailed},
		{"the worst counts", []daemon.Report{{Err: in(mailbox.ErrSpool)}, {Err: in(mailbox.ErrTimeout)}, {}}, exitUnreachable},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := verdict(test.reports)
			if test.want == exitDone {
				if err != nil {
					t.Errorf("%v, want no error", err)
				}
				return
			}
			var f *failure
			if !errors.As(err, &f) || f.code != test.want {
				t.Errorf("%#v, want exit code %d", err, test.want)
			}
		})
	}
}

// TestTheNumbersOfAPollAddUp compares the number of listed messages with the sum of the other numbers in the line.
func TestTheNumbersOfAPollAddUp(t *testing.T) {
	t.Parallel()
	r := daemon.Report{Mailbox: "m", Listed: 1 + 2 + 4 + 8 + 16 + 32 + 64 + 128 + 256,
		Opened: 1, Added: 2, Refused: 4, Ignored: 8, SetAside: 16, Known: 32, Oversize: 64, Failed: 128, Deferred: 256}
	var sum int
	numbers := regexp.MustCompile(`\d+`).FindAllString(line(r), -1)
	for _, n := range numbers[1:] {
		i, err := strconv.Atoi(n)
		if err != nil {
			t.Fatal(err)
		}
		sum += i
	}
	if sum != r.Listed || numbers[0] != strconv.Itoa(r.Listed) {
		t.Errorf("%s\nadds up to %d, want %d", line(r), sum, r.Listed)
	}
}

func TestASkippedMailboxNamesWhoPollsIt(t *testing.T) {
	t.Parallel()
	next := time.Date(2026, 3, 1, 14, 5, 6, 0, time.Local)
	holder := store.Holder{Host: "mail1", Process: 4711}
	for want, r := range map[string]daemon.Report{
		"m: not polled: the daemon on mail1 (process 4711) polls it, next at 14:05:06":                   {Holder: holder, NextPoll: next},
		"m: not polled: the daemon on mail1 (process 4711) polls it":                                     {Holder: holder},
		"m: not polled: the server wants more time between log-ins; the next one is allowed at 14:05:06": {NextPoll: next},
	} {
		r.Mailbox, r.Skipped = "m", true
		if got := line(r); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
