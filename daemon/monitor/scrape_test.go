package monitor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"mailintegration/daemon"
	"mailintegration/store"
)

// eventful returns the status of a daemon that has every metric.
func eventful() daemon.Status {
	s := running()
	s.ClockAhead = 90 * time.Second
	s.Listen.Expires = began.Add(2 * time.Hour)
	s.Configuration = []daemon.ConfigurationProblem{{File: "a.xml", Mistakes: []string{"mistake of eve@example.net"}}}
	s.Sending = []daemon.SendingStatus{{Server: "smtp.example.com:587"}, {Server: "smtp.example.com:587", Err: errors.New("refused eve@example.net")}}
	s.Mailboxes[0] = daemon.MailboxStatus{
		Name: "helpdesk", State: daemon.Waiting, Held: true, Cause: daemon.CauseLogin, Err: errors.New("-ERR eve@example.net"),
		PolledAt: began.Add(2 * time.Minute), SucceededAt: began.Add(time.Minute), CertificateExpires: began.Add(time.Hour), Backlog: 3,
		Totals: daemon.Totals{
			Polls: 9, FailedPolls: 2, Interrupted: 1, Octets: 4096, Listed: 45, Opened: 1, Added: 2, Refused: 3, Ignored: 4, SetAside: 5, Known: 6,
			Oversize: 7, Failed: 8, Deferred: 9,
		},
	}
	s.Mailboxes = append(s.Mailboxes, daemon.MailboxStatus{Name: "élan \"vital\"\n", State: daemon.Standby})
	return s
}

// counted returns figures of a database.
func counted(context.Context) (store.Figures, error) {
	return store.Figures{OpenProblems: map[store.ProblemKind]int{store.ProblemLogin: 2}, Waiting: 4, OldestWait: time.Minute}, nil
}

// samples returns the samples of a scrape, by name and labels.
func (m *monitored) samples() map[string]float64 {
	m.Helper()
	all := map[string]float64{}
	for name, family := range m.families() {
		for _, s := range family.Metric {
			var labels []string
			for _, l := range s.Label {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			key := name
			if len(labels) > 0 {
				key += "{" + strings.Join(labels, ",") + "}"
			}
			all[key] = s.GetCounter().GetValue() + s.GetGauge().GetValue()
		}
	}
	return all
}

// families returns the metrics of a scrape in the text format.
func (m *monitored) families() map[string]*dto.MetricFamily {
	m.Helper()
	r, body := m.request("GET", metricsPath)
	if r.StatusCode != http.StatusOK {
		m.Fatalf("%s: %s", r.Status, body)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		m.Fatalf("%v in\n%s", err, body)
	}
	return families
}

func TestAScrapeHasEachMetricAndTellsNoMail(t *testing.T) {
	t.Parallel()
	m := listen(t, &subject{status: eventful(), figures: counted}, patient)
	m.now = func() time.Time { return began }
	m.ConfigurationRead("0123456789abcdef", true)
	families := m.families()
	var got, want []string
	for name := range families {
		if strings.HasPrefix(name, "mailintegration_") {
			got = append(got, name)
		}
	}
	for _, d := range allMetrics() {
		want = append(want, d.name)
		family := families[d.name]
		if family == nil {
			continue // told below
		}
		if kind := strings.ToLower(family.GetType().String()); kind != string(d.kind) || family.GetHelp() != d.help {
			t.Errorf("%s is a %s: %s", d.name, kind, family.GetHelp())
		}
		for _, s := range family.Metric {
			var labels []string
			for _, l := range s.Label {
				labels = append(labels, l.GetName())
			}
			declared := slices.Sorted(slices.Values(d.labels))
			if !slices.Equal(labels, declared) {
				t.Errorf("%s has the labels %v, want %v", d.name, labels, declared)
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("a scrape has %v,\nwant %v", got, want)
	}
	samples := m.samples()
	for sample, value := range map[string]float64{
		`mailintegration_messages_total{mailbox="helpdesk",outcome="opened"}`:                           1,
		`mailintegration_messages_total{mailbox="helpdesk",outcome="set_aside"}`:                        5,
		`mailintegration_messages_total{mailbox="helpdesk",outcome="deferred"}`:                         9,
		`mailintegration_messages_total{mailbox="élan \"vital\"\n",outcome="deferred"}`:                 0,
		`mailintegration_listed_messages_total{mailbox="helpdesk"}`:                                     45,
		`mailintegration_unaccounted_messages_total{mailbox="helpdesk"}`:                                0,
		`mailintegration_recorded_bytes_total{mailbox="helpdesk"}`:                                      4096,
		`mailintegration_polls_total{mailbox="helpdesk",result="good"}`:                                 6,
		`mailintegration_polls_total{mailbox="helpdesk",result="failed"}`:                               2,
		`mailintegration_polls_total{mailbox="helpdesk",result="interrupted"}`:                          1,
		`mailintegration_last_good_poll_timestamp_seconds{mailbox="helpdesk"}`:                          float64(began.Add(time.Minute).Unix()),
		`mailintegration_mailbox_problem{cause="login",mailbox="helpdesk"}`:                             1,
		`mailintegration_backlog_messages{mailbox="helpdesk"}`:                                          3,
		`mailintegration_lease_held{mailbox="helpdesk"}`:                                                1,
		`mailintegration_lease_held{mailbox="élan \"vital\"\n"}`:                                        0,
		`mailintegration_mailboxes{state="standby"}`:                                                    1,
		`mailintegration_open_problems{kind="login"}`:                                                   2,
		`mailintegration_open_problems{kind="clock"}`:                                                   0,
		`mailintegration_outbox_messages`:                                                               4,
		`mailintegration_outbox_oldest_age_seconds`:                                                     60,
		`mailintegration_sending_accounts{state="failing"}`:                                             1,
		`mailintegration_sending_accounts{state="usable"}`:                                              1,
		`mailintegration_clock_ahead_seconds`:                                                           90,
		`mailintegration_configuration_mistaken_files`:                                                  1,
		`mailintegration_configuration_info{hash="0123456789abcdef"}`:                                   1,
		`mailintegration_configuration_last_reload_success_timestamp_seconds`:                           float64(began.Unix()),
		`mailintegration_build_info{goversion="` + runtime.Version() + `",revision="",version="1.2.3"}`: 1,
	} {
		if got, has := samples[sample]; !has || got != value {
			t.Errorf("%s is %v (%v), want %v", sample, got, has, value)
		}
	}
	if _, body := m.request("GET", metricsPath); strings.Contains(body, "eve@") || strings.Contains(body, "example.") {
		t.Error("the metrics tell an address")
	}
}

func TestTheNamesOfMetricsFollowTheConventions(t *testing.T) {
	t.Parallel()
	m := listen(t, &subject{status: eventful(), figures: counted}, patient)
	m.ConfigurationRead("0123456789abcdef", true)
	_, body := m.request("GET", metricsPath)
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "mailintegration_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

func TestAScrapeIsInTheFormatThatIsAskedFor(t *testing.T) {
	t.Parallel()
	meter := NewMeter()
	meter.Parsed(3 * time.Millisecond)
	m, err := New(Options{Daemon: &subject{status: eventful(), figures: counted}, Meter: meter, limits: patient})
	if err != nil {
		t.Fatal(err)
	}
	s := &monitored{Monitor: m, TB: t, address: freeAddress(t)}
	t.Cleanup(s.Close)
	if err := s.Listen(s.address, nil); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ accept, kind, has string }{
		{"", "text/plain; version=0.0.4", `mailintegration_parse_duration_seconds_bucket{le="0.005"} 1`},
		{"application/openmetrics-text; version=1.0.0", "application/openmetrics-text; version=1.0.0", "\n# EOF\n"},
	} {
		r, body := s.request("GET", metricsPath, "Accept", tt.accept)
		if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, tt.kind) || !strings.Contains(body, tt.has) {
			t.Errorf("Accept %s: %s\n%s", tt.accept, kind, body)
		}
	}
	r, body := s.request("GET", metricsPath, "Accept", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
	decoder := expfmt.NewDecoder(bytes.NewReader([]byte(body)), expfmt.ResponseFormat(r.Header))
	isNative := false
	for {
		var family dto.MetricFamily
		if decoder.Decode(&family) != nil {
			break
		}
		if family.GetName() == parseDuration.name {
			h := family.Metric[0].GetHistogram()
			isNative = h.Schema != nil && len(h.PositiveSpan) > 0 && len(h.Bucket) == len(quantities)
		}
	}
	if !isNative {
		t.Error("the histogram is not both native and classic")
	}
	got, _ := s.request("GET", metricsPath)
	if head, empty := s.request("HEAD", metricsPath); head.StatusCode != http.StatusOK || empty != "" || got.StatusCode != http.StatusOK {
		t.Errorf("HEAD: %s %q", head.Status, empty)
	}
}

// TestLabelsAreBoundedWhateverArrives has 1,000 mailboxes, in each of which everything happens.
func TestLabelsAreBoundedWhateverArrives(t *testing.T) {
	t.Parallel()
	m := listen(t, &subject{status: many(1000), figures: counted}, patient)
	m.ConfigurationRead("0123456789abcdef", true)
	count := 0
	for name, family := range m.families() {
		if !strings.HasPrefix(name, "mailintegration_") {
			continue
		}
		count += len(family.Metric)
		if n := len(family.Metric); n > 1000*len(outcomes) {
			t.Errorf("%s has %d series", name, n)
		}
	}
	const perMailbox, others = 21, 60
	if count > 1000*perMailbox+others {
		t.Errorf("%d series for 1,000 mailboxes, want %d for each and %d others at most", count, perMailbox, others)
	}
}

// many returns the status of a daemon with n mailboxes.
func many(n int) daemon.Status {
	s := eventful()
	first := s.Mailboxes[0]
	s.Mailboxes = nil
	for i := range n {
		first.Name = fmt.Sprintf("mailbox-%04d", i)
		s.Mailboxes = append(s.Mailboxes, first)
	}
	return s
}

func TestServersThatNeverReadKeepNobodyFromAScrape(t *testing.T) {
	t.Parallel()
	m := listen(t, &subject{status: many(1000), figures: counted}, patient)
	for range 2 * patient.connections {
		m.connect("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	if samples := m.samples(); len(samples) < 1000 {
		t.Errorf("%d samples", len(samples))
	}
	m.wantAnswer()
}

func TestAServerThatNeverReadsIsDisconnected(t *testing.T) {
	t.Parallel()
	l := patient
	l.write = 100 * time.Millisecond
	m := listen(t, &subject{status: many(1000), figures: counted}, l)
	m.connect("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
	m.Close() // would wait for the answer under way, beyond l.stop, if it were not disconnected by then
}

func TestTheDatabaseIsAskedOnceForManyScrapes(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	d := &subject{status: eventful()}
	isDown := atomic.Bool{}
	d.figures = func(ctx context.Context) (store.Figures, error) {
		asked.Add(1)
		if isDown.Load() {
			<-ctx.Done() // a database that never answers
			return store.Figures{}, ctx.Err()
		}
		return counted(ctx)
	}
	var now atomic.Int64
	l := patient
	l.figures = time.Millisecond
	m := listen(t, d, l)
	m.Monitor.figures.now = func() time.Time { return began.Add(time.Duration(now.Load())) }
	wantAsked := func(n int32) {
		t.Helper()
		if got := asked.Load(); got != n {
			t.Errorf("the database was asked %d times, want %d", got, n)
		}
	}
	for range 5 {
		m.samples()
	}
	wantAsked(1)
	isDown.Store(true)
	if s := m.samples(); s["mailintegration_database_figures_success"] != 1 || s["mailintegration_outbox_messages"] != 4 {
		t.Errorf("the figures are not remembered: %v", s)
	}
	now.Add(int64(figuresEvery))
	for range 5 {
		s := m.samples()
		if _, has := s["mailintegration_outbox_messages"]; has || s["mailintegration_database_figures_success"] != 0 || s["mailintegration_live"] != 1 {
			t.Errorf("a scrape without the database has the figures %v, and live %v", has, s["mailintegration_live"])
		}
	}
	wantAsked(2)
	isDown.Store(false)
	now.Add(int64(figuresEvery))
	m.samples()
	wantAsked(3)
}

func TestADaemonThatDoesNotAnswerCanBeScraped(t *testing.T) {
	t.Parallel()
	m := listen(t, &mad{}, patient)
	s := m.samples()
	if live, has := s["mailintegration_live"]; !has || live != 0 || s["mailintegration_ready"] != 0 {
		t.Errorf("%v", s)
	}
	if _, has := s["mailintegration_database_usable"]; has {
		t.Error("what the daemon has not said is told")
	}
}

func TestTheLastGoodReadingOfTheConfigurationStays(t *testing.T) {
	t.Parallel()
	m := listen(t, &subject{status: eventful()}, patient)
	m.now = func() time.Time { return began }
	m.ConfigurationRead("one", true)
	m.now = func() time.Time { return began.Add(time.Hour) }
	m.ConfigurationRead("two", false)
	s := m.samples()
	if s["mailintegration_configuration_last_reload_successful"] != 0 || s[`mailintegration_configuration_info{hash="two"}`] != 1 ||
		s["mailintegration_configuration_last_reload_success_timestamp_seconds"] != float64(began.Unix()) {
		t.Errorf("%v", s)
	}
}
