//go:build browser

package browsertest

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/pop3test"
	"mailintegration/store/storetest"
)

// binaryVariable names the built program.
const binaryVariable = "BROWSER_BINARY"

// program is the built program with a configuration, a database, and the mail server that it reads.
type program struct {
	t      *testing.T
	dir    string
	listen string // the address of its page
	db     *storetest.Database
	rows   *pgxpool.Pool
	mail   *pop3test.Server

	cmd   *exec.Cmd
	log   lockedBuffer
	ended chan struct{} // closed when the process has ended
}

// lockedBuffer is a buffer that several goroutines use.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns what was written.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// install prepares a program that does not run yet: it has a team, some people, and no mailbox.
func install(t *testing.T) *program {
	t.Helper()
	if _, err := os.Stat(os.Getenv(binaryVariable)); err != nil {
		t.Fatalf("%s does not name the built program (make browser does): %v", binaryVariable, err)
	}
	p := &program{t: t, dir: t.TempDir(), listen: fmt.Sprint("127.0.0.1:", dovecottest.FreePort(t)), db: storetest.New(t), mail: pop3test.Run(t, pop3test.Options{})}
	p.rows = p.db.Pool(t)
	p.service("")
	p.verb("team", "add", "IT")
	for _, person := range [][]string{
		{"daemon", "MailIntegration", ""}, {"unknown", "Unknown sender", ""}, {"ann", "Ann Lee", "ann.lee@acme.example"},
		{"benoit", "Benoît Tremblay", "benoit.tremblay@acme.example"}, {"carla", "Carla Ortiz", "carla.ortiz@acme.example"},
		{"eva", "Eva Müller", "eva.mueller@acme.example"},
	} {
		args := []string{"user", "add", person[0], "--name", person[1]}
		if person[2] != "" {
			args = append(args, "--address", person[2])
		}
		p.verb(args...)
	}
	return p
}

// write writes a file of the configuration.
func (p *program) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// service writes the service file with more tags.
func (p *program) service(tags string) {
	p.t.Helper()
	var url strings.Builder
	if err := xml.EscapeText(&url, []byte(p.db.URL)); err != nil {
		p.t.Fatal(err)
	}
	p.write("mailintegration.xml", fmt.Sprintf("<MailIntegrationService>\n<Database>%s</Database>\n<DataDirectory>data</DataDirectory>\n"+
		"<AttachmentDirectory>attachments</AttachmentDirectory>\n<Login>daemon</Login> <Team>IT</Team>\n<Listen>%s</Listen>\n%s\n"+
		"</MailIntegrationService>\n", url.String(), p.listen, tags))
}

// mailbox writes the file of a mailbox, polled each second, with more tags. A tag that is given replaces the usual one.
func (p *program) mailbox(name string, tags ...string) {
	p.t.Helper()
	p.mail.SetPassword(name, pop3test.DefaultPassword) // so that the maildrop exists
	all := strings.Join(tags, "\n")
	for _, usual := range []string{
		"<MessageProcessorTypeName>EndUserIncidentMailMessageProcessor</MessageProcessorTypeName>", "<ServerName>127.0.0.1</ServerName>",
		fmt.Sprintf("<Port>%d</Port>", p.mail.Port()), "<SecureSocketOption>None</SecureSocketOption>", "<UserName>" + name + "</UserName>",
		"<Password>" + pop3test.DefaultPassword + "</Password>", "<Schedule>1s</Schedule>", "<MaxNewRequests>0</MaxNewRequests>",
		"<IncidentFallbackUserLogon>unknown</IncidentFallbackUserLogon>",
	} {
		if tag, _, _ := strings.Cut(usual, ">"); !strings.Contains(all, tag+">") {
			all += "\n" + usual
		}
	}
	p.write("mailboxes/"+name+".xml", "<MailIntegration>\n"+all+"\n</MailIntegration>\n")
}

// command returns a command of the program.
func (p *program) command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Getenv(binaryVariable), args...)
	cmd.Env = append(os.Environ(), "MAILINTEGRATION_CONFIG="+filepath.Join(p.dir, "mailintegration.xml"))
	return cmd
}

// verb runs a verb, which must succeed, and returns its output.
func (p *program) verb(args ...string) string {
	p.t.Helper()
	var complaint bytes.Buffer
	cmd := p.command(args...)
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("%q: %v\n%s", args, err, &complaint)
	}
	return string(out)
}

// token returns a new token to read, or also to act as a user.
func (p *program) token(name, actsAs string) string {
	p.t.Helper()
	args := []string{"page", "token", "create", "--name", name}
	if actsAs != "" {
		args = append(args, "--act", "--as", actsAs)
	}
	return strings.TrimSpace(p.verb(args...))
}

// start runs the daemon until the test ends, and waits until it answers.
func (p *program) start() {
	p.t.Helper()
	p.cmd, p.ended = p.command("run"), make(chan struct{})
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // the log says why it ended
	}()
	p.t.Cleanup(p.stop)
	storetest.Until(p.t, "the daemon is ready", func() bool {
		select {
		case <-p.ended:
			p.t.Fatalf("the daemon ended:\n%s", p.log.String())
		default:
		}
		answer, err := http.Get("http://" + p.listen + "/readyz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

// stop stops the daemon, and waits for its end. It prints the log of a test that failed.
func (p *program) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	<-p.ended
	if p.t.Failed() {
		p.t.Logf("the end of the log:\n%s", last(p.log.String(), 6000))
	}
}

// last returns the end of a text.
func last(text string, octets int) string { return text[max(0, len(text)-octets):] }

// count returns the number that a query has as its result.
func (p *program) count(query string, args ...any) (n int64) {
	p.t.Helper()
	if err := p.rows.QueryRow(p.t.Context(), query, args...).Scan(&n); err != nil {
		p.t.Fatalf("%v in %s", err, query)
	}
	return n
}

// recorded waits until there are as many receipts as messages.
func (p *program) recorded(messages int64) {
	p.t.Helper()
	storetest.Until(p.t, fmt.Sprintf("%d messages are recorded", messages), func() bool {
		return p.count(`SELECT count(*) FROM receipt`) >= messages
	})
}

// url returns the address of a page.
func (p *program) url(path string) string { return "http://" + p.listen + path }
