package monitor

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/daemon"
	"mailintegration/store"
)

var update = flag.Bool("update", false, "rewrite the documentation of the metrics")

// metricsDocument is the documentation of the health states and of the metrics.
const metricsDocument = "../../deploy/metrics.md"

// documentedStates say where each state comes from, what it means and what to do.
var documentedStates = []struct {
	state               State
	paths, meaning, act string
}{
	{Live, livePath, "Each part of the daemon makes progress, whatever it waits for.", ""},
	{Ready, readyPath, "The database is open and has answered the last beat: mail is recorded. The reason says how the mailboxes are.", ""},
	{Starting, readyPath, "The daemon opens its database.", "Wait a moment. If it lasts, read the log."},
	{Database, readyPath, "The database cannot be used. Mail waits on its servers.", "Run `mailintegration check`."},
	{AttachmentDirectory, readyPath, "The attachment directory cannot be used. Mail waits on its servers.", "Run `mailintegration check`."},
	{Schema, readyPath, "The schema of the database is for another version of the program.", "Install the same version on all hosts."},
	{Stopping, readyPath, "The daemon ends. The messages in hand are finished, and all other mail waits on its servers.", ""},
	{Stuck, livePath + ", " + readyPath, "A part of the daemon makes no progress, which is a bug.", "Restart the daemon, and report it with its log."},
}

// document returns what deploy/metrics.md says.
func document() string {
	var b strings.Builder
	b.WriteString(`# Health and metrics

<!-- Generated from daemon/monitor: make generate -->

With ` + "`Listen`" + ` in the service file the daemon answers over HTTP, to programs of this machine and without a password. The section
*Monitoring* of the README says how. The answers tell no mail. Names and words are stable, so that a monitoring system can rely on them.

## Health

The status code is 200 for the states that are well, ` + "`live` and `ready`" + `, and 503 for the others.

| state | told by | meaning | what to do |
|---|---|---|---|
`)
	for _, d := range documentedStates {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.state, d.paths, d.meaning, d.act)
	}
	b.WriteString(`
## Metrics

` + "`" + metricsPath + "`" + ` has them in the formats of Prometheus: text, OpenMetrics, and protobuf with native histograms. Those of Go's runtime (` + "`go_…`" + `)
and of the process (` + "`process_…`" + `) come with them. A scrape asks the database at most once in 15 s, for some milliseconds, and works without it.

| label | values |
|---|---|
`)
	for _, name := range slices.Sorted(slices.Values([]string{"cause", "hash", "goversion", "kind", "mailbox", "outcome", "result", "revision", "state", "version"})) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, documentedLabels()[name])
	}
	for _, m := range allMetrics() {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n- Type: %s; unit: %s\n", m.name, m.help, m.kind, m.unit)
		if len(m.labels) > 0 {
			fmt.Fprintf(&b, "- Labels: `%s`\n", strings.Join(m.labels, "`, `"))
		}
		if m.do != "" {
			fmt.Fprintf(&b, "- What to do: %s\n", m.do)
		}
	}
	return b.String()
}

// documentedLabels returns the values that each label has.
func documentedLabels() map[string]string {
	return map[string]string{
		"mailbox": "the name of a configured mailbox", "outcome": quoted(outcomes), "result": quoted(results),
		"state":   "of a mailbox: " + quoted(states) + "; of an account that sends: " + quoted(accounts),
		"cause":   quoted(daemon.Causes()),
		"kind":    quoted(store.ProblemKinds()),
		"version": "of the program", "revision": "of its source", "goversion": "of Go", "hash": "16 hexadecimal digits",
	}
}

func quoted[T ~string](words []T) string {
	var all []string
	for _, w := range words {
		all = append(all, "`"+string(w)+"`")
	}
	return strings.Join(all, ", ")
}

// TestTheMetricsAreDocumented compares deploy/metrics.md with the metrics of the program.
func TestTheMetricsAreDocumented(t *testing.T) {
	t.Parallel()
	want := document()
	if *update {
		if err := os.WriteFile(metricsDocument, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(metricsDocument)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("deploy/metrics.md is not what daemon/monitor says; run make generate\n%s", diff)
	}
}

// TestEachStateIsDocumented finds the states in the source, and in the documents.
func TestEachStateIsDocumented(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("health.go")
	if err != nil {
		t.Fatal(err)
	}
	var defined, documented []string
	for _, m := range regexp.MustCompile(`State += "(\w+)"`).FindAllSubmatch(source, -1) {
		defined = append(defined, string(m[1]))
	}
	for _, d := range documentedStates {
		documented = append(documented, string(d.state))
	}
	if !slices.Equal(defined, documented) || len(defined) < 8 {
		t.Errorf("the program has the states %v, the document %v", defined, documented)
	}
	section := monitoringSection(t)
	for _, state := range defined {
		if !strings.Contains(section, "`"+state+"`") {
			t.Errorf("the section Monitoring of the README lacks the state %s", state)
		}
	}
}

// monitoringSection returns the section Monitoring of the README.
func monitoringSection(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(readme), "\n## Monitoring\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("the README has no section Monitoring")
	}
	return section
}

// TestTheDocumentsNameMetricsThatExist finds every name with our prefix in what people and Prometheus read.
func TestTheDocumentsNameMetricsThatExist(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"mailintegration_reader": true, "mailintegration_desk": true, "mailintegration_daemon": true} // roles of the database
	for _, m := range allMetrics() {
		known[m.name] = true
		if m.kind == histogram {
			known[m.name+"_bucket"], known[m.name+"_sum"], known[m.name+"_count"] = true, true, true
		}
	}
	for _, file := range []string{"README.md", "CHANGELOG.md", "deploy/metrics.md", "deploy/prometheus/alerts.yml", "deploy/grafana/mailintegration.json"} {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\bmailintegration_[a-z0-9_]+`).FindAllString(string(text), -1) {
			if !known[name] {
				t.Errorf("%s names %s, which the program does not have", file, name)
			}
		}
	}
}
