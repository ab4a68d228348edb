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
	for _, layout := range momentLayouts {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	if digits, isDays := strings.CutSuffix(text, "d"); isDays {
		if n, err := strconv.ParseUint(digits, 10, 16); err == nil {
			return now.AddDate(0, 0, -int(n)), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: write 2026-11-26, '2026-11-26 14:30', or 36h or 7d for how long ago", text)
}
