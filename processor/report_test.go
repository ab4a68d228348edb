package processor

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReportsNameTheRecipientsAndWhatHappened(t *testing.T) {
	t.Parallel()
	const dsn = "From: MAILER-DAEMON@mx.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nnotice\n--b\n"
	tests := []struct {
		name, mail string
		want       *Report
	}{
		{
			"a message that is no report",
			"From: ann@example.com\n\nFinal-Recipient: rfc822; x@example.com\nStatus: 5.1.1\n", nil,
		},
		{
			"several recipients and the header of the message",
			dsn + "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; a@example.com\nAction: failed\nStatus: 5.1.1 (unknown)\nDiagnostic-Code: smtp; 550 no\n such user\n\n" +
				"Final-Recipient: rfc822;<b@example.com>\nAction: delayed\nStatus: 4.4.1\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <m@x>\nReferences: <r1@x> <r2@x>\nIn-Reply-To: <r2@x>\nSubject: =?utf-8?Q?[Incident]_47?=\n--b--\n",
			&Report{MessageID: "m@x", References: []string{"r1@x", "r2@x"}, Subject: "[Incident] 47", Recipients: []Recipient{
				{"a@example.com", "failed", "5.1.1", "550 no such user"}, {"b@example.com", "delayed", "4.4.1", ""},
			}},
		},
		{
			"the original recipient counts, not the one after a forward",
			dsn + "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nOriginal-Recipient: rfc822;desk@example.com\nFinal-Recipient: rfc822;box17@internal.example\nAction: failed\nStatus: 5.2.2\n--b--\n",
			&Report{Recipients: []Recipient{{"desk@example.com", "failed", "5.2.2", ""}}},
		},
		{
			"a delivery status in base64",
			dsn + "Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\nUmVwb3J0aW5nLU1UQTogZG5zOyBteAoKRmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGFAZXhhbXBsZS5jb20KQWN0aW9uOiBmYWlsZWQK\n--b--\n",
			&Report{Recipients: []Recipient{{"a@example.com", "failed", "", ""}}},
		},
		{
			"a disposition notification",
			"From: bob@example.com\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nread\n--b\nContent-Type: message/disposition-notification\n\n" +
				"Reporting-UA: x\nFinal-Recipient: rfc822;bob@example.com\nOriginal-Message-ID: <sent@desk>\nDisposition: manual-action/MDN-sent-manually; Displayed/error\n--b--\n",
			&Report{MessageID: "sent@desk", Recipients: []Recipient{{"bob@example.com", "displayed", "", ""}}},
		},
		{
			"the text of qmail",
			"From: MAILER-DAEMON@mx.example\nTo: desk@example.com\nSubject: failure notice\n\nHi. This is the qmail-send program.\n\n<gone@example.org>:\nRemote host said: 550 5.1.1 no such user\n\n--- Below this line is a copy of the message.\n\n" +
				"Return-Path: <desk@example.com>\nReceived: by x\nMessage-ID: <m@x>\nSubject: [Incident] 47\nTo: gone@example.org\n\nhello\n",
			&Report{MessageID: "m@x", Subject: "[Incident] 47", Recipients: []Recipient{{"gone@example.org", "failed", "5.1.1", "Remote host said: 550 5.1.1 no such user"}}},
		},
		{
			"an IP address is no status",
			"From: MAILER-DAEMON@mx.example\nTo: desk@example.com\nSubject: failure notice\n\n<gone@example.org>: 5.9.1.22 does not like me\n",
			&Report{Recipients: []Recipient{{"gone@example.org", "failed", "", ""}}},
		},
		{
			"a delay warning",
			"From: mailer-daemon@mx.example\nTo: desk@example.com\nSubject: Warning: message 1x delayed 24 hours\nX-Failed-Recipients: a@example.com, b@example.com\n\n450 later\n",
			&Report{Recipients: []Recipient{{"a@example.com", "delayed", "", "450 later"}, {"b@example.com", "delayed", "", "450 later"}}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, parseString(tt.mail).Report); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestBouncesOfManyMailSystemsAreRecognised requires 95 of 100, because in doubt Parse takes a message for a person's.
// The missed ones are complaints of providers, which are notices, and an absence note.
func TestBouncesOfManyMailSystemsAreRecognised(t *testing.T) {
	t.Parallel()
	dir, ok := corpus(t)
	if !ok {
		return
	}
	files := filesOf(t, filepath.Join(dir, "sisimai", "bounce"))
	known, withAddress, withMessage := 0, 0, 0
	for _, name := range files {
		m := parseString(string(readFile(t, name)))
		if m.Automatic != Bounce {
			t.Logf("%s is %q", filepath.Base(name), m.Automatic)
			continue
		}
		known++
		if m.Report == nil {
			continue
		}
		if len(m.Report.Recipients) > 0 && strings.Contains(m.Report.Recipients[0].Addr, "@") {
			withAddress++
		}
		if m.Report.MessageID != "" || m.Report.Subject != "" {
			withMessage++
		}
	}
	t.Logf("of %d: %d recognised, %d with the address, %d with the message", len(files), known, withAddress, withMessage)
	if known*100 < len(files)*95 || withAddress*100 < known*99 || withMessage*100 < known*80 {
		t.Error("too few: want 95 % recognised, of these 99 % with the address and 80 % with the message")
	}
	for _, name := range filesOf(t, filepath.Join(dir, "sisimai", "not-bounce")) {
		if m := parseString(string(readFile(t, name))); m.Automatic == Bounce {
			t.Errorf("%s is taken for a bounce", filepath.Base(name))
		}
	}
}
