package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
)

// TestValuesThatPostgreSQLRefusesAreMadeStorable accepts messages with such values, each beside a good message. They
// open requests and are not set aside.
func TestValuesThatPostgreSQLRefusesAreMadeStorable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*processor.Message)
		uidl   string
		check  string // SQL that is true of the request r and the receipt c
	}{
		{name: "U+0000 everywhere", uidl: "a\x00b", change: func(m *processor.Message) {
			m.Subject, m.Text, m.HTML, m.MessageID = "a\x00b", "a\x00b", "a\x00b", "a\x00b"
			m.From = processor.Address{Name: "a\x00b", Addr: "a\x00b@example.com"}
			m.To = []processor.Address{{Addr: "x\x00@y"}}
			m.References = []string{"r\x00"}
			m.Attachments = []processor.Attachment{attachment("a\x00b", "x")}
		}, check: `subject LIKE 'a%b' AND body LIKE 'a%b' AND html LIKE 'a%b' AND sender_name LIKE 'a%b'`},
		{name: "invalid UTF-8 everywhere", uidl: "\xff", change: func(m *processor.Message) {
			m.Subject, m.Text, m.HTML, m.MessageID = "a\xffb", "\xc3", "\xed\xa0\x80", "\xff"
			m.From = processor.Address{Name: "\xff", Addr: "\xff@example.com"}
			m.InReplyTo = []string{"\xfe"}
			m.Attachments = []processor.Attachment{attachment("\xff", "x")}
		}, check: `subject LIKE 'a%b'`},
		{name: "a subject of 100 kB", change: func(m *processor.Message) { m.Subject = strings.Repeat("é", 50_000) },
			check: `length(subject) = 10000 AND subject LIKE 'éé%…'`},
		{name: "a subject of the greatest length", change: func(m *processor.Message) { m.Subject = strings.Repeat("é", 10_000) },
			check: `subject = repeat('é', 10000)`},
		{name: "an empty subject", change: func(m *processor.Message) { m.Subject = "" }, check: `subject = '(no subject)'`},
		{name: "10,000 recipients", change: func(m *processor.Message) {
			for i := range 10_000 {
				m.To = append(m.To, processor.Address{Addr: fmt.Sprintf("u%d@example.com", i)})
			}
		}, check: `(SELECT count(*) FROM participant WHERE request_id = number) = 49`},
		{name: "10,000 references", change: func(m *processor.Message) {
			for i := range 10_000 {
				m.References = append(m.References, fmt.Sprintf("%d@example.com", i))
			}
		}, check: `(SELECT count(*) FROM thread WHERE request_id = number) = 100 AND EXISTS (SELECT FROM thread WHERE message_id = '9999@example.com')`},
		{name: "a date in the year 99999", change: func(m *processor.Message) { m.Date = time.Date(99999, 1, 1, 0, 0, 0, 0, time.UTC) },
			check: `r.sent_at IS NULL`},
		{name: "a date beyond the range of PostgreSQL", change: func(m *processor.Message) { m.Date = time.Date(999999, 1, 1, 0, 0, 0, 0, time.UTC) },
			check: `r.sent_at IS NULL`},
		{name: "a date before Christ", change: func(m *processor.Message) { m.Date = time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC) },
			check: `r.sent_at IS NULL`},
		{name: "the last date that is stored", change: func(m *processor.Message) { m.Date = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) },
			check: `r.sent_at = '9999-12-31 23:59:59Z'`},
		{name: "no date", change: func(m *processor.Message) { m.Date = time.Time{} }, check: `r.sent_at IS NULL`},
		{name: "Message-IDs of 100 kB", change: func(m *processor.Message) {
			m.MessageID = strings.Repeat("x", 100_000)
			m.InReplyTo = []string{strings.Repeat("y", 999), "good@example.com"}
		}, check: `(SELECT string_agg(message_id, ' ') FROM thread WHERE request_id = number) = 'good@example.com' AND length(c.message_id) < 1000`},
		{name: "a Message-ID of the greatest length that does not compress", change: func(m *processor.Message) {
			m.MessageID = noise(998)
		}, check: `EXISTS (SELECT FROM thread WHERE request_id = number AND length(message_id) = 998)`},
		{name: "an address of 100 kB", change: func(m *processor.Message) {
			m.From.Addr = noise(100_000)
			m.To = append(m.To, m.From)
		}, check: `octet_length(r.sender_address) <= 1000`},
		{name: "an address in capitals of other scripts", change: func(m *processor.Message) {
			m.From.Addr = "ÄÖÜ.İIẞǅΣ@EXAMPLE.com"
		}, check: `EXISTS (SELECT FROM participant WHERE request_id = number AND address LIKE 'äöü.%@example.com')`},
		{name: "no sender", change: func(m *processor.Message) { m.From = processor.Address{} }, check: `r.sender_address = ''`},
		{name: "a unique-id of 1,000 characters", uidl: noise(1000), change: func(*processor.Message) {}, check: `length(uidl) = 1000`},
		{name: "a unique-id of 100,000 characters", uidl: noise(100_000), change: func(*processor.Message) {}, check: `uidl LIKE 'sha256:%'`},
		{name: "texts of 20 MB", change: func(m *processor.Message) {
			m.Text, m.HTML = strings.Repeat("ä", 10<<20), strings.Repeat("<", 20<<20)
		}, check: `octet_length(body) <= 4 << 20 AND body LIKE 'ä%…' AND octet_length(html) = 4 << 20`},
		{name: "attachments without a name, a type or octets", change: func(m *processor.Message) {
			m.Attachments = []processor.Attachment{processor.Attachment{}.WithContent(attachment("", "").Open),
				attachment(strings.Repeat("n", 100_000), "")}
		}, check: `(SELECT count(*) FROM attachment WHERE request_id = number AND octets = 0 AND length(name) BETWEEN 1 AND 1000) = 2`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			batch := []store.Delivery{mail(test.uidl, "x", test.change), mail("2", "good")}
			got := d.accept(t, d.clerk(), batch...)
			if got[0].Result != store.Opened || got[1].Result != store.Opened {
				t.Fatalf("outcomes are %+v", got)
			}
			if got[0].Request != 1 || got[1].Request != 2 {
				t.Errorf("the batch was not recorded as a whole: %+v", got)
			}
			ok := one[bool](t, d, `SELECT EXISTS (SELECT FROM request AS r
				JOIN (SELECT request_id, message_id, uidl FROM receipt) AS c ON c.request_id = r.number WHERE number = 1 AND `+test.check+`)`)
			if !ok {
				t.Errorf("the check is false: %s", test.check)
			}
			for i, o := range d.accept(t, d.clerk(), batch...) {
				if !o.Known {
					t.Errorf("message %d, seen again, is not known", i)
				}
			}
		})
	}
}

// noise returns a text of n octets that does not compress.
func noise(n int) string {
	var b strings.Builder
	x := uint64(n)
	for b.Len() < n {
		x = x*6364136223846793005 + 1442695040888963407
		b.WriteByte("abcdefghijklmnopqrstuvwxyz012345"[x>>59])
	}
	return b.String()
}

func TestUniqueIDsThatCannotBeStoredStayDifferent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("x\xff", "a"), mail("x\xfe", "b"), mail(noise(5000)+"1", "c"), mail(noise(5000)+"2", "d"))
	if n := one[int](t, d, `SELECT count(DISTINCT uidl) FROM receipt`); n != 4 {
		t.Errorf("%d different unique-ids, want 4", n)
	}
}

func TestABatchOfLongTextsIsRecordedInOneTransaction(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var batch []store.Delivery
	for i := range 5 {
		batch = append(batch, mail("", fmt.Sprint(i), func(m *processor.Message) {
			m.Text = strings.Repeat("x", 3<<20)
			if i > 0 {
				m.InReplyTo = []string{"0@example.com"}
			}
		}))
	}
	got := d.accept(t, d.clerk(), batch...)
	if got[4].Result != store.Added || got[4].Request != 1 || got[4].Activity != 4 {
		t.Errorf("outcomes are %+v", got)
	}
	if n := one[int](t, d, `SELECT count(DISTINCT xmin::text) FROM receipt`); n != 1 {
		t.Errorf("%d transactions, want 1", n)
	}
}

// TestLookUpsDoNotGrowWithTheTables fails when PostgreSQL, without statistics about its young tables, chooses plans
// that read all receipts of a mailbox or all requests of a team for each message.
func TestLookUpsDoNotGrowWithTheTables(t *testing.T) {
	t.Parallel()
	const batches, size = 40, 25
	d := newDesk(t)
	d.exec(t, `ALTER TABLE request SET (autovacuum_enabled = off); ALTER TABLE receipt SET (autovacuum_enabled = off); ALTER TABLE thread SET (autovacuum_enabled = off)`)
	for n := range batches {
		var batch []store.Delivery
		for i := range size {
			batch = append(batch, mail("", fmt.Sprintf("%d-%d", n, i), answerTo(fmt.Sprintf("%d-%d", n-1-i%2, i))))
		}
		for range 2 { // the second time each message is known
			if _, err := d.store.Accept(t.Context(), d.mailbox, batch, d.clerk()); err != nil {
				t.Fatal(err)
			}
		}
	}
	// A server process reports its statistics before it ends.
	d.exec(t, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	const perMail = 40
	read := one[int](t, d, `SELECT sum(idx_tup_read)::bigint + (SELECT sum(seq_tup_read)::bigint FROM pg_stat_user_tables WHERE relname IN ('request', 'receipt', 'thread'))
		FROM pg_stat_user_indexes WHERE relname IN ('request', 'receipt', 'thread')`)
	if read == 0 || read > perMail*batches*size {
		t.Errorf("%d rows were read for %d mails: %v", read, batches*size,
			all[string](t, d, `SELECT indexrelname || ' ' || idx_scan || ' scans ' || idx_tup_read || ' rows' FROM pg_stat_user_indexes WHERE idx_tup_read > 0`))
	}
}
