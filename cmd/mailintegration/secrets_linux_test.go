package main

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/pop3test"
	"mailintegration/mailbox/smtp/smtptest"
	"mailintegration/store/storetest"
)

// mark is in every secret that TestNoSecretIsToldAnywhere plants, and in nothing else.
const mark = "Zx7secret-of-"

// marks returns the forms in which a text that contains mark may appear: as it is, and in base64 at each of the three places that
// it may begin at, as in AUTH PLAIN.
func marks() []string {
	all := []string{mark, "secret-refresh-token", "AGE-SECRET-KEY-", "age-secret-key-"}
	for shift := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + mark))
		all = append(all, strings.TrimRight(encoded[4:], "=")[:8]) // without what the neighbours change
	}
	return all
}

// TestNoSecretIsToldAnywhere plants secrets wherever the configuration may have one, provokes trouble of each kind, and searches all
// that the program has written: log, database, attachments, mail, and the output of its verbs. Without OUTAGES it leaves out the
// kinds of trouble that take minutes.
func TestNoSecretIsToldAnywhere(t *testing.T) {
	t.Parallel()
	database := withSecretPassword(t)
	o := newOutage(t, database)
	srv := dovecottest.Start(t, dovecottest.Options{Users: map[string]string{"helpdesk": mark + "pop3", "orders": mark + "pop3"}})
	outgoing := smtptest.Run(t, smtptest.Options{})
	outgoing.SetPassword("desk", mark+"smtp")
	_, endpoint := tokenServers(t)
	o.plant(srv, outgoing, endpoint, database)
	o.plantServersThatTell()
	o.encryptSome()
	o.verb("request-type", "add", "Phone")
	for i := range 5 {
		srv.Deliver("helpdesk", fmt.Appendf(nil, "From: robot@acme.example\r\nSubject: Alert %d\r\n\r\nIt is down again.\r\n", i))
	}
	srv.Deliver("orders", []byte("From: ann@acme.example\r\nSubject: Order\r\n\r\n[CreateSR]\r\nType: Laptop\r\n[/CreateSR]\r\n"))
	o.start()
	o.recorded(8)
	if _, err := outgoing.Await(t.Context(), 2); err != nil {
		t.Errorf("the answers: %v", err)
	}
	kinds := []string{"loop", "message", "unreachable", "configuration", "protocol", "reply"}
	if wholeOutages() {
		kinds = append(kinds, "login", "token", "certificate", "smtp")
	}
	for _, kind := range kinds {
		o.opened(kind)
	}
	o.until("the answers of both SMTP servers are logged", func() bool { return strings.Count(o.log.String(), "not with REDACTED or REDACTED") >= 2 })
	o.until("two servers that break the protocol are reported", func() bool {
		return o.has(`SELECT 1 FROM problem WHERE kind = 'protocol' HAVING count(*) >= 2`)
	})
	o.write("mailintegration.xml", strings.Replace(o.read("mailintegration.xml"), "<Login>", "<Pasword>"+mark+"service</Pasword><Login>", 1))
	o.until("the service file is refused", func() bool { return strings.Contains(o.log.String(), "configuration refused") })
	outputs := o.outputs()
	o.stop() // nothing is written any more, and no file goes away, while the test reads
	o.wantNoMark("the log", o.log.String())
	for name, text := range outputs {
		o.wantNoMark("the output of "+name, text)
	}
	for _, m := range outgoing.Messages() {
		o.wantNoMark("a mail", string(m.Data))
	}
	for table, rows := range o.tables() {
		o.wantNoMark("the table "+table, rows)
	}
	files := 0
	for _, directory := range []string{"attachments", "logs", "data"} {
		o.wantNoMarkBelow(directory, &files)
	}
	if files < 3 || !strings.Contains(o.tables()["request"], "It is down again") || !strings.Contains(o.log.String(), "mail loop") {
		t.Errorf("the search has missed what is there: %d files", files)
	}
}

// withSecretPassword returns the address of a database, with a role whose password is a secret.
func withSecretPassword(t *testing.T) string {
	t.Helper()
	db := storetest.New(t)
	address, err := url.Parse(storetest.Direct(t, db.URL))
	if err != nil {
		t.Fatal(err)
	}
	role := "secretive_" + strings.TrimPrefix(address.Path, "/") // the server of the tests is thrown away with it
	db.Exec(t, `CREATE ROLE `+role+` LOGIN SUPERUSER PASSWORD '`+mark+`database'`)
	address.User = url.UserPassword(role, mark+"database")
	return address.String()
}

// plant writes a configuration with a secret in each place that may have one.
func (o *outage) plant(srv *dovecottest.Server, outgoing *smtptest.Server, endpoint, database string) {
	smtp := fmt.Sprintf("<Smtp><ServerName>127.0.0.1</ServerName><Port>%d</Port><SecureSocketOption>None</SecureSocketOption>"+
		"<UserName>desk</UserName><Password>%ssmtp</Password><Address>desk@acme.example</Address></Smtp>", outgoing.Port(), mark)
	o.service("<LogDirectory>logs</LogDirectory><LogLevel>debug</LogLevel>\n  "+smtp, database)
	o.write("logs/.keep", "")
	o.mailbox("helpdesk", srv.Port, mark+"pop3",
		"<MaxNewRequests>2 in 10min</MaxNewRequests><AcknowledgeNewRequests>True</AcknowledgeNewRequests>")
	o.mailbox("orders", srv.Port, mark+"pop3",
		"<MessageProcessorTypeName>EndUserNewSRMailMessageProcessor</MessageProcessorTypeName><NewSRBodyEnclosingToken>CreateSR</NewSRBodyEnclosingToken>")
	o.mailbox("wrong", srv.Port, mark+"wrong", "")
	o.mailbox("gone", dovecottest.ClosedPort(o.TB), mark+"gone", "")
	o.mailbox("broken", srv.Port, mark+"broken", "<Pasword>"+mark+"misspelt</Pasword><ServerNam>"+mark+"elsewhere</ServerNam>")
	o.write("secret.txt", mark+"file\n")
	o.write("mailboxes/file.xml", strings.Replace(o.read("mailboxes/wrong.xml"), "<Password>"+mark+"wrong</Password>",
		"<PasswordFile>../secret.txt</PasswordFile>", 1))
	for _, tenant := range []string{"refused", "stale"} {
		o.mailbox(tenant, srv.Port, "", "<Authentication>Azure</Authentication><ClientId>client</ClientId><TenantId>"+tenant+"</TenantId>"+
			"<AuthorityURL>"+endpoint+"</AuthorityURL><ClientSecret>"+mark+"client</ClientSecret>")
		o.write("mailboxes/"+tenant+".xml", strings.Replace(o.read("mailboxes/"+tenant+".xml"), "<Password></Password>", "", 1))
	}
}

// encryptSome encrypts the passwords of some files, of each kind, and leaves the others as they are: both ways to a secret are tried.
func (o *outage) encryptSome() {
	o.Helper()
	files := []string{"mailintegration.xml"}
	for _, name := range []string{"helpdesk", "wrong", "gone", "greeter", "refuser", "refused"} {
		files = append(files, "mailboxes/"+name+".xml")
	}
	for i, name := range files {
		files[i] = filepath.Join(o.dir, name)
	}
	o.wantNoMark("the output of config encrypt", o.verb(append([]string{"config", "encrypt"}, files...)...))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || strings.Contains(string(text), mark) {
			o.Errorf("%s: %v\n%s", file, err, text)
		}
	}
	value := o.command("config", "encrypt", "--value")
	value.Stdin = strings.NewReader(mark + "file\n")
	encrypted, err := value.Output()
	if err != nil {
		o.Fatal(err)
	}
	o.write("secret.txt", string(encrypted))
}

// plantServersThatTell adds mailboxes whose servers repeat a password in what they say, one with a certificate that nobody trusts,
// and two whose answers cannot be sent: their SMTP servers repeat the password, too.
func (o *outage) plantServersThatTell() {
	o.Helper()
	for name, step := range map[string]string{"greeter": "greeting", "passer": "PASS"} {
		srv := pop3test.Run(o, pop3test.Options{})
		srv.At(step).Reply("-ERR [SYS/TEMP] cannot serve " + mark + name)
		o.mailbox(name, srv.Port(), mark+name, "")
	}
	o.mailbox("certified", pop3test.Run(o, pop3test.Options{TLS: pop3test.STLS}).Port(), mark+"certified",
		"<SecureSocketOption>StartTLS</SecureSocketOption>")
	drops := pop3test.Run(o, pop3test.Options{})
	for name, refusal := range map[string]struct{ step, code string }{"refuser": {"AUTH", "535 5.7.8"}, "stranger": {"RCPT", "550 5.1.1"}} {
		secret := mark + name
		plain := base64.StdEncoding.EncodeToString([]byte("\x00desk\x00" + secret))
		srv := smtptest.Run(o, smtptest.Options{})
		srv.SetPassword("desk", secret)
		srv.At(refusal.step).Reply(refusal.code + " not with " + secret + " or " + plain)
		drops.SetPassword(name, secret)
		drops.Add(name, []byte("From: eve@acme.example\r\nSubject: "+name+"\r\n\r\nPlease answer.\r\n"))
		o.mailbox(name, drops.Port(), secret, fmt.Sprintf("<AcknowledgeNewRequests>True</AcknowledgeNewRequests>\n  "+
			"<SecureSocketOption>None</SecureSocketOption><Smtp><ServerName>127.0.0.1</ServerName><Port>%d</Port>"+
			"<SecureSocketOption>None</SecureSocketOption><UserName>desk</UserName><Password>%s</Password>"+
			"<Address>%s@acme.example</Address></Smtp>", srv.Port(), secret, name))
	}
}

// read reads a file below the installation's directory.
func (o *outage) read(name string) string {
	o.Helper()
	text, err := os.ReadFile(filepath.Join(o.dir, name))
	if err != nil {
		o.Fatal(err)
	}
	return string(text)
}

// outputs runs the verbs that show something, as text and as JSON where they can. Some of them fail because of the trouble.
func (o *outage) outputs() map[string]string {
	o.Helper()
	all := map[string]string{}
	show := func(args ...string) {
		out, _ := o.command(args...).CombinedOutput()
		all[strings.Join(args, " ")] = string(out)
	}
	o.write("mail.eml", "From: robot@acme.example\r\nSubject: Alert\r\n\r\nIt is down again.\r\n")
	for _, verb := range [][]string{
		{"check"}, {"check", "--json"}, {"mailbox", "test", "helpdesk"}, {"run"},
		{"status"}, {"status", "--json"}, {"mailbox", "list"}, {"mailbox", "list", "--json"}, {"event", "list"},
		{"config", "show"}, {"config", "show", "--json"}, {"config", "validate"}, {"config", "encrypt", "--dry-run"},
		{"setaside", "list"}, {"setaside", "list", "--json"}, {"setaside", "show", "1"}, {"db", "status"}, {"explain", "mail.eml", "--mailbox", "helpdesk"},
	} {
		show(verb...)
	}
	for n := range o.count(`SELECT max(number) FROM request`) {
		show("request", "show", strconv.Itoa(n+1))
		show("request", "show", strconv.Itoa(n+1), "--json")
	}
	return all
}

// tables returns the rows of all tables as text.
func (o *outage) tables() map[string]string {
	o.Helper()
	rows, err := o.rows.Query(o.Context(), `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`)
	if err != nil {
		o.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		o.Fatal(err)
	}
	all := map[string]string{}
	for _, name := range names {
		var text string
		err := o.rows.QueryRow(o.Context(), `SELECT coalesce(string_agg(t::text, E'\n'), '') FROM `+pgx.Identifier{name}.Sanitize()+` AS t`).Scan(&text)
		if err != nil {
			o.Fatal(err)
		}
		all[name] = text
	}
	return all
}

// wantNoMark fails the test if a text has a secret.
func (o *outage) wantNoMark(where, text string) {
	o.Helper()
	for _, m := range marks() {
		if i := strings.Index(text, m); i >= 0 {
			o.Errorf("%s has a secret: …%s…", where, text[max(0, i-200):min(len(text), i+60)])
		}
	}
}

// wantNoMarkBelow searches the files of a directory, and counts them. The refresh tokens are kept in data/tokens, where they belong.
func (o *outage) wantNoMarkBelow(directory string, files *int) {
	o.Helper()
	root := filepath.Join(o.dir, directory)
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		*files++
		if filepath.Dir(path) == filepath.Join(root, "tokens") {
			return nil
		}
		text, err := os.ReadFile(path)
		o.wantNoMark(path, string(text))
		return err
	})
	if err != nil {
		o.Error(err)
	}
}
