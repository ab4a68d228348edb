//go:build wine

package winetest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store/storetest"
)

// installation is the program on a Windows, with a database and a mail server on this machine.
type installation struct {
	*testing.T
	drive   string // the disk C: of Windows, as this machine knows it
	program string // the folder of the program
	data    string // the folder of configuration, data and log
	rows    *pgxpool.Pool
	mail    *pop3test.Server
}

const (
	// programFolder and dataFolder are the folders as Windows knows them.
	programFolder = `C:\Program Files\MailIntegration`
	dataFolder    = `C:\ProgramData\MailIntegration`

	serviceFile = `<MailIntegrationService>
  <Database>%s</Database>
  <DataDirectory>C:\ProgramData\MailIntegration\data</DataDirectory>
  <LogDirectory>C:\ProgramData\MailIntegration\log</LogDirectory>
  <Login>daemon</Login> <Team>IT</Team>
</MailIntegrationService>`
	mailboxFile = `<MailIntegration>
  <MessageProcessorTypeName>EndUserIncidentMailMessageProcessor</MessageProcessorTypeName>
  <ServerName>127.0.0.1</ServerName> <Port>%d</Port> <SecureSocketOption>None</SecureSocketOption>
  <UserName>%s</UserName> <Password>secret</Password>
  <IncidentFallbackUserLogon>unknown</IncidentFallbackUserLogon>
  <MaxNewRequests>0</MaxNewRequests> <Schedule>1s</Schedule>
</MailIntegration>`
)

// newInstallation installs the program with a mailbox helpdesk, as the README says for the .zip.
func newInstallation(t *testing.T) *installation {
	t.Helper()
	db := storetest.New(t)
	drive := filepath.Join(os.Getenv(prefixEnvironment), "drive_c")
	in := &installation{
		T: t, drive: drive, program: filepath.Join(drive, "Program Files", "MailIntegration"), data: filepath.Join(drive, "ProgramData", "MailIntegration"),
		rows: db.Pool(t), mail: pop3test.Run(t, pop3test.Options{}),
	}
	in.removeFolders()
	t.Cleanup(in.removeFolders)
	exe, err := os.ReadFile(binaries(t, "mailintegration.exe"))
	in.must(err)
	in.write(filepath.Join(in.program, "mailintegration.exe"), string(exe))
	in.write(filepath.Join(in.data, "mailintegration.xml"), fmt.Sprintf(serviceFile, overLoopback(t, db.URL)))
	in.mailbox("helpdesk")
	return in
}

// removeFolders removes the program, its configuration, its data and its log, and the folder of Octopus.
func (in *installation) removeFolders() {
	in.must(os.RemoveAll(in.program))
	in.must(os.RemoveAll(in.data))
	in.must(os.RemoveAll(filepath.Join(in.drive, "Program Files", "Octopus")))
}

func (in *installation) must(err error) {
	in.Helper()
	if err != nil {
		in.Fatal(err)
	}
}

// write writes a file and the folders above it.
func (in *installation) write(path, text string) {
	in.Helper()
	in.must(os.MkdirAll(filepath.Dir(path), 0o755))
	in.must(os.WriteFile(path, []byte(text), 0o755))
}

// mailbox writes the file of a mailbox, and lets its user log in.
func (in *installation) mailbox(user string) {
	in.Helper()
	in.mail.SetPassword(user, "secret")
	in.write(filepath.Join(in.data, "mailboxes", user+".xml"), fmt.Sprintf(mailboxFile, in.mail.Port(), user))
}

// wants runs a verb, which must end with an exit code and print a text.
func (in *installation) wants(code int, text string, args ...string) {
	in.Helper()
	defer func() {
		if in.Failed() {
			in.Log(in.log())
		}
	}()
	output, got := wine(in.T, in.program, nil, append([]string{programFolder + `\mailintegration.exe`}, args...)...)
	if got != code || !strings.Contains(output, text) {
		in.Fatalf("%s: exit code %d, want %d and %q\n%s", strings.Join(args, " "), got, code, text, output)
	}
}

// log returns the log of the daemon.
func (in *installation) log() string {
	var all strings.Builder
	files, _ := filepath.Glob(filepath.Join(in.data, "log", "*.log"))
	for _, f := range files {
		text, _ := os.ReadFile(f)
		all.Write(text)
	}
	return all.String()
}

// deliver puts mails into a mailbox.
func (in *installation) deliver(user, subject string, n int) {
	for i := range n {
		in.mail.Add(user, fmt.Appendf(nil, "From: anna@acme.example\r\nSubject: %s %d\r\nMessage-ID: <%s-%d@acme.example>\r\n\r\nHelp!\r\n", subject, i, subject, i))
	}
}

// awaitRecorded waits until mails are recorded, each once, and are gone from the mailbox.
func (in *installation) awaitRecorded(user, subject string, n int) {
	in.Helper()
	defer func() {
		if in.Failed() {
			in.Log(in.log())
		}
	}()
	storetest.Until(in, fmt.Sprintf("%s is empty", user), func() bool { return in.mail.Count(user) == 0 })
	var recorded, subjects int
	in.must(in.rows.QueryRow(in.Context(), `SELECT count(*), count(DISTINCT subject) FROM request WHERE subject LIKE $1`, subject+" %").
		Scan(&recorded, &subjects))
	if recorded != n || subjects != n {
		in.Fatalf("%d requests with %d subjects are recorded, want %d", recorded, subjects, n)
	}
}

// registered reports whether a key is in the registry, and returns what it says.
func (in *installation) registered(key string) (text string, is bool) {
	in.Helper()
	text, code := wine(in.T, in.drive, nil, "reg", "query", key)
	return text, code == 0
}

const (
	serviceKey = `HKLM\SYSTEM\CurrentControlSet\Services\MailIntegration`
	sourceKey  = `HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\MailIntegration`
)

// TestTheServiceOfWindows plays the life of an installation: each part goes on where the one before it has ended.
func TestTheServiceOfWindows(t *testing.T) {
	in := newInstallation(t)
	for _, part := range []struct {
		name string
		play func(*installation)
	}{
		{"a service that cannot start is not installed", (*installation).refuseBroken},
		{"the service is installed for its own account, and its events have a source", (*installation).install},
		{"team and users are added", (*installation).addPeople},
		{"a batch file with the command line of Octopus polls a mailbox once", (*installation).pollByBatchFile},
		{"the passwords are encrypted with a key that is sealed for this machine", (*installation).encryptPasswords},
		{"the service starts, and 20 mails are recorded", (*installation).start},
		{"a new mailbox file is polled without a restart", (*installation).reload},
		{"Windows asks for a reload", (*installation).paramChange},
		{"a stop during a poll ends it, and no mail is lost", (*installation).stopDuringPoll},
		{"a service that runs is removed, and leaves nothing but its files", (*installation).uninstall},
	} {
		if !t.Run(part.name, func(t *testing.T) {
			now := *in
			now.T = t
			part.play(&now)
		}) {
			t.FailNow()
		}
	}
}

func (in *installation) addPeople() {
	in.wants(0, "", "team", "add", "IT")
	in.wants(0, "", "user", "add", "daemon", "--name", "Daemon")
	in.wants(0, "", "user", "add", "unknown", "--name", "Unknown")
}

func (in *installation) refuseBroken() {
	broken := filepath.Join(in.data, "broken.xml")
	in.write(broken, "<MailIntegrationService><Databse>x</Databse></MailIntegrationService>")
	in.wants(3, "Databse", "--config", dataFolder+`\broken.xml`, "service", "install")
	in.wants(1, "not installed", "service", "status")
	in.wants(1, "not installed", "service", "start")
	in.must(os.Remove(broken))
}

func (in *installation) install() {
	in.wants(0, "the service is installed", "service", "install")
	in.wants(0, "nothing has changed", "service", "install")
	in.wants(1, "installed for", "--config", dataFolder+`\mailboxes\helpdesk.xml`, "service", "install", "--force")
	in.wants(1, "stopped", "service", "status")
	if text, is := in.registered(serviceKey); !is || !strings.Contains(text, `NT SERVICE\MailIntegration`) {
		in.Error(text)
	}
	if text, is := in.registered(sourceKey); !is || !strings.Contains(text, "EventMessageFile") {
		in.Error(text)
	}
}

func (in *installation) start() {
	in.wants(0, "started", "service", "start")
	in.wants(0, "runs already", "service", "start")
	in.wants(0, "running", "service", "status")
	in.wants(0, `"state": "running"`, "service", "status", "--json")
	in.deliver("helpdesk", "first", 20)
	in.awaitRecorded("helpdesk", "first", 20)
	in.awaitSaid("1 mailbox, last poll", "all well")
}

// awaitSaid waits until the service manager has heard a sentence of the daemon's with these texts.
func (in *installation) awaitSaid(texts ...string) {
	in.Helper()
	storetest.Until(in, fmt.Sprintf("service status says %q", texts), func() bool {
		output, _ := wine(in.T, in.program, nil, programFolder+`\mailintegration.exe`, "service", "status")
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(output, text) })
	})
}

func (in *installation) reload() {
	in.mailbox("second")
	in.deliver("second", "second", 3)
	in.awaitRecorded("second", "second", 3)
}

// paramChange sends the service SERVICE_CONTROL_PARAMCHANGE.
func (in *installation) paramChange() {
	paramchange := windowsPath(binaries(in, "paramchange.exe"))
	if output, code := wine(in.T, in.program, nil, paramchange, "MailIntegration"); code != 0 {
		in.Fatalf("paramchange: exit code %d\n%s", code, output)
	}
	storetest.Until(in, "the daemon reads its configuration again", func() bool {
		return strings.Contains(in.log(), `"because":"service manager"`)
	})
}

func (in *installation) stopDuringPoll() {
	retrieves := make(chan struct{}, 1)
	in.mail.At("RETR").Stall()
	in.mail.At("RETR").Times(1).Call(func() { retrieves <- struct{}{} })
	in.deliver("helpdesk", "third", 5)
	<-retrieves
	in.wants(0, "the service is stopped", "service", "stop")
	in.wants(0, "stopped already", "service", "stop")
	in.wants(1, "stopped", "service", "status")
	in.mail.Heal()
	in.wants(0, "started", "service", "restart")
	in.awaitRecorded("helpdesk", "third", 5)
}

func (in *installation) uninstall() {
	in.wants(0, "the service is removed", "service", "uninstall")
	in.wants(0, "not installed", "service", "uninstall")
	in.wants(1, "not installed", "service", "status")
	for _, key := range []string{serviceKey, sourceKey} {
		if text, is := in.registered(key); is {
			in.Errorf("left behind: %s", text)
		}
	}
	if err := os.Remove(filepath.Join(in.program, "mailintegration.exe")); err != nil {
		in.Error(err)
	}
	for _, kept := range []string{"mailintegration.xml", "mailboxes", "data", "log"} {
		if _, err := os.Stat(filepath.Join(in.data, kept)); err != nil {
			in.Error(err)
		}
	}
}
