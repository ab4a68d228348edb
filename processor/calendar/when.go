package calendar

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// moment is a date, or a date with a time. The zero value stands for no date.
type moment struct {
	time   time.Time // as a clock on the wall shows it
	isDate bool
	zone   string // of the clock, "" for the reader's own
}

// momentOf reads a DATE or a DATE-TIME (RFC 5545 §3.3.4, §3.3.5). It returns no moment for a value that cannot be read.
func momentOf(p property) moment {
	value := strings.TrimSpace(p.value)
	if t, err := time.Parse("20060102", value); err == nil {
		return moment{time: t, isDate: true}
	}
	zone := zoneName(p.params["TZID"])
	if before, ok := strings.CutSuffix(value, "Z"); ok {
		value, zone = before, "UTC"
	}
	for _, layout := range []string{"20060102T150405", "20060102T1504"} {
		if t, err := time.Parse(layout, value); err == nil {
			return moment{time: t, zone: zone}
		}
	}
	return moment{}
}

// zoneName returns the name of a time zone for people. Some programs write it as the path of a file.
func zoneName(id string) string {
	if !strings.HasPrefix(id, "/") {
		return id
	}
	parts := strings.Split(id, "/")
	return strings.Join(parts[max(len(parts)-2, 0):], "/")
}

// isKnown reports whether there is a moment.
func (m moment) isKnown() bool { return !m.time.IsZero() }

const (
	dateInWords = "Monday 2 January 2006"
	clock       = "15:04"
)

// String returns a moment in words: "Monday 10 March 2025, 14:30 (Europe/Berlin)".
func (m moment) String() string {
	if m.isDate {
		return m.time.Format(dateInWords)
	}
	return m.time.Format(dateInWords+", "+clock) + m.inZone()
}

// inZone returns the time zone in parentheses, "" for none.
func (m moment) inZone() string {
	if m.zone == "" {
		return ""
	}
	return " (" + m.zone + ")"
}

// when returns from when to when an event lasts.
func (e event) when() string {
	end := e.end
	if length := lengthOf(e.duration); !end.isKnown() && length > 0 && e.start.isKnown() {
		end = e.start
		end.time = end.time.Add(length)
	}
	switch {
	case !e.start.isKnown():
		return ""
	case e.start.isDate:
		return e.days(end)
	case !end.isKnown() || end.time.Equal(e.start.time):
		return e.start.String()
	case end.zone == e.start.zone && end.time.Format(dateInWords) == e.start.time.Format(dateInWords):
		return e.start.time.Format(dateInWords+", "+clock) + "–" + end.time.Format(clock) + e.start.inZone()
	case end.zone == e.start.zone:
		return e.start.time.Format(dateInWords+", "+clock) + " – " + end.String()
	}
	return e.start.String() + " – " + end.String()
}

// days returns the days of an event that lasts whole days. Its end is the first day after it (RFC 5545 §3.6.1).
func (e event) days(end moment) string {
	last := end.time.AddDate(0, 0, -1)
	if !end.isKnown() || !last.After(e.start.time) {
		return e.start.String() + ", all day"
	}
	return e.start.String() + " – " + last.Format(dateInWords)
}

var durations = regexp.MustCompile(`^\+?P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?$`)

// lengthOf returns a DURATION (RFC 5545 §3.3.6), 0 for one that cannot be read.
func lengthOf(value string) time.Duration {
	const longest = 100 // octets; no duration is as long
	if len(value) > longest {
		return 0
	}
	var length time.Duration
	found := durations.FindStringSubmatch(strings.ToUpper(value))
	for i, unit := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour, time.Minute, time.Second} {
		if found != nil && found[i+1] != "" {
			n, err := strconv.Atoi(found[i+1])
			if err != nil {
				return 0
			}
			length += time.Duration(n) * unit
		}
	}
	return length
}
