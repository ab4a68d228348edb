package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// durationKind reads a duration between limits, which are written "first-last".
func durationKind(limits string) kind {
	low, high, _ := strings.Cut(limits, "-")
	first, _ := time.ParseDuration(low)
	last, _ := time.ParseDuration(high)
	return kind{
		noun: "a duration", values: fmt.Sprintf("a number with its unit, such as 30s, 5m or 1h; from %s to %s", low, high),
		parse: func(text string) (any, string, bool) {
			d, err := time.ParseDuration(text)
			if err != nil {
				return nil, "", false
			}
			return d, "it is out of range", d >= first && d <= last
		},
		format: func(v any) string { return formatDuration(v.(time.Duration)) },
	}
}

// formatDuration returns d without zeros at its end: 5m for 5m0s, 2h for 2h0m0s.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// millisecondsKind reads a pause as the original writes it: a number without a unit.
func millisecondsKind() kind {
	k := countKind("0-600000")
	k.noun, k.values = "a number of milliseconds", "0–600000"
	parse := k.parse
	k.parse = func(text string) (any, string, bool) {
		n, detail, ok := parse(text)
		if !ok {
			return nil, detail, false
		}
		return time.Duration(n.(int)) * time.Millisecond, "", true
	}
	k.format = func(v any) string { return strconv.FormatInt(v.(time.Duration).Milliseconds(), 10) }
	return k
}

// units are the units of a size, the largest first.
var units = []struct {
	name   string
	octets int64
}{{"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}}

// sizeKind reads a number of octets between limits, which are written "first-last".
func sizeKind(limits string) kind {
	low, high, _ := strings.Cut(limits, "-")
	first, _ := parseSize(low)
	last, _ := parseSize(high)
	return kind{
		noun: "a size", values: fmt.Sprintf("octets, or a number with KB, MB or GB: 1024, 1024² or 1024³ octets; from %s to %s", low, high),
		parse: func(text string) (any, string, bool) {
			n, ok := parseSize(text)
			if !ok {
				return nil, "", false
			}
			return n, "it is out of range", n >= first && n <= last
		},
		format: func(v any) string { return formatSize(v.(int64)) },
	}
}

// parseSize reads a number with or without a unit, and returns it in octets.
func parseSize(text string) (octets int64, ok bool) {
	number, factor := strings.ToUpper(text), int64(1)
	for _, u := range units {
		if rest, found := strings.CutSuffix(number, u.name); found {
			number, factor = strings.TrimSpace(rest), u.octets
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/factor {
		return 0, false
	}
	return n * factor, true
}

// formatSize returns a size with the largest unit that divides it.
func formatSize(octets int64) string {
	for _, u := range units {
		if octets > 0 && octets%u.octets == 0 {
			return strconv.FormatInt(octets/u.octets, 10) + u.name
		}
	}
	return strconv.FormatInt(octets, 10)
}
