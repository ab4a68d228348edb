package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// shortestPeriod is the least time between two polls.
const shortestPeriod = time.Second

// Schedule says when the daemon polls a mailbox: at a fixed interval, or at the times of a cron expression.
type Schedule struct {
	text  string
	every time.Duration // the interval; 0 for a cron expression
	cron  cron.Schedule // nil for a fixed interval
}

// ParseSchedule reads a duration ("30s"), "@every 1m", another word of cron ("@hourly"), or five cron fields,
// optionally after TZ=Area/City. An expression whose time never comes is an error. Errors are half sentences about the
// text.
func ParseSchedule(text string) (Schedule, error) {
	period, isPeriod := strings.CutPrefix(text, "@every ")
	if d, err := time.ParseDuration(strings.TrimSpace(period)); err == nil {
		if d < shortestPeriod {
			return Schedule{}, fmt.Errorf("it is shorter than %s", shortestPeriod)
		}
		return Schedule{text: text, every: d}, nil
	}
	if isPeriod {
		return Schedule{}, fmt.Errorf("%s is not a duration", shown(period))
	}
	parsed, err := parseCron(text)
	if err != nil {
		return Schedule{}, err
	}
	// The cron library looks ahead five years: from here, it finds 29 February.
	if parsed.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, fmt.Errorf("this time never comes")
	}
	return Schedule{text: text, cron: parsed}, nil
}

// parseCron calls cron.ParseStandard, and returns an error where that panics: on a time zone without fields.
func parseCron(text string) (s cron.Schedule, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("the five fields are missing")
		}
	}()
	return cron.ParseStandard(text)
}

// Next returns the time of the first poll after t, the zero time when there is none for years.
func (s Schedule) Next(t time.Time) time.Time {
	if s.cron != nil {
		return s.cron.Next(t)
	}
	return t.Add(s.every)
}

// Every returns the interval between two polls, 0 for a cron expression.
func (s Schedule) Every() time.Duration { return s.every }

// String returns the schedule as the file has it.
func (s Schedule) String() string { return s.text }

// Equal reports whether both schedules have the same text.
func (s Schedule) Equal(other Schedule) bool { return s.text == other.text }

// scheduleKind reads a Schedule.
func scheduleKind() kind {
	return kind{
		noun: "a schedule", values: "a duration such as 30s or 5m, or five cron fields such as */5 8-17 * * 1-5, or @every 1m",
		parse: func(text string) (any, string, bool) {
			s, err := ParseSchedule(text)
			if err != nil {
				return nil, err.Error(), false
			}
			return s, "", true
		},
		format: func(v any) string { return v.(Schedule).text },
	}
}
