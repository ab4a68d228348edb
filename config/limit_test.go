package config

import (
	"strings"
	"testing"
	"time"
)

func TestALimitIsReadAndWritten(t *testing.T) {
	t.Parallel()
	k := limitKind("1-100000 1s-24h")
	for _, test := range []struct {
		text, written string // written is "" for a mistake
		want          Limit
	}{
		{"30 in 10min", "30 in 10min", Limit{30, 10 * time.Minute}},
		{"30 in 10m", "30 in 10min", Limit{30, 10 * time.Minute}},
		{"30 IN 10 Min", "30 in 10min", Limit{30, 10 * time.Minute}},
		{"1in1s", "1 in 1s", Limit{1, time.Second}},
		{"5 in 90s", "5 in 90s", Limit{5, 90 * time.Second}},
		{"500 in 120min", "500 in 2h", Limit{500, 2 * time.Hour}},
		{"100000 in 24h", "100000 in 24h", Limit{100_000, 24 * time.Hour}},
		{"0", "0", Limit{}},
		{"0 in 10min", "", Limit{}},
		{"100001 in 10min", "", Limit{}},
		{"30 in 0s", "", Limit{}},
		{"30 in 25h", "", Limit{}},
		{"30 in 99999999999999999999h", "", Limit{}},
		{"99999999999999999999 in 1h", "", Limit{}},
		{"30", "", Limit{}},
		{"-30 in 10min", "", Limit{}},
		{"30 in 10", "", Limit{}},
		{"30 per 10min", "", Limit{}},
		{"30 in 10 days", "", Limit{}},
	} {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			v, _, ok := k.parse(test.text)
			switch {
			case ok != (test.written != ""):
				t.Errorf("it is read as %v, %t", v, ok)
			case ok && (v != test.want || k.format(v) != test.written):
				t.Errorf("it is read as %v and written as %s", v, k.format(v))
			}
		})
	}
}

func TestAMonitoringMailboxMayOpenMoreEventsAtOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		processor Processor
		given     bool
		want      Limit
	}{
		{"people", EndUserIncident, false, Limit{30, 10 * time.Minute}},
		{"service requests", EndUserServiceRequest, false, Limit{30, 10 * time.Minute}},
		{"machines", Monitoring, false, Limit{500, 10 * time.Minute}},
		{"machines, with a limit of their own", Monitoring, true, Limit{1, time.Second}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := checking{filling: &filling{document: &document{}, first: map[string]element{}}, Mailbox: &Mailbox{}}
			c.Processor = test.processor
			if test.given {
				c.first["MaxNewRequests"] = element{text: "1 in 1s"}
				c.MaxNewRequests = Limit{1, time.Second}
			}
			c.loops()
			if c.MaxNewRequests != test.want {
				t.Errorf("the limit is %v, want %v", c.MaxNewRequests, test.want)
			}
		})
	}
}

func TestNoLimitIsWrittenAsSuch(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	if err := loaded(t, minimal(password+"<MaxNewRequests>0</MaxNewRequests>")).XML(&text); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "<MaxNewRequests>0</MaxNewRequests>") {
		t.Errorf("the file has no MaxNewRequests of 0:\n%s", text.String())
	}
}
