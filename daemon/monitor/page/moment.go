package page

import (
	"fmt"
	"html/template"
	"time"
)

// monthNames are the names of the months.
var monthNames = map[string][]string{
	"en": {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	"fr": {"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."},
}

// when returns a time in full, in the zone of this machine: "27 Nov 2026, 02:51:07 +01:00". A time that is not known is nothing.
func (t *texts) when(at any) (template.HTML, error) {
	moment, isKnown, err := timeOf(at)
	if err != nil || !isKnown {
		return "", err
	}
	return timeTag(moment, t.moment(moment), ""), nil
}

// moment returns a time in words.
func (t *texts) moment(at time.Time) string {
	at = at.Local()
	return fmt.Sprintf("%d\u00a0%s\u00a0%d, %s", at.Day(), monthNames[t.code][at.Month()-1], at.Year(), at.Format("15:04:05\u00a0-07:00"))
}

// ago returns how far a time is from now, with the time itself as the tool tip.
func (t *texts) ago(now time.Time, at any) (template.HTML, error) {
	moment, isKnown, err := timeOf(at)
	if err != nil || !isKnown {
		return "", err
	}
	key := "common.ago"
	distance := now.Sub(moment)
	if distance < 0 {
		key, distance = "common.in", -distance
	}
	words, err := t.say(key, t.duration(distance))
	if err != nil {
		return "", err
	}
	return timeTag(moment, fmt.Sprint(words), t.moment(moment)), nil
}

// since returns how long something lasts that began at a time.
func (t *texts) since(now time.Time, at any) (string, error) {
	moment, isKnown, err := timeOf(at)
	if err != nil || !isKnown {
		return "", err
	}
	return t.duration(max(now.Sub(moment), 0)), nil
}

// durationUnits are the units of a distance, each up to the limit.
var durationUnits = []struct {
	key   string
	size  time.Duration
	below time.Duration
}{
	{"common.seconds", time.Second, 2 * time.Minute},
	{"common.minutes", time.Minute, 2 * time.Hour},
	{"common.hours", time.Hour, 48 * time.Hour},
	{"common.days", 24 * time.Hour, 1<<63 - 1},
}

// duration returns a duration in one unit.
func (t *texts) duration(d time.Duration) string {
	d = d.Round(time.Second)
	for _, u := range durationUnits {
		if d < u.below {
			words, _ := t.say(u.key, int64(d/u.size)) // a test names the keys
			return fmt.Sprint(words)
		}
	}
	return ""
}

// size returns a number of octets in the unit that fits.
func (t *texts) size(octets int64) string {
	units := []string{"common.octets", "common.kilo", "common.mega", "common.giga"}
	n := octets
	i := 0
	for n >= 10_000 && i < len(units)-1 {
		n = (n + 500) / 1000
		i++
	}
	words, _ := t.say(units[i], n)
	return fmt.Sprint(words)
}

// timeOf returns the time that an argument of a template is. It is not known if it is nil or zero.
func timeOf(at any) (moment time.Time, isKnown bool, err error) {
	switch at := at.(type) {
	case time.Time:
		return at, !at.IsZero(), nil
	case *time.Time:
		if at == nil {
			return time.Time{}, false, nil
		}
		return *at, !at.IsZero(), nil
	}
	return time.Time{}, false, fmt.Errorf("%T is no time", at)
}

// timeTag returns the element of a time (HTML Living Standard §4.5.14).
func timeTag(at time.Time, words, title string) template.HTML {
	if title != "" {
		title = ` title="` + template.HTMLEscapeString(title) + `"`
	}
	return template.HTML(fmt.Sprintf(`<time datetime="%s"%s>%s</time>`, at.Local().Format(time.RFC3339), title, template.HTMLEscapeString(words)))
}
