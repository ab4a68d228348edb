package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/store/storetest"
)

// readingVerbs are the verbs that only read the database.
var readingVerbs = [][]string{
	{"request", "list"}, {"request", "show", "1"}, {"event", "list"}, {"event", "show", "1"}, {"db", "status"},
	{"team", "list"}, {"user", "list"}, {"group", "list"}, {"site", "list"}, {"priority", "list"}, {"source", "list"},
	{"request-type", "list"},
}

// configured writes a service file with these tags and returns its path.
func configured(t *testing.T, tags string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mailintegration.xml")
	text := "<MailIntegrationService>" + tags +
		"<DataDirectory>data</DataDirectory><Login>daemon</Login><Team>IT</Team></MailIntegrationService>"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// failing runs a verb that must fail and returns its error output.
func failing(t *testing.T, config string, verb []string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), append([]string{"-c", config}, verb...), nil, &out, &errs); code != exitFailed {
		t.Errorf("%v: exit code %d, want %d\n%s%s", verb, code, exitFailed, &out, &errs)
	}
	return errs.String()
}

// TestReadingVerbsLeaveTheSchemaAlone runs each verb on a database without a schema, and on one with the schema of a newer
// program.
func TestReadingVerbsLeaveTheSchemaAlone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, prepare string // SQL
		database      *storetest.Database
		want          string
	}{
		{"older", `SELECT`, storetest.Empty(t), "run mailintegration db migrate"},
		{"newer", `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999999, true)`, storetest.New(t), "install the newer version"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			conn := test.database.Pool(t)
			if _, err := conn.Exec(t.Context(), test.prepare); err != nil {
				t.Fatal(err)
			}
			tables := func() (n int) {
				t.Helper()
				err := conn.QueryRow(context.Background(), `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`).Scan(&n)
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
			before, config := tables(), configured(t, fmt.Sprintf("<Database>%s</Database>", test.database.URL))
			for _, verb := range readingVerbs {
				if said := failing(t, config, verb); !strings.Contains(said, test.want) {
					t.Errorf("%v says %q, want %q", verb, said, test.want)
				}
			}
			if after := tables(); after != before {
				t.Errorf("there are %d tables, there were %d", after, before)
			}
		})
	}
}

func TestReadingVerbsMakeNoDatabase(t *testing.T) {
	t.Parallel()
	config := configured(t, "")
	for _, verb := range readingVerbs {
		said := failing(t, config, verb)
		if !strings.Contains(said, "there is no database yet") || !strings.Contains(said, "hint: run mailintegration db migrate to make it") {
			t.Errorf("%v says %q", verb, said)
		}
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(config), "data")); !os.IsNotExist(err) {
		t.Errorf("the data directory is there: %v", err)
	}
}
