package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"

	"mailintegration/config"
	"mailintegration/config/key"
	"mailintegration/daemon"
)

// reloaded is a configuration with the mailboxes a and b, whose log and settings a test looks at. There is no daemon.
type reloaded struct {
	*reloader
	testing.TB
	dir     string
	log     *followed
	applied []daemon.Settings // the last is in force

	problems []daemon.ConfigurationProblem // that the daemon was told last
	hosts    []string                      // of a proxy, that the monitor was told last

	writes int // so far

	certificate *tls.Certificate         // that the monitor was told last
	watched     daemon.ListenCertificate // that the daemon was told last
}

const reloadedService = "<Login>daemon</Login><Team>IT</Team><Mailboxes>boxes/*.xml</Mailboxes><DataDirectory>data</DataDirectory>"

func newReloaded(t *testing.T) *reloaded {
	t.Helper()
	r := &reloaded{TB: t, dir: t.TempDir(), log: &followed{}}
	r.service("")
	r.mailbox("a", "")
	r.mailbox("b", "")
	file := filepath.Join(r.dir, "service.xml")
	watcher := config.NewWatcher(file, key.Source{File: filepath.Join(r.dir, key.FileName)})
	in, err := openWithoutStore(&env{config: file, stderr: r.log}, logConfigured, watcher.Load)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.close)
	r.reloader = newReloader(in, func(s daemon.Settings) (daemon.Changes, error) {
		r.applied = append(r.applied, s)
		return daemon.Changes{}, nil
	}, func(p []daemon.ConfigurationProblem) { r.problems = p }, watcher)
	r.answerTo = func(hosts []string) { r.hosts = hosts }
	r.answerAt = func(_ string, c *tls.Certificate) error { r.certificate = c; return nil }
	r.noteCertificate = func(c daemon.ListenCertificate) { r.watched = c }
	r.applied = []daemon.Settings{settingsOf(in.service, r.revisionOf)}
	return r
}

// write writes a file below the configuration's folder, and returns its path. Its time differs from those of all others, however coarse
// the times of the file system are.
func (r *reloaded) write(name, text string) string {
	r.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.Fatal(err)
	}
	r.writes++
	at := time.Date(2026, 11, 26, 12, 0, r.writes, 0, time.UTC)
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, at, at)); err != nil {
		r.Fatal(err)
	}
	return path
}

// service writes the service file with more tags.
func (r *reloaded) service(tags string) {
	r.Helper()
	r.write("service.xml", "<MailIntegrationService>"+reloadedService+tags+"</MailIntegrationService>")
}

// mailbox writes the file of a mailbox with more tags. Its password is "secret-of-NAME".
func (r *reloaded) mailbox(name, tags string) {
	r.Helper()
	secret := "<Password>secret-of-" + name + "</Password>"
	if strings.Contains(tags, "Password") {
		secret = ""
	}
	r.write("boxes/"+name+".xml", "<MailIntegration><MessageProcessorTypeName>EventMailMessageProcessor</MessageProcessorTypeName>"+
		"<ServerName>mail.example.com</ServerName><UserName>"+name+"</UserName>"+secret+tags+"</MailIntegration>")
}

func (r *reloaded) remove(name string) {
	r.Helper()
	if err := os.Remove(filepath.Join(r.dir, name)); err != nil {
		r.Fatal(err)
	}
}

// settled looks until a look finds the files as they were, twice more than a vanished or half-saved file needs.
func (r *reloaded) settled() {
	for range 10 {
		r.look()
	}
}

// names returns the names of the mailboxes that the daemon has.
func (r *reloaded) names() string {
	var names []string
	for _, m := range r.now().Mailboxes {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// now returns the settings in force.
func (r *reloaded) now() daemon.Settings { return r.applied[len(r.applied)-1] }

// of returns a mailbox in force.
func (r *reloaded) of(name string) daemon.Mailbox {
	r.Helper()
	i := slices.IndexFunc(r.now().Mailboxes, func(m daemon.Mailbox) bool { return m.Name == name })
	if i < 0 {
		r.Fatalf("mailbox %s is not polled", name)
	}
	return r.now().Mailboxes[i]
}

// wantLog fails the test unless each text is in the log once.
func (r *reloaded) wantLog(texts ...string) {
	r.Helper()
	for _, text := range texts {
		if n := strings.Count(r.log.String(), text); n != 1 {
			r.Errorf("the log has %q %d times:\n%s", text, n, r.log)
		}
	}
}

func TestChangesOfMailboxesTakeEffect(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(r *reloaded)
		names  string
		log    string
	}{
		{"a mailbox is added", func(r *reloaded) { r.mailbox("c", "") }, "a b c", `"msg":"mailbox added","mailbox":"c"`},
		{"a mailbox is removed", func(r *reloaded) { r.remove("boxes/a.xml") }, "b", `"msg":"mailbox removed","mailbox":"a"`},
		{"a mailbox is disabled", func(r *reloaded) { r.mailbox("a", "<Enabled>False</Enabled>") }, "b",
			`"msg":"mailbox disabled","mailbox":"a","tags":["Enabled"]`},
		{"a mailbox is changed", func(r *reloaded) { r.mailbox("a", "<Port>1995</Port><Schedule>5m</Schedule>") }, "a b",
			`"msg":"mailbox changed","mailbox":"a","tags":["Schedule","Port"]`},
		{"a mailbox is renamed", func(r *reloaded) { r.mailbox("a", "<Name>z</Name>") }, "b z", `"msg":"mailbox added","mailbox":"z"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newReloaded(t)
			test.change(r)
			r.settled()
			if got := r.names(); got != test.names {
				t.Errorf("mailboxes %s, want %s", got, test.names)
			}
			r.wantLog(test.log, `"msg":"configuration reloaded","because":"files changed"`)
			if len(r.applied) != 2 {
				t.Errorf("%d reloads, want 1", len(r.applied)-1)
			}
		})
	}
}

// TestOnlyAChangedMailboxHasAnotherRevision keeps what a worker has learnt about the other mailboxes.
func TestOnlyAChangedMailboxHasAnotherRevision(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	before, other := r.of("a").Revision, r.of("b").Revision
	r.mailbox("a", "<Port>1995</Port>")
	r.settled()
	if got := r.of("a").Revision; got == before {
		t.Errorf("the revision of a is still %s", got)
	}
	if got := r.of("b").Revision; got != other {
		t.Errorf("the revision of b is %s, was %s", got, other)
	}
	if got := r.of("a").Account.Port; got != 1995 {
		t.Errorf("port %d", got)
	}
}

func TestABurstOfSavesIsOneReload(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	for i := range 5 {
		r.mailbox("a", fmt.Sprintf("<Port>%d</Port>", 1000+i*1000))
		r.look()
	}
	r.mailbox("c", "")
	r.settled()
	if len(r.applied) != 2 || r.of("a").Account.Port != 5000 || r.names() != "a b c" {
		t.Errorf("%d reloads, want 1; port %d, mailboxes %s", len(r.applied)-1, r.of("a").Account.Port, r.names())
	}
}

func TestABrokenMailboxFileIsPolledAsBefore(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	r.mailbox("a", "<Port>many</Port>")
	r.mailbox("c", "<Port>many</Port>")
	r.mailbox("b", "<Port>1995</Port>")
	r.settled()
	if got := r.names(); got != "a b" {
		t.Errorf("mailboxes %s, want a b", got)
	}
	if r.of("a").Account.Port != 995 || r.of("b").Account.Port != 1995 {
		t.Errorf("ports %d and %d", r.of("a").Account.Port, r.of("b").Account.Port)
	}
	r.wantLog(`"msg":"mailbox polled as before","mailbox":"a"`, `"msg":"mailbox not polled"`, "a.xml:1:", "c.xml:1:")

	r.mailbox("b", "<Port>1996</Port>") // another change does not tell the same mistakes again
	r.settled()
	r.wantLog(`"msg":"mailbox polled as before"`, `"msg":"mailbox not polled"`)
	r.reload("SIGHUP", nil) // a person who asks hears them again
	if n := strings.Count(r.log.String(), `"msg":"mailbox polled as before"`); n != 2 {
		t.Errorf("after SIGHUP the mistake was logged %d times, want 2", n)
	}

	r.mailbox("a", "<Port>1997</Port>")
	r.settled()
	if got := r.of("a").Account.Port; got != 1997 {
		t.Errorf("port %d after the file was corrected, want 1997", got)
	}
}

func TestABrokenServiceFileChangesNothing(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	r.service("<LogLevl>debug</LogLevl>")
	r.mailbox("a", "<Port>1995</Port>")
	r.settled()
	if len(r.applied) != 1 {
		t.Errorf("%d reloads, want none", len(r.applied)-1)
	}
	r.wantLog(`"msg":"configuration refused"`, "did you mean LogLevel")
	r.service("<LogLevel>debug</LogLevel>")
	r.settled()
	if len(r.applied) != 2 || r.of("a").Account.Port != 1995 || r.in.level.Level() != zapcore.DebugLevel {
		t.Errorf("%d reloads, want 1; port %d, log level %s", len(r.applied)-1, r.of("a").Account.Port, r.in.level)
	}
}

func TestAFileThatAMailboxNamesTakesEffect(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	r.write("secret.txt", "first-secret\n")
	r.mailbox("a", "<PasswordFile>../secret.txt</PasswordFile>")
	r.settled()
	r.write("secret.txt", "second-secret\n")
	r.settled()
	if got := r.of("a").Account.Password; got != "second-secret" {
		t.Errorf("password %s", got)
	}
	if n := strings.Count(r.log.String(), `"mailbox":"a","tags":["PasswordFile"]`); n != 2 {
		t.Errorf("the log names the file %d times, want 2:\n%s", n, r.log)
	}
	for _, secret := range []string{"first-secret", "second-secret", "secret-of-a"} {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("the log has the secret %s", secret)
		}
	}
}

func TestSIGHUPWithoutAChangeIsToldToo(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	r.reload("SIGHUP", nil)
	r.wantLog(`"msg":"configuration reloaded","because":"SIGHUP","files":[],"settings":[],"mailboxes_changed":0`)
}

// TestEverySettingTakesEffectOrNeedsARestart gives each setting of the service file another value. A setting that does not
// need a restart has its effect here.
func TestEverySettingTakesEffectOrNeedsARestart(t *testing.T) {
	t.Parallel()
	hasEffect := map[string]func(r *reloaded) bool{
		"Mailboxes":            func(r *reloaded) bool { return r.names() == "other" },
		"Login":                func(r *reloaded) bool { return r.of("a").Rules.Names.Login == "other" },
		"Team":                 func(r *reloaded) bool { return r.of("a").Rules.Names.Team == "other" },
		"MaxConcurrentPolls":   func(r *reloaded) bool { return r.now().MaxPolls == 7 },
		"MaxSessionsPerServer": func(r *reloaded) bool { return r.now().MaxSessionsPerServer == 7 },
		"MessagesPerSession":   func(r *reloaded) bool { return r.now().MessagesPerSession == 7 },
		"BatchMessages":        func(r *reloaded) bool { return r.now().BatchMessages == 7 },
		"Retention":            func(r *reloaded) bool { return r.now().Retention == 77*24*time.Hour },
		"EventGroup":           func(r *reloaded) bool { return r.running.EventGroup == "other" },
		"LogLevel":             func(r *reloaded) bool { return r.in.level.Level() == zapcore.DebugLevel },
		"LogRetention":         func(r *reloaded) bool { return r.in.logFile.Limits().Keep.Age == 77*24*time.Hour },
		"MaxLogFiles":          func(r *reloaded) bool { return r.in.logFile.Limits().Keep.Files == 7 },
		"MaxLogFileSize":       func(r *reloaded) bool { return r.in.logFile.Limits().MaxOctets == 7<<20 },
		"Listen":               func(r *reloaded) bool { return r.address == "127.0.0.1:9464" },
		"ListenCertificate":    func(r *reloaded) bool { return r.certificate != nil && filepath.Base(r.watched.File) == "other.pem" },
		"ListenKey": func(r *reloaded) bool {
			return r.certificate != nil && filepath.Base(r.running.ListenKey) == "other.pem"
		},
		"ListenBehindProxy": func(r *reloaded) bool { return slices.Equal(r.hosts, []string{"other"}) },
		"LogDirectory": func(r *reloaded) bool {
			files, _ := filepath.Glob(filepath.Join(r.dir, "other", "MailIntegrationApp_*.log"))
			return len(files) == 1
		},
	}
	values := map[string]string{
		"Retention": "Days 77", "LogRetention": "Days 77", "MaxLogFileSize": "7MB", "LogLevel": "debug",
		"NoRestartOnUpdate": "True", "Listen": "127.0.0.1:9464", "Mailboxes": "other.xml", "Database": "host=other dbname=d password=secret-of-database",
	}
	for _, tag := range config.ServiceTags() {
		t.Run(tag.Name, func(t *testing.T) {
			t.Parallel()
			r := newReloaded(t)
			value := values[tag.Name]
			switch {
			case value != "":
			case strings.HasPrefix(tag.Values, "a number"):
				value = "7"
			default:
				value = "other"
			}
			r.write("boxes/elsewhere.txt", "")
			r.write("other.xml", "<MailIntegration><MessageProcessorTypeName>EventMailMessageProcessor</MessageProcessorTypeName>"+
				"<ServerName>h</ServerName><UserName>u</UserName><Password>secret-of-other</Password></MailIntegration>")
			base := reloadedService
			if strings.HasSuffix(tag.Name, "Certificate") || strings.HasSuffix(tag.Name, "Key") { // both, or none
				pair := pemOf(t, time.Now().Add(time.Hour), "localhost")
				r.write("pair.pem", pair)
				r.write("other.pem", pair)
				base += listenPair
				r.service(listenPair)
				r.settled()
				value = "other.pem"
			}
			before, reloads := r.running, len(r.applied)
			if i := strings.Index(base, "<"+tag.Name+">"); i >= 0 {
				end := "</" + tag.Name + ">"
				base = base[:i] + base[strings.Index(base, end)+len(end):]
			}
			r.write("service.xml", "<MailIntegrationService>"+base+"<"+tag.Name+">"+value+"</"+tag.Name+"></MailIntegrationService>")
			r.settled()
			if len(r.applied) != reloads+1 {
				t.Fatalf("%d reloads, want 1:\n%s", len(r.applied)-reloads, r.log)
			}
			effect, is := hasEffect[tag.Name]
			switch {
			case is == tag.Restart:
				t.Errorf("the setting either has an effect here, or its field has restart:\"yes\"")
			case is && !effect(r):
				t.Errorf("the setting had no effect")
			case is:
				r.wantLog(`"settings":["` + tag.Name + `"]`)
			default:
				r.wantLog(`"msg":"restart needed","settings":["` + tag.Name + `"]`)
				if c := config.Compare(before, r.running); !c.IsEmpty() {
					t.Errorf("%+v changed while the daemon runs", c)
				}
			}
			if strings.Contains(r.log.String(), "secret-of") {
				t.Errorf("the log has a secret:\n%s", r.log)
			}
		})
	}
}

func TestAMailboxThatIsEnabledAgainIsTold(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	r.mailbox("a", "<Enabled>False</Enabled>")
	r.settled()
	r.mailbox("a", "")
	r.settled()
	r.wantLog(`"msg":"mailbox enabled","mailbox":"a","tags":["Enabled"]`)
}

func TestALogDirectoryThatCannotBeUsedLeavesTheLogWhereItIs(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	r.write("file", "")
	r.service("<LogDirectory>file/log</LogDirectory>")
	r.settled()
	r.wantLog(`"msg":"log directory unusable"`)
	if r.running.LogDirectory != "" {
		t.Errorf("log directory %s", r.running.LogDirectory)
	}
}

// TestAFileSystemThatNeverAnswersHoldsUpNothing stops the reloader while a look hangs.
func TestAFileSystemThatNeverAnswersHoldsUpNothing(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	r.slow = time.Nanosecond
	ctx, stop := context.WithCancel(t.Context())
	hangs := make(chan struct{})
	t.Cleanup(func() { close(hangs) })
	ended := make(chan bool)
	go func() { ended <- r.await(ctx, func() { <-hangs }) }()
	r.log.await(t, "configuration files do not answer")
	stop()
	if <-ended {
		t.Error("the work has ended")
	}
}

func TestAPanicWhileReadingIsLogged(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	if !r.await(t.Context(), func() { panic("oops") }) {
		t.Error("the reloader ends")
	}
	r.wantLog(`"msg":"reload panicked"`)
}

func TestSettingsThatTheDaemonRefusesAreLogged(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	r.apply = func(daemon.Settings) (daemon.Changes, error) { return daemon.Changes{}, errors.New("refused") }
	before := r.running
	r.mailbox("c", "")
	r.settled()
	r.wantLog(`"msg":"configuration not applied"`)
	if r.running != before {
		t.Error("the refused configuration counts as the running one")
	}
}

// TestAMailboxWhoseKeyIsLostIsPolledAsBefore: an encrypted password cannot be read any more, until the key is back.
func TestAMailboxWhoseKeyIsLostIsPolledAsBefore(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	ring, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	value, err := ring.Encrypt("secret-of-a")
	if err != nil {
		t.Fatal(err)
	}
	keyFile := string(ring.Plain())
	r.write(key.FileName, keyFile)
	r.mailbox("a", "<Password>"+value+"</Password>")
	r.settled()
	if password := r.of("a").Account.Password; password != "secret-of-a" || r.names() != "a b" || len(r.problems) != 0 {
		t.Fatalf("encrypted: %v\n%s", r.problems, r.log.String())
	}
	r.remove(key.FileName)
	r.settled()
	if password := r.of("a").Account.Password; password != "secret-of-a" || r.names() != "a b" || len(r.problems) != 1 || !r.problems[0].Polled {
		t.Errorf("without the key: %+v\n%s", r.problems, r.log.String())
	}
	r.write(key.FileName, keyFile)
	r.settled()
	if len(r.problems) != 0 || r.names() != "a b" {
		t.Errorf("with the key again: %+v\n%s", r.problems, r.log.String())
	}
}
