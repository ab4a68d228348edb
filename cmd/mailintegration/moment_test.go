package main

import (
	"testing"
	"time"
)

func TestAMomentIsADateOrHowLongAgo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 14, 30, 0, 0, time.Local)
	for _, test := range []struct {
		text string
		want time.Time
	}{
		{"2026-11-25", time.Date(2026, 11, 25, 0, 0, 0, 0, time.Local)},
		{"2026-11-25 08:05", time.Date(2026, 11, 25, 8, 5, 0, 0, time.Local)},
		{"2026-11-25 08:05:07", time.Date(2026, 11, 25, 8, 5, 7, 0, time.Local)},
		{"2026-11-25T08:05", time.Date(2026, 11, 25, 8, 5, 0, 0, time.Local)},
		{"2026-11-25T08:05:07Z", time.Date(2026, 11, 25, 8, 5, 7, 0, time.UTC)},
		{"36h", now.Add(-36 * time.Hour)},
		{"7d", now.AddDate(0, 0, -7)},
		{"0d", now},
	} {
		got, err := momentAt(test.text, now)
		if err != nil || !got.Equal(test.want) {
			t.Errorf("%s: %s, %v, want %s", test.text, got, err, test.want)
		}
	}
	for _, wrong := range []string{"", "yesterday", "-1d", "-2h", "7", "1.5d", "2026-13-01", "99999999d"} {
		if got, err := momentAt(wrong, now); err == nil {
			t.Errorf("%q is %s", wrong, got)
		}
	}
}

func TestATokenEndsAtADateAfterASpanOrNever(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 14, 30, 0, 0, time.Local)
	for text, want := range map[string]time.Time{
		"2027-01-31": time.Date(2027, 1, 31, 0, 0, 0, 0, time.Local),
		"8h":         now.Add(8 * time.Hour),
		"90d":        now.AddDate(0, 0, 90),
	} {
		if got, err := endAt(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v, want %s", text, got, err, want)
		}
	}
	if got, err := endAt("never", now); got != nil || err != nil {
		t.Errorf("never: %v, %v", got, err)
	}
	for _, wrong := range []string{"", "soon", "0d", "0s", "-8h", "8", "2026-11-26"} {
		if got, err := endAt(wrong, now); err == nil {
			t.Errorf("%q is %s", wrong, got)
		}
	}
}
