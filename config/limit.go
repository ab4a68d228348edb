package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Limit is a number of things within a time. The zero Limit stands for no limit.
type Limit struct {
	Number int
	Within time.Duration
}

// String returns the limit as it is written in a file.
func (l Limit) String() string {
	if l.Number == 0 {
		return "0"
	}
	for _, u := range limitUnits {
		if l.Within%u.length == 0 {
			return fmt.Sprintf("%d in %d%s", l.Number, l.Within/u.length, u.name)
		}
	}
	return fmt.Sprintf("%d in %s", l.Number, l.Within)
}

// limitUnits are the units of the time of a limit, the longest first.
var limitUnits = []struct {
	name   string
	length time.Duration
}{{"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}

// limitForm is the form of a limit. Both m and min stand for minutes.
var limitForm = regexp.MustCompile(`(?i)^([0-9]+)\s*in\s*([0-9]+)\s*(h|min|m|s)$`)

// limitKind reads "0", or "N in TIME" with a number and a time between limits, which are written "first-last first-last".
func limitKind(limits string) kind {
	numbers, times, _ := strings.Cut(limits, " ")
	low, high, _ := strings.Cut(numbers, "-")
	least, _ := strconv.Atoi(low)
	most, _ := strconv.Atoi(high)
	short, long, _ := strings.Cut(times, "-")
	shortest, _ := time.ParseDuration(short)
	longest, _ := time.ParseDuration(long)
	return kind{
		noun:   "a limit",
		values: fmt.Sprintf("a number in a time, such as 30 in 10min; from %s to %s, in %s to %s; 0 for no limit", low, high, short, long),
		parse: func(text string) (any, string, bool) {
			if text == "0" {
				return Limit{}, "", true
			}
			parts := limitForm.FindStringSubmatch(text)
			if parts == nil {
				if n, err := strconv.Atoi(text); err == nil && n > 0 {
					return nil, fmt.Sprintf("the time is missing; did you mean %d in 10min?", n), false
				}
				return nil, "", false
			}
			n, numberErr := strconv.Atoi(parts[1])
			within, timeErr := time.ParseDuration(parts[2] + strings.Replace(strings.ToLower(parts[3]), "min", "m", 1))
			if numberErr != nil || n < least || n > most {
				return nil, "the number is out of range", false
			}
			if timeErr != nil || within < shortest || within > longest {
				return nil, "the time is out of range", false
			}
			return Limit{n, within}, "", true
		},
		format: func(v any) string { return v.(Limit).String() },
	}
}
