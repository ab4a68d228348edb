package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

const maxLeaveDays = 3650 // ten years; longer means Always

// Retention is the number of days for which something is kept.
type Retention int

// RetainAlways is the only Retention that is not a number of days.
const RetainAlways Retention = -1

// Duration returns the retention as a duration, negative for RetainAlways.
func (r Retention) Duration() time.Duration { return time.Duration(r) * 24 * time.Hour }

// String returns the retention as it is written in a file.
func (r Retention) String() string { return retentionKind("").format(r) }

// daysWord is a word that a file may have in place of a number of days.
type daysWord struct {
	word string
	days int
}

// leaveKind reads a LeavePolicy.
func leaveKind() kind {
	k := daysKind(1, maxLeaveDays, daysWord{"Never", int(LeaveNever)}, daysWord{"Always", int(LeaveAlways)})
	k.values = fmt.Sprintf("Never, Days N with N from 1 to %d, or Always", maxLeaveDays)
	return k
}

// retentionKind reads a Retention with a number of days between limits, which are written "first-last".
func retentionKind(limits string) kind {
	low, high, _ := strings.Cut(limits, "-")
	first, _ := strconv.Atoi(low)
	last, _ := strconv.Atoi(high)
	k := daysKind(first, last, daysWord{"Always", int(RetainAlways)})
	k.values = fmt.Sprintf("Days N with N from %s to %s, or Always", low, high)
	return k
}

// daysKind reads "Days N" with N from first to last, or one of the words.
func daysKind(first, last int, words ...daysWord) kind {
	days := countKind(fmt.Sprintf("%d-%d", first, last))
	return kind{
		noun: "a known value",
		parse: func(text string) (any, string, bool) {
			given := strings.Fields(text)
			for _, w := range words {
				if len(given) == 1 && strings.EqualFold(given[0], w.word) {
					return w.days, "", true
				}
			}
			if len(given) == 2 && strings.EqualFold(given[0], "Days") {
				return days.parse(given[1])
			}
			return nil, "", false
		},
		format: func(v any) string {
			n := int(reflect.ValueOf(v).Int())
			for _, w := range words {
				if w.days == n {
					return w.word
				}
			}
			return fmt.Sprintf("Days %d", n)
		},
	}
}
