package smtp_test

import (
	"bytes"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"

	"mailintegration/mailbox"
	"mailintegration/mailbox/smtp"
	"mailintegration/mailbox/smtp/smtptest"
)

// sent sends a message and returns what the server received, read as a mail program reads it.
func sent(t *testing.T, m smtp.Message) (octets []byte, header mail.Header, text string) {
	t.Helper()
	srv := smtptest.Run(t, smtptest.Options{})
	if err := mustOpen(t, accountOf(srv, mailbox.None)).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	octets = srv.Messages()[0].Data
	read, err := mail.ReadMessage(bytes.NewReader(octets))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(read.Body))
	if err != nil {
		t.Fatal(err)
	}
	return octets, read.Header, string(body)
}

func TestAMessageSaysThatItIsAutomatic(t *testing.T) {
	t.Parallel()
	m := reply()
	m.InReplyTo, m.References = "<question@example.org>", []string{"<first@example.org>", "<question@example.org>"}
	octets, header, text := sent(t, m)
	want := map[string]string{
		"Message-Id": "<1@example.com>", "Date": "Thu, 26 Nov 2026 07:00:00 +0000",
		"From": `"Service Desk" <desk@example.com>`, "To": `"Ann" <ann@example.org>`, "Subject": "[Incident] 4711 received",
		"In-Reply-To": "<question@example.org>", "References": "<first@example.org> <question@example.org>",
		"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "DR, RN, NRN, OOF, AutoReply", "Precedence": "bulk",
		"Mime-Version": "1.0", "Content-Type": "text/plain; charset=UTF-8", "Content-Transfer-Encoding": "quoted-printable",
	}
	for name, value := range want {
		if got := header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	if len(header) != len(want) {
		t.Errorf("other fields than these in\n%s", octets)
	}
	if text != "Good morning\r\n" {
		t.Errorf("text %q", text)
	}
	m.AutoSubmitted = ""
	if _, header, _ := sent(t, m); header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("Auto-Submitted: %q", header.Get("Auto-Submitted"))
	}
}

func TestNoFieldAddsALineToTheHeader(t *testing.T) {
	t.Parallel()
	const evil = "x\r\nBcc: eve@example.net\r\n\r\nEvil"
	for name, change := range map[string]func(*smtp.Message){
		"the subject":            func(m *smtp.Message) { m.Subject = evil },
		"the recipient's name":   func(m *smtp.Message) { m.To.Name = evil },
		"the sender's name":      func(m *smtp.Message) { m.From = smtp.Address{Name: evil, Address: "desk@example.com"} },
		"a bare LF":              func(m *smtp.Message) { m.Subject = "x\nBcc: eve@example.net" },
		"a bare CR":              func(m *smtp.Message) { m.Subject = "x\rBcc: eve@example.net" },
		"a line separator":       func(m *smtp.Message) { m.Subject = "x\u2028Bcc: eve@example.net\u0085Bcc: eve@example.net" },
		"NUL and octets":         func(m *smtp.Message) { m.Subject = "x\x00\xff\r\nBcc: eve@example.net" },
		"an encoded word":        func(m *smtp.Message) { m.Subject = "=?utf-8?q?x=0D=0ABcc:_eve@example.net?=" },
		"In-Reply-To":            func(m *smtp.Message) { m.InReplyTo = "<a@b>\r\nBcc: eve@example.net" },
		"References":             func(m *smtp.Message) { m.References = []string{"<a@b>", "<c@d>\r\nBcc: eve@example.net"} },
		"Auto-Submitted":         func(m *smtp.Message) { m.AutoSubmitted = evil },
		"the text and its dots":  func(m *smtp.Message) { m.Text = ".\r\nMAIL FROM:<eve@example.net>\r\n.\n..\r" },
		"a text with a bare dot": func(m *smtp.Message) { m.Text = "a\n.\nb" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := reply()
			change(&m)
			octets, header, _ := sent(t, m)
			head, _, _ := strings.Cut(string(octets), "\r\n\r\n")
			for line := range strings.Lines(head) {
				if strings.HasPrefix(line, "Bcc") || strings.HasPrefix(line, "Evil") {
					t.Errorf("%q in\n%s", line, head)
				}
			}
			if header.Get("Bcc") != "" || len(header["Subject"]) != 1 {
				t.Errorf("header\n%s", head)
			}
		})
	}
	m := reply()
	m.MessageID = "<1@example.com>\r\nBcc: eve@example.net"
	srv := smtptest.Run(t, smtptest.Options{})
	if err := mustOpen(t, accountOf(srv, mailbox.None)).Send(t.Context(), m); err == nil || len(srv.Messages()) != 0 {
		t.Errorf("a Message-ID with a line break: %v", err)
	}
}

func TestATextArrivesAsItWas(t *testing.T) {
	t.Parallel()
	m := reply()
	m.Subject = "Demande nº 4711 reçue – merci 🙂 " + strings.Repeat("é", 400)
	m.To.Name = `Ünal "the boss", Ann`
	m.Text = "Bonjour Ünal,\n\n.une ligne\nFrom here\n\ttab = " + strings.Repeat("é", 200) + " fin 🙂  \n"
	octets, header, text := sent(t, m)
	if want := strings.ReplaceAll(m.Text, "\n", "\r\n"); text != want {
		t.Errorf("text %q, want %q", text, want)
	}
	for line := range bytes.Lines(octets) {
		if len(line) > 998 || bytes.ContainsFunc(line, func(r rune) bool { return r > '~' }) || !bytes.HasSuffix(line, []byte("\r\n")) {
			t.Errorf("line %q", line)
		}
	}
	to, err := header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Name != m.To.Name || to[0].Address != "ann@example.org" {
		t.Errorf("To: %v, %v", to, err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
	if err != nil || !strings.HasPrefix(subject, "Demande nº 4711 reçue – merci 🙂 é") || !strings.HasSuffix(subject, "…") {
		t.Errorf("subject %q, %v", subject, err)
	}
}

func TestALongThreadKeepsItsFirstAndItsNewestMessages(t *testing.T) {
	t.Parallel()
	m := reply()
	for i := range 300 {
		m.References = append(m.References, "<"+strings.Repeat("x", 80)+string(rune('a'+i%26))+"@example.org>")
	}
	m.References = append(m.References, "<"+strings.Repeat("y", 5000)+"@example.org>")
	octets, header, _ := sent(t, m)
	got := strings.Fields(header.Get("References"))
	if want := slices.Concat(m.References[:1], m.References[281:300]); !slices.Equal(got, want) {
		t.Errorf("%d references", len(got))
	}
	for line := range bytes.Lines(octets) {
		if len(line) > 998 {
			t.Errorf("a line of %d octets", len(line))
		}
	}
}
