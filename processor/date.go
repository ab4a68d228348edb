package processor

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
)

// dateReader collects the parts of a Date field word by word, in any order.
type dateReader struct {
	day, year      int
	month          time.Month
	hour, min, sec int
	hasTime        bool
	afternoon      int // hours to add for "PM", -12 for "AM" at twelve
	zone           *time.Location
}

// parseDate reads a date in every form that occurs: RFC 5322 §3.3 with its obsolete forms, asctime, ISO 8601, and names
// of months in the languages of localised programs. ok is false if it is no date, or not between 1970 and 9999.
func parseDate(field string) (t time.Time, ok bool) {
	if t, ok := plainDate(field); ok {
		return t, true
	}
	field, _ = charset.CutOctets(entity.DecodeUnmarked(field), 200)
	var d dateReader
	for _, word := range strings.FieldsFunc(isoSpaced(withoutComments(field)), func(r rune) bool {
		return unicode.IsSpace(r) || r == ','
	}) {
		d.word(word)
	}
	return d.date()
}

// plainDate reads the form of nearly all dates, for speed.
func plainDate(field string) (t time.Time, ok bool) {
	field, _, _ = strings.Cut(field, " (")
	t, err := time.Parse("Mon, 2 Jan 2006 15:04:05 -0700", field)
	t = t.UTC()
	return t, err == nil && t.Year() >= 1970
}

// withoutComments removes "(…)", which most often repeats the zone's name.
func withoutComments(s string) string {
	var b strings.Builder
	depth := 0
	for _, r := range s {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth = max(depth-1, 0)
			b.WriteByte(' ')
		case depth == 0:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isoSpaced replaces the T of ISO 8601 by a space.
func isoSpaced(s string) string {
	b := []byte(s)
	for i := 1; i+1 < len(b); i++ {
		if (b[i] == 'T' || b[i] == 't') && isDigit(b[i-1]) && isDigit(b[i+1]) {
			b[i] = ' '
		}
	}
	return string(b)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// word reads one word.
func (d *dateReader) word(w string) {
	switch {
	case strings.Contains(w, ":") && isDigit(w[0]):
		d.clock(w)
	case d.hasTime && (w[0] == '+' || w[0] == '-') && len(w) > 2:
		d.offset(w)
	case d.day != 0 && d.year != 0 && !d.hasTime && pointedClock.MatchString(w): // "10.04.05", as Italians and Danes write
		d.clock(strings.ReplaceAll(w, ".", ":"))
	case isDigit(w[0]) && strings.ContainsAny(w[1:], "-/."):
		d.joined(w)
	case isDigit(w[0]):
		d.number(w)
	default:
		d.name(w)
	}
}

var pointedClock = regexp.MustCompile(`^[0-9]{1,2}\.[0-9]{2}(\.[0-9]{2})?$`)

// clock reads "10:04", "10:04:05.123", "10:04:05+0200", "10:04PM".
func (d *dateReader) clock(w string) {
	end := strings.IndexFunc(w, func(r rune) bool { return !unicode.IsDigit(r) && r != ':' && r != '.' })
	if end < 0 {
		end = len(w)
	}
	parts := strings.Split(w[:end], ":")
	d.hour = leadingNumber(parts[0])
	if len(parts) > 1 {
		d.min = leadingNumber(parts[1])
	}
	if len(parts) > 2 {
		d.sec = leadingNumber(parts[2])
	}
	d.hasTime = true
	if end < len(w) {
		d.word(w[end:])
	}
}

// offset reads "+0200", "-05:30" or "+02".
func (d *dateReader) offset(w string) {
	digits := strings.ReplaceAll(w[1:], ":", "")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return
	}
	if len(digits) <= 2 {
		n *= 100
	}
	seconds := (n/100)*3600 + (n%100)*60
	if seconds > 15*3600 || d.zone != nil {
		return
	}
	if w[0] == '-' {
		seconds = -seconds
	}
	d.zone = time.FixedZone("", seconds)
}

// joined reads "2021-11-02", "02-Nov-21", "11/02/2021" or "02.11.2021".
func (d *dateReader) joined(w string) {
	parts := strings.FieldsFunc(w, func(r rune) bool { return r == '-' || r == '/' || r == '.' })
	if len(parts) == 3 && len(parts[0]) < 4 && isDigit(parts[1][0]) {
		first, second := leadingNumber(parts[0]), leadingNumber(parts[1])
		if strings.Contains(w, "/") && second <= 31 && first <= 12 {
			first, second = second, first // month/day/year
		}
		d.day, d.month = first, time.Month(second)
		d.setYear(parts[2])
		return
	}
	for i, part := range parts {
		if i == 1 && len(parts[0]) == 4 && isDigit(part[0]) {
			d.month = time.Month(leadingNumber(part))
			continue
		}
		d.word(part)
	}
}

// number reads a day or a year.
func (d *dateReader) number(w string) {
	n := leadingNumber(w)
	switch digits := len(w) - len(strings.TrimLeft(w, "0123456789")); {
	case d.day == 0 && digits <= 2 && n <= 31:
		d.day = n
	case d.year == 0:
		d.setYear(w)
	}
}

// setYear reads a year of two, three (RFC 5322 §4.3) or more digits.
func (d *dateReader) setYear(w string) {
	n := leadingNumber(w)
	switch {
	case n < 0:
	case n < 50:
		n += 2000
	case n < 1000:
		n += 1900
	}
	d.year = n
}

// name reads a month, a zone, AM or PM. It ignores days of the week, which add nothing to the date.
func (d *dateReader) name(w string) {
	lower := strings.ToLower(strings.Trim(w, ".\"'"))
	if sign := strings.IndexAny(lower, "+-"); sign > 0 && d.hasTime && isUTC(lower[:sign]) {
		d.offset(lower[sign:]) // "GMT+0200", as JavaScript writes
		return
	}
	if month := monthNamed(lower); month != 0 {
		d.month = month // the last one: "mar" is Tuesday before it is March
		return
	}
	switch lower {
	case "pm", "p.m":
		d.afternoon = 12
	case "am", "a.m":
		d.afternoon = -12
	}
	if zone, ok := zoneNamed(lower); ok && d.hasTime && d.zone == nil {
		d.zone = zone
	}
}

// date combines the parts.
func (d *dateReader) date() (time.Time, bool) {
	switch {
	case d.afternoon > 0 && d.hour < 12:
		d.hour += 12
	case d.afternoon < 0 && d.hour == 12:
		d.hour = 0
	}
	isDate := d.day >= 1 && d.day <= 31 && d.month >= 1 && d.month <= 12 && d.year >= 1970 && d.year <= 9999
	if !isDate || d.hour > 24 || d.min > 59 || d.sec > 60 {
		return time.Time{}, false
	}
	if day := time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC); day.Month() != d.month {
		return time.Time{}, false // 31 February
	}
	zone := d.zone
	if zone == nil {
		zone = time.UTC
	}
	t := time.Date(d.year, d.month, d.day, d.hour, d.min, d.sec, 0, zone).UTC()
	return t, t.Year() >= 1970 && t.Year() <= 9999
}

// leadingNumber returns the number that s begins with, -1 if it is too large for a date.
func leadingNumber(s string) int {
	n := 0
	for i := 0; i < len(s) && isDigit(s[i]); i++ {
		n = n*10 + int(s[i]-'0')
		if n > 1e6 {
			return -1
		}
	}
	return n
}

// zoneNamed returns the zones of RFC 5322 §4.3 and a few more. Other names are ambiguous and must not be guessed.
func zoneNamed(name string) (*time.Location, bool) {
	if name == "z" || isUTC(name) {
		return time.UTC, true
	}
	hours, ok := zoneHours[name]
	return time.FixedZone("", hours*3600), ok
}

func isUTC(name string) bool { return name == "utc" || name == "gmt" || name == "ut" }

// zoneHours holds the offsets of zones from UTC.
var zoneHours = map[string]int{
	"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
	"wet": 0, "west": 1, "bst": 1, "cet": 1, "met": 1, "mez": 1, "cest": 2, "mest": 2, "mesz": 2, "eet": 2, "eest": 3, "msk": 3,
	"jst": 9, "kst": 9, "hkt": 8, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
}

// monthNamed returns the month of a name in English, French, German, Spanish, Italian, Dutch or Portuguese, by the
// beginning of the name; 0 for any other word.
func monthNamed(name string) time.Month {
	if len(name) < 3 || !unicode.IsLetter([]rune(name)[0]) {
		return 0
	}
	for i, beginnings := range [...]string{
		"jan ene gen", "feb fév fev", "mar mär mrt maa", "apr avr abr", "may mai mag mei maj", "jun juin giu",
		"jul juil lug", "aug aoû aou ago", "sep set", "oct okt ott out", "nov", "dec déc dez dic",
	} {
		for _, beginning := range strings.Fields(beginnings) {
			if strings.HasPrefix(name, beginning) {
				return time.Month(i + 1)
			}
		}
	}
	return 0
}
