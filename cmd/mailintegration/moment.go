package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// moment is a time on the command line: a date, a date with a time of day, both in the local time zone, RFC 3339, or how long ago.
type moment struct{ time.Time }

var momentLayouts = []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"}

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *moment) UnmarshalText(text []byte) error {
	t, err := momentAt(string(text), time.Now())
	m.Time = t
	return err
}

// momentAt returns the time that a text names at a time.
func momentAt(text string, now time.Time) (time.Time, error) {
	if t, isDate := dateOf(text); isDate {
		return t, nil
	}
	if t, isSpan := distant(text, now, -1); isSpan {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: write 2026-11-26, '2026-11-26 14:30', or 36h or 7d for how long ago", text)
}

// dateOf returns the time that a text names by its date.
func dateOf(text string) (time.Time, bool) {
	for _, layout := range momentLayouts {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// distant returns the time that is as far from now as a text says, such as 36h or 7d: after it if direction is 1, before it if -1.
func distant(text string, now time.Time, direction int) (time.Time, bool) {
	if digits, isDays := strings.CutSuffix(text, "d"); isDays {
		if n, err := strconv.ParseUint(digits, 10, 16); err == nil {
			return now.AddDate(0, 0, direction*int(n)), true
		}
	}
	span, err := time.ParseDuration(text)
	return now.Add(time.Duration(direction) * span), err == nil && span >= 0
}
