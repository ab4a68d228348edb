package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailintegration/config"
	"mailintegration/mailbox/pop3test"
)

// checked runs check without a database, on a service file with the tags and on a mailbox file unless that is "".
func checked(t *testing.T, tags, mailbox string) (out string, code int) {
	t.Helper()
	path := configured(t, tags)
	if mailbox != "" {
		boxes := filepath.Join(filepath.Dir(path), "mailboxes")
		if err := os.MkdirAll(boxes, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(boxes, "helpdesk.xml"), []byte(mailbox), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), []string{"-c", path, "check"}, nil, &stdout, &stderr)
	return stdout.String(), code
}

// wantLine fails the test unless a line of out begins with begin and ends with end.
func wantLine(t *testing.T, out, begin, end string) {
	t.Helper()
	for line := range strings.Lines(out) {
		if line = strings.TrimSuffix(line, "\n"); strings.HasPrefix(line, begin) && strings.HasSuffix(line, end) {
			return
		}
	}
	t.Errorf("no line begins with %q and ends with %q in\n%s", begin, end, out)
}

func TestCheckWarnsOfAServerThatDeletesMessagesOrDelaysLogIns(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, schedule string
		extra          []string
		want           string // "" for no warning
	}{
		{"the server announces nothing", "30s", nil, ""},
		{"the server keeps every message", "30s", []string{"EXPIRE NEVER"}, ""},
		{"the server deletes retrieved messages", "30s", []string{"EXPIRE 0"},
			"at the end of a session the server deletes every message that was retrieved (EXPIRE 0); if a message must stay (LeaveOnServer"},
		{"the server deletes messages after a month", "30s", []string{"EXPIRE 30"},
			"the server may delete messages by itself after 30 days (EXPIRE 30): LeaveOnServer keeps no message longer"},
		{"the server requires more time between log-ins than the schedule leaves", "30s", []string{"LOGIN-DELAY 900"},
			"the server requires 15m0s between two log-ins (LOGIN-DELAY), but Schedule asks for one after 30s"},
		{"the server requires no more time than the schedule leaves", "15m", []string{"LOGIN-DELAY 900"}, ""},
		{"the server requires more time than a cron expression leaves", "*/5 8-17 * * 1-5", []string{"LOGIN-DELAY 900"},
			"the server requires 15m0s between two log-ins (LOGIN-DELAY), but Schedule asks for one after 5m0s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, pop3test.Options{Extra: test.extra})
			srv.SetPassword("helpdesk", "secret")
			box := strings.Replace(fmt.Sprintf(killedMailbox, srv.Port(), "helpdesk", "secret"), "</MailIntegration>",
				"<Schedule>"+test.schedule+"</Schedule></MailIntegration>", 1)
			out, _ := checked(t, "", box)
			wantLine(t, out, "ok      mailbox helpdesk: logged in", "")
			if test.want == "" {
				if strings.Contains(out, "warning mailbox") {
					t.Errorf("a warning in\n%s", out)
				}
				return
			}
			wantLine(t, out, "warning mailbox helpdesk: "+test.want, "")
		})
	}
}

func TestCheckWarnsOfACertificateThatExpiresSoon(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	now := time.Now()
	certificate := func(name string, days int) *x509.Certificate {
		return &x509.Certificate{DNSNames: []string{name}, NotAfter: now.Add(time.Duration(days) * day)}
	}
	leaf, soon := certificate("leaf", 60), certificate("leaf", 5)
	for _, test := range []struct {
		name   string
		leaf   *x509.Certificate
		chains [][]*x509.Certificate
		want   string
	}{
		{
			"the server's own expires soon", soon, [][]*x509.Certificate{{soon, certificate("authority", 900)}},
			"the certificate of leaf expires on",
		},
		{"no certificate expires soon", leaf, [][]*x509.Certificate{{leaf, certificate("authority", 900)}}, ""},
		{
			"the authority's expires soon", leaf, [][]*x509.Certificate{{leaf, certificate("authority", 13)}},
			"the certificate of authority expires on",
		},
		{"one of two chains expires soon", leaf, [][]*x509.Certificate{{leaf, certificate("old", 5)}, {leaf, certificate("new", 900)}}, ""},
		{"no chain was verified", soon, nil, "the certificate of leaf expires on"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			state := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{test.leaf}, VerifiedChains: test.chains}
			f := certificateTrial{then: "no message is read", now: now}.expiry(state)
			if test.want == "" && f.Result == resultOK {
				return
			}
			if test.want == "" || f.Result != resultWarning || !strings.HasPrefix(f.Detail, test.want) {
				t.Errorf("%+v, want %q", f, test.want)
			}
		})
	}
}

func TestCheckTriesTheDirectories(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	out, code := checked(t, "<LogDirectory>"+file+"/log</LogDirectory><SpoolDirectory>"+file+"</SpoolDirectory>", "")
	if code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	wantLine(t, out, "FAILED  log directory: ", "correct LogDirectory: a part of "+file+"/log is a file, not a directory")
	wantLine(t, out, "FAILED  spool directory: ", "correct SpoolDirectory: a part of "+file+" is a file, not a directory")

	fresh := filepath.Join(t.TempDir(), "new")
	out, _ = checked(t, "<LogDirectory>"+fresh+"/log</LogDirectory>", "")
	wantLine(t, out, "ok      log directory: "+fresh, "")
	wantLine(t, out, "ok      spool directory: ", "")
	if _, err := os.Stat(fresh); !os.IsNotExist(err) {
		t.Errorf("check made the directory: %v", err)
	}
}

func TestCheckComparesFreeSpaceAndItsShareOfTheDisk(t *testing.T) {
	t.Parallel()
	const mib, gib = int64(1) << 20, int64(1) << 30
	for _, test := range []struct {
		name        string
		free, total int64
		want        string
		code        int
	}{
		{"much room", 20 * gib, 100 * gib, "ok      disk: 20.0 GiB of 100.0 GiB", exitDone},
		{"little room", 900 * mib, 2 * gib, "warning disk: 900.0 MiB", exitDone},
		{"a small share", 3 * gib, 100 * gib, "warning disk: 3.0 GiB", exitDone},
		{"a small share of a very large disk", 200 * gib, 8000 * gib, "ok      disk", exitDone},
		{"almost no room", 63 * mib, gib, "FAILED  disk: 63.0 MiB of 1.0 GiB: soon no message can be recorded", exitFailed},
		{"no room", 0, 0, "FAILED  disk", exitFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			c := &checking{env: &env{stdout: &out}}
			c.roomOf(fileSystem{free: test.free, total: test.total}, "disk")
			if !strings.HasPrefix(out.String(), test.want) || c.worst != test.code {
				t.Errorf("%q with code %d, want %q with %d", &out, c.worst, test.want, test.code)
			}
		})
	}
}

// TestCheckFindsFoldersThatRootLeftBehind gives the directories to another account, except for one folder.
func TestCheckFindsFoldersThatRootLeftBehind(t *testing.T) {
	t.Parallel()
	if !modesCount || os.Geteuid() != 0 {
		t.Skip("only root can give a directory to another account")
	}
	in := &installed{TB: t, config: configured(t, "<AttachmentDirectory>data/files</AttachmentDirectory>")}
	base := filepath.Dir(in.config)
	for _, dir := range []string{"data/files/ab/cd", "data/files/ef", "data/files/lost+found", "data/postgres", "data/tokens", "data/spool"} {
		if err := os.MkdirAll(filepath.Join(base, dir), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	token := filepath.Join(base, "data/tokens/helpdesk.json")
	if err := os.WriteFile(token, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(base), 0o755); err != nil { // the account has to get there
		t.Fatal(err)
	}
	const account = 12345
	for _, path := range []string{"data", "data/files", "data/files/ab", "data/files/ef", "data/tokens", "data/tokens/helpdesk.json"} {
		if err := os.Chown(filepath.Join(base, path), account, account); err != nil {
			t.Fatal(err)
		}
	}
	output, err := in.command("check").Output()
	if exit, failed := err.(*exec.ExitError); !failed || exit.ExitCode() != exitFailed {
		t.Errorf("check ends with %v", err)
	}
	files := filepath.Join(base, "data/files")
	out := string(output)
	wantLine(t, out, "FAILED  attachment directory: "+files+"/ab/cd belongs to root and cannot be written by 12345", "chown -R 12345 "+files)
	wantLine(t, out, "FAILED  data directory: "+base+"/data/spool belongs to root", "chown -R 12345 "+filepath.Join(base, "data"))
	wantLine(t, out, "warning data directory: other accounts can read "+token, "chmod go-rwx "+token)
}

func TestTheShortestStepOfASchedule(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"30s": 30 * time.Second, "@hourly": time.Hour, "0,10 8 * * *": 10 * time.Minute} {
		schedule, err := config.ParseSchedule(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := shortestStep(schedule, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
