package calendar

import (
	"strconv"
	"strings"
)

// repeats returns a rule of recurrence (RFC 5545 §3.3.10) in words: "every 2 weeks on Monday, Friday until Sunday 1 June
// 2025". It returns "" for a rule that it does not know.
func repeats(rule string) string {
	parts := map[string]string{}
	for part := range strings.SplitSeq(strings.ToUpper(rule), ";") {
		name, value, _ := strings.Cut(part, "=")
		parts[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	unit := map[string]string{
		"SECONDLY": "second", "MINUTELY": "minute", "HOURLY": "hour", "DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year",
	}[parts["FREQ"]]
	if unit == "" {
		return ""
	}
	words := "every " + unit
	if n := countOf(parts["INTERVAL"]); n > 1 {
		words = "every " + strconv.Itoa(n) + " " + unit + "s"
	}
	if days := weekdays(parts["BYDAY"]); days != "" {
		words += " on " + days
	}
	if until := momentOf(property{value: parts["UNTIL"]}); until.isKnown() {
		return words + " until " + until.time.Format(dateInWords)
	}
	if n := countOf(parts["COUNT"]); n > 1 {
		return words + ", " + strconv.Itoa(n) + " times"
	}
	return words
}

// countOf returns a number of a rule, 0 for none.
func countOf(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// weekdays returns the days of BYDAY: "MO,-1FR" is "Monday, the last Friday". It returns "" when one is unknown.
func weekdays(list string) string {
	var days []string
	for day := range strings.SplitSeq(list, ",") {
		number, name := "", ""
		if n := len(day); n >= 2 {
			number, name = day[:n-2], weekday[day[n-2:]]
		}
		ordinal, ok := ordinals[strings.TrimPrefix(number, "+")]
		if name == "" || !ok || len(days) == 7 {
			return ""
		}
		days = append(days, ordinal+name)
	}
	return strings.Join(days, ", ")
}

var weekday = map[string]string{
	"MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday", "SA": "Saturday", "SU": "Sunday",
}

var ordinals = map[string]string{
	"": "", "1": "the first ", "2": "the second ", "3": "the third ", "4": "the fourth ", "5": "the fifth ", "-1": "the last ",
}
