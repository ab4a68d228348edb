package processor

import (
	"testing"
	"time"
)

func TestDatesAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, field, want string }{
		{"RFC 5322", "Tue, 3 Nov 2026 10:04:05 +0100", "2026-11-03T09:04:05Z"},
		{"without the day of the week", "3 Nov 2026 10:04:05 -0500", "2026-11-03T15:04:05Z"},
		{"without seconds", "Tue, 3 Nov 2026 10:04 GMT", "2026-11-03T10:04:00Z"},
		{"with the zone's name in a comment", "Tue, 3 Nov 2026 10:04:05 +0100 (CET)", "2026-11-03T09:04:05Z"},
		{"with a zone's name", "Tue, 3 Nov 2026 10:04:05 EST", "2026-11-03T15:04:05Z"},
		{"without a zone", "Tue, 3 Nov 2026 10:04:05", "2026-11-03T10:04:05Z"},
		{"with an unknown zone", "Tue, 3 Nov 2026 10:04:05 XYZ", "2026-11-03T10:04:05Z"},
		{"with a two-digit year of the last century", "Tue, 03 Nov 98 10:04:05 +0000", "1998-11-03T10:04:05Z"},
		{"with a two-digit year of this century", "3 Nov 26 10:04:05 +0000", "2026-11-03T10:04:05Z"},
		{"with a three-digit year", "3 Nov 102 10:04:05 +0000", "2002-11-03T10:04:05Z"},
		{"asctime", "Tue Nov  3 10:04:05 2026", "2026-11-03T10:04:05Z"},
		{"asctime with a zone", "Tue Nov  3 10:04:05 CET 2026", "2026-11-03T09:04:05Z"},
		{"ISO 8601", "2026-11-03T10:04:05.123+01:00", "2026-11-03T09:04:05Z"},
		{"ISO 8601 in UTC", "2026-11-03T10:04:05Z", "2026-11-03T10:04:05Z"},
		{"ISO 8601 with a space", "2026-11-03 10:04:05 +0000", "2026-11-03T10:04:05Z"},
		{"RFC 850", "Tuesday, 03-Nov-26 10:04:05 GMT", "2026-11-03T10:04:05Z"},
		{"numbers with slashes", "11/03/2026 10:04:05 PM", "2026-11-03T22:04:05Z"},
		{"numbers with dots", "03.11.2026 10:04", "2026-11-03T10:04:00Z"},
		{"the full name of the month", "November 3, 2026 10:04:05 AM", "2026-11-03T10:04:05Z"},
		{"12 AM is midnight", "3 Nov 2026 12:30 AM", "2026-11-03T00:30:00Z"},
		{"French", "mar., 3 févr. 2026 10:04:05 +0000", "2026-02-03T10:04:05Z"},
		{"German", "Di, 3 Okt 2026 10:04:05 +0000", "2026-10-03T10:04:05Z"},
		{"Spanish", "mar, 3 dic 2026 10:04:05 +0000", "2026-12-03T10:04:05Z"},
		{"no comma", "Tue 3 Nov 2026 10:04:05 +0100", "2026-11-03T09:04:05Z"},
		{"a zone glued to the time", "3 Nov 2026 10:04:05+0100", "2026-11-03T09:04:05Z"},
		{"a leap second", "31 Dec 2016 23:59:60 +0000", "2017-01-01T00:00:00Z"},
		{"only the day", "3 Nov 2026", "2026-11-03T00:00:00Z"},
		{"the last second of the year 9999", "31 Dec 9999 23:59:59 +0000", "9999-12-31T23:59:59Z"},
		{"the form of JavaScript", "Mon May 04 2026 10:00:00 GMT+0200 (CEST)", "2026-05-04T08:00:00Z"},
		{"hours from UTC", "4 May 2026 10:00:00 UTC+2", "2026-05-04T08:00:00Z"},
		{"hours and minutes from UTC", "4 May 2026 10:00 GMT-05:30", "2026-05-04T15:30:00Z"},
		{"UTC and a sign without hours", "4 May 2026 10:00 UTC-", "2026-05-04T10:00:00Z"},
		{"a time with dots", "Mon, 4 May 2026 10.00.05 +0200", "2026-05-04T08:00:05Z"},
		{"a date and a time with dots", "04.05.2026 10.30", "2026-05-04T10:30:00Z"},
		{"the last day of a leap year's February", "29 Feb 2024 10:00:00 +0000", "2024-02-29T10:00:00Z"},

		{"an empty field", "", ""},
		{"a day that the month does not have", "31 Feb 2026 10:00:00 +0000", ""},
		{"a leap day in another year", "29 Feb 2026 10:00:00 +0000", ""},
		{"words", "yesterday afternoon", ""},
		{"the year 99999", "3 Nov 99999 10:04:05 +0000", ""},
		{"a zone that moves the date past the year 9999", "31 Dec 9999 23:59:59 -0100", ""},
		{"before 1970", "3 Nov 1969 10:04:05 +0000", ""},
		{"a day that does not exist", "42 Nov 2026 10:04:05 +0000", ""},
		{"a month that does not exist", "2026-13-03 10:04:05", ""},
		{"an hour that does not exist", "3 Nov 2026 31:04:05 +0000", ""},
		{"a year that overflows", "3 Nov 99999999999999999999 10:04:05", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if date, ok := parseDate(tt.field); ok {
				got = date.Format(time.RFC3339)
			}
			if got != tt.want {
				t.Errorf("parseDate(%q) = %q, want %q", tt.field, got, tt.want)
			}
		})
	}
}
