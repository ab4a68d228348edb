package monitor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailintegration/daemon"
	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// The files for Prometheus and Grafana.
const (
	alertsFile    = "../../deploy/prometheus/alerts.yml"
	dashboardFile = "../../deploy/grafana/mailintegration.json"
)

// promtool runs promtool in a folder. Without it the test is skipped, unless REQUIRE_PROMTOOL=1.
func promtool(t *testing.T, folder string, args ...string) {
	t.Helper()
	program, err := exec.LookPath("promtool")
	switch {
	case err != nil && os.Getenv("REQUIRE_PROMTOOL") == "1":
		t.Fatal(err)
	case err != nil:
		t.Skip("promtool is not installed: make alerts installs it")
	}
	command := exec.CommandContext(t.Context(), program, args...)
	command.Dir = folder
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// act is a part of a play: what the scrapes of some minutes have.
type act struct {
	minutes int
	samples map[string]float64
	taken   time.Time // when; the samples that are times of day move with the play
	firing  []string  // the alerts at its end
	early   []string  // the alerts some minutes after its beginning
}

// play has promtool evaluate the alert rules over the scrapes of the acts, one a minute, and compares what fires.
func play(t *testing.T, acts []act) {
	t.Helper()
	names := map[string]bool{}
	for _, a := range acts {
		for name := range a.samples {
			names[name] = true
		}
	}
	rules, err := filepath.Abs(alertsFile)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "rule_files: [%q]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n", rules)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(&b, "      - series: %s\n        values: %q\n", quotedYAML(name), strings.Join(values(name, acts), " "))
	}
	b.WriteString("    promql_expr_test:\n")
	end := 0
	for _, a := range acts {
		expect(&b, end+min(4, a.minutes/2), a.early)
		end += a.minutes
		expect(&b, end-1, a.firing)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "play.yml"), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, folder, "test", "rules", "play.yml")
}

// quotedYAML returns text as a string of YAML that means exactly that.
func quotedYAML(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// values returns the values of a series, one a minute.
func values(name string, acts []act) (all []string) {
	minute := 0
	for _, a := range acts {
		value, has := a.samples[name]
		for range a.minutes {
			switch {
			case !has:
				all = append(all, "stale") // as a server notes a series that a scrape has no more
			case strings.Contains(name, "_timestamp_seconds"):
				offset := value - float64(a.taken.UnixMilli())/1000
				all = append(all, strconv.FormatFloat(float64(minute*60)+offset, 'f', 3, 64))
			default:
				all = append(all, strconv.FormatFloat(value, 'g', -1, 64))
			}
			minute++
		}
	}
	return all
}

// expect writes which alerts fire in a minute, and that no other does.
func expect(b *strings.Builder, minute int, alerts []string) {
	fmt.Fprintf(b, "      - expr: count by (alertname) (ALERTS{alertstate=\"firing\"})\n        eval_time: %dm\n        exp_samples:\n", minute)
	for _, a := range alerts {
		fmt.Fprintf(b, "          - {labels: '{alertname=\"%s\"}', value: 1}\n", a)
	}
}

// scraped returns what a Prometheus server has after a scrape, with the labels that it adds; of a daemon that is gone, up alone.
func (m *monitored) scraped() map[string]float64 {
	m.Helper()
	all := map[string]float64{}
	for name, value := range m.samples() {
		series, labels, has := strings.Cut(name, "{")
		if !strings.HasPrefix(series, "mailintegration_") {
			continue
		}
		if !has {
			labels = "}"
		}
		all[series+"{instance=\"a\",job=\"mailintegration\","+labels] = value
	}
	all[`up{instance="a",job="mailintegration"}`] = 1
	return all
}

var gone = map[string]float64{`up{instance="a",job="mailintegration"}`: 0}

// interval is a schedule of a poll at each of its times.
type interval time.Duration

func (i interval) Next(t time.Time) time.Time { return t.Add(time.Duration(i)) }

// TestTheAlertsFireInAPlayedOutageAndOnlyThen runs a daemon, takes its mail server and its database away, one after the other, and
// scrapes it meanwhile. Each act is a scrape that lasts for some minutes.
func TestTheAlertsFireInAPlayedOutageAndOnlyThen(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("promtool"); err != nil {
		promtool(t, "") // before the daemon is started in vain
	}
	db := storetest.New(t)
	db.Exec(t, `INSERT INTO user_account (logon, name) VALUES ('daemon', 'MailIntegration'), ('unknown', 'Unknown sender');
		INSERT INTO team (name) VALUES ('IT');
		INSERT INTO support_group (team_id, name) VALUES (1, 'Service Desk');
		INSERT INTO priority (team_id, name) VALUES (1, 'Normal');
		INSERT INTO source (team_id, name) VALUES (1, 'Email');
		UPDATE team SET default_priority_id = 1, service_desk_group_id = 1`)
	proxy := storetest.NewProxy(t, db.URL)
	server := pop3test.Run(t, pop3test.Options{})
	server.SetPassword("helpdesk", pop3test.DefaultPassword)
	server.Add("helpdesk", []byte("From: ann@acme.example\r\nSubject: printer\r\n\r\nHelp!\r\n"))
	var isAway atomic.Bool
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if isAway.Load() {
			return nil, errors.New("connection refused")
		}
		return server.Dial(ctx, network, address)
	}
	helpdesk := daemon.Mailbox{
		Name: "helpdesk", Schedule: interval(200 * time.Millisecond),
		Account: mailbox.Account{
			Server: server.Host(), Port: server.Port(), Security: mailbox.None, Dial: dial, UserName: "helpdesk", Password: pop3test.DefaultPassword,
			StepTimeout: time.Minute,
		},
		Rules: processor.Rules{
			Processor: processor.EndUserIncident, CreateNewRequests: true, UnknownFollowUp: processor.AcceptAndFlag, ClosedFollowUp: processor.AddActivityOnly,
			Names: processor.Names{Team: "it", Login: "daemon", FallbackUser: "unknown", Source: "email"},
		},
	}
	meter := NewMeter()
	directory := t.TempDir()
	d, err := daemon.New(daemon.Options{
		Meter: meter,
		Open: func(ctx context.Context) (*store.Store, error) {
			return store.Open(ctx, store.Options{URL: proxy.URL, AttachmentDirectory: directory})
		},
		Mailboxes: []daemon.Mailbox{helpdesk},
	})
	if err != nil {
		t.Fatal(err)
	}
	m := listen(t, d, patient)
	m.ConfigurationRead("0123456789abcdef", true)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	var acts []act
	// scene waits until the status is as it must be, and adds a scrape that lasts.
	scene := func(minutes int, firing []string, what string, is func(daemon.Status) bool) {
		t.Helper()
		storetest.Until(t, what, func() bool { return is(d.Status()) })
		acts = append(acts, act{minutes: minutes, samples: m.scraped(), taken: time.Now(), firing: firing})
	}
	isWell := func(s daemon.Status) bool {
		return s.Ready && s.Mailboxes[0].Held && s.Mailboxes[0].Err == nil && s.Totals.Opened == 1 && s.Mailboxes[0].Failures == 0
	}
	scene(90, nil, "the message is recorded", isWell)
	isAway.Store(true)
	scene(30, []string{"MailIntegrationMailboxFails"}, "the mail server is away", func(s daemon.Status) bool { return s.Mailboxes[0].Cause == daemon.CauseUnreachable })
	isAway.Store(false)
	again := helpdesk
	again.Revision = "again" // a mailbox that failed and has changed is polled at once
	if _, err := d.Apply(daemon.Settings{Mailboxes: []daemon.Mailbox{again}}); err != nil {
		t.Fatal(err)
	}
	scene(30, nil, "the mail server is back", isWell)
	proxy.Refuse()
	scene(30, []string{"MailIntegrationNotReady"}, "the database is away", func(s daemon.Status) bool {
		return !s.Ready && s.Database.Err != nil && (!s.Mailboxes[0].Held || s.Mailboxes[0].Err == nil)
	})
	proxy.Pass()
	scene(30, nil, "the database is back", isWell)
	acts = append(acts, act{minutes: 30, samples: gone, firing: []string{"MailIntegrationDaemonDown", "MailIntegrationGone"}})
	play(t, acts)
}

// TestEachAlertFiresForItsTrouble gives the rules a daemon with everything that an outage of mail server or database does not bring.
func TestEachAlertFiresForItsTrouble(t *testing.T) {
	t.Parallel()
	well := running()
	trouble := running()
	well.Listen.Expires = time.Now().Add(60 * 24 * time.Hour)
	trouble.ClockAhead = -2 * time.Minute
	trouble.Listen.Expires = time.Now().Add(13 * 24 * time.Hour)
	trouble.Configuration = []daemon.ConfigurationProblem{{File: "a.xml", Mistakes: []string{"mistake"}}}
	trouble.Mailboxes[0].Backlog = 3
	trouble.Mailboxes[0].CertificateExpires = time.Now().Add(24 * time.Hour)
	trouble.Mailboxes[0].Totals = daemon.Totals{Listed: 2, SetAside: 1, Unaccounted: 1}
	trouble.Mailboxes = append(trouble.Mailboxes, daemon.MailboxStatus{Name: "nobodys", State: daemon.Standby})
	hangs := running()
	d := &subject{status: well}
	figures := store.Figures{}
	d.figures = func(context.Context) (store.Figures, error) { return figures, nil }
	m := listen(t, d, patient)
	m.Monitor.figures.now = func() time.Time { return time.Time{} } // asks each time
	m.ConfigurationRead("0123456789abcdef", true)
	scene := func(s daemon.Status, stuck error, firing, early []string) act {
		d.mu.Lock()
		d.status, d.stuck = s, stuck
		d.mu.Unlock()
		return act{minutes: 90, samples: m.scraped(), taken: time.Now(), firing: firing, early: early}
	}
	acts := []act{scene(well, nil, nil, nil)}
	figures = store.Figures{OpenProblems: map[store.ProblemKind]int{store.ProblemDisk: 1}, Waiting: 1, OldestWait: 2 * time.Hour}
	counters := []string{"MailIntegrationDoesNotAddUp", "MailIntegrationMessageSetAside"} // an increase within the hour
	lasting := []string{
		"MailIntegrationBacklog", "MailIntegrationCertificateEnds", "MailIntegrationClockWrong", "MailIntegrationConfigurationMistake",
		"MailIntegrationListenCertificateEnds", "MailIntegrationMailNotSent", "MailIntegrationMailboxNotPolled", "MailIntegrationOpenProblem",
	}
	acts = append(acts, scene(trouble, nil, lasting, counters))
	figures = store.Figures{}
	acts = append(acts, scene(hangs, errors.New("the beat makes no progress"), []string{"MailIntegrationStuck"}, []string{"MailIntegrationStuck"}))
	play(t, acts)
}

// TestEachAlertIsPlayed finds each alert of the file in a play.
func TestEachAlertIsPlayed(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("alerts_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range alertNames(t) {
		if !strings.Contains(string(source), `"`+name+`"`) {
			t.Errorf("no play expects the alert %s", name)
		}
	}
}

// alertNames returns the names of the alerts.
func alertNames(t *testing.T) (names []string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllStringSubmatch(read(t, alertsFile), -1) {
		names = append(names, m[1])
	}
	if len(names) < 10 {
		t.Fatalf("found the alerts %v only", names)
	}
	return names
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEachAlertNamesTheLinesToRead finds the section of the README, and the words in it, that each alert names.
func TestEachAlertNamesTheLinesToRead(t *testing.T) {
	t.Parallel()
	readme := read(t, "../../README.md")
	runbooks := regexp.MustCompile(`(?m)^ +runbook: 'README, ([^:]+): (.+)'$`).FindAllStringSubmatch(read(t, alertsFile), -1)
	if len(runbooks) != len(alertNames(t)) {
		t.Fatalf("%d of %d alerts name a line", len(runbooks), len(alertNames(t)))
	}
	for _, m := range runbooks {
		_, section, found := strings.Cut(readme, "\n## "+m[1]+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		if !found || !strings.Contains(section, m[2]) {
			t.Errorf("the section %s of the README (%v) has no %q", m[1], found, m[2])
		}
	}
}

// TestTheDashboardAsksWhatPrometheusUnderstands has promtool parse each query of the dashboard, as rules.
func TestTheDashboardAsksWhatPrometheusUnderstands(t *testing.T) {
	t.Parallel()
	var dashboard struct {
		UID    string `json:"uid"`
		Panels []struct {
			ID      int
			Type    string
			Title   string
			Targets []struct{ Expr string }
			GridPos struct{ H, W, X, Y int }
		} `json:"panels"`
	}
	if err := json.Unmarshal([]byte(read(t, dashboardFile)), &dashboard); err != nil {
		t.Fatal(err)
	}
	variables := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*", "$mailbox", ".*")
	rules := "groups:\n  - name: dashboard\n    rules:\n"
	ids := map[int]bool{}
	for _, p := range dashboard.Panels {
		if ids[p.ID] || p.GridPos.X+p.GridPos.W > 24 || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d, %s: another one has its number, it is too wide, or it asks nothing", p.ID, p.Title)
		}
		ids[p.ID] = true
		for i, target := range p.Targets {
			rules += fmt.Sprintf("      - record: panel:%d:%d\n        expr: %s\n", p.ID, i, quotedYAML(variables.Replace(target.Expr)))
		}
	}
	if cmp.Or(dashboard.UID, "none") != "mailintegration" || len(ids) < 15 {
		t.Errorf("the dashboard %s has %d panels", dashboard.UID, len(ids))
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "dashboard.yml"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, folder, "check", "rules", "dashboard.yml")
}
