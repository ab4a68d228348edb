package processor

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"mailintegration/processor/charset"
)

// window is the size in octets of the window through which a message is read.
const window = 32 << 10

// countingReader counts the octets that are read from a message.
type countingReader struct {
	*strings.Reader
	octets int64
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.Reader.ReadAt(p, off)
	c.octets += int64(n)
	return n, err
}

// bombs are messages that cost little to write and much to read, unless the parser takes care. build returns a message
// of about n octets.
var bombs = []struct {
	name  string
	build func(n int) string
}{
	{"nested multiparts", func(n int) string {
		var b strings.Builder
		for i := range n / 70 {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=\"b%d\"\n\n--b%d\n", i, i)
		}
		return b.String()
	}},
	{"sibling parts", func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", n/7)
	}},
	{"sibling multiparts, each with its own boundary", func(n int) string {
		var b strings.Builder
		b.WriteString("Content-Type: multipart/mixed; boundary=b\n\n")
		for i := range n / 60 {
			fmt.Fprintf(&b, "--b\nContent-Type: multipart/mixed; boundary=c%d\n\n--c%d\n\n", i, i)
		}
		return b.String()
	}},
	{"lines that look like delimiters", func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b-\n--bb\n", n/10)
	}},
	{"one long header line", func(n int) string { return "Subject: " + strings.Repeat("x", n) + "\n\nbody\n" }},
	{"a header line of folded pieces", func(n int) string { return "References: " + strings.Repeat("<a@b>\n ", n/7) + "\n\nbody\n" }},
	{"many header fields", func(n int) string { return strings.Repeat("X: y\n", n/5) + "\nbody\n" }},
	{"header lines that are no fields", func(n int) string { return "X: y\n" + strings.Repeat("no field\n", n/9) + "Subject: z\n\nbody\n" }},
	{"recipients", func(n int) string { return "To: " + strings.Repeat("a@example.com, ", n/15) + "\n\nbody\n" }},
	{"open quotes in an address list", func(n int) string { return "To: " + strings.Repeat(`"a (b <`, n/7) + "\n\nbody\n" }},
	{"encoded-words that are not closed", func(n int) string { return "Subject: " + strings.Repeat("=?utf-8?Q?", n/10) + "\n\nbody\n" }},
	{"parameters", func(n int) string {
		return "Content-Type: text/plain; " + strings.Repeat("a*0*=b;", n/7) + "\n\nbody\n"
	}},
	{"plain text", func(n int) string { return "\n" + strings.Repeat("hello world\n", n/12) }},
	{"text without line ends", func(n int) string { return "Subject: x\n\n" + strings.Repeat("x", n) }},
	{"quoted-printable of equals signs", func(n int) string {
		return "Content-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("=", n)
	}},
	{"octets in an unknown charset", func(n int) string {
		return "Content-Type: text/plain; charset=x\n\n" + strings.Repeat("\xe9\x80\xff ", n/4)
	}},
	{"one word, declared as utf-16", func(n int) string {
		return "Content-Type: text/plain; charset=utf-16\n\n" + strings.Repeat("x", n)
	}},
	{"base64 with lines of words below", func(n int) string {
		return "Content-Transfer-Encoding: base64\n\n" + strings.Repeat(strings.Repeat("QUJD", 19)+"\n", n/154) + strings.Repeat("a footer of words\n", n/36)
	}},
	{"HTML of less-than signs", func(n int) string { return "Content-Type: text/html\n\n" + strings.Repeat("<", n) }},
	{"HTML of open tags", func(n int) string { return "Content-Type: text/html\n\n" + strings.Repeat("<b><i><a href=x>", n/16) }},
	{"HTML of open comments", func(n int) string { return "Content-Type: text/html\n\n" + strings.Repeat("<!--", n/4) }},
	{"HTML of nested tables", func(n int) string { return "Content-Type: text/html\n\n" + strings.Repeat("<table><tr><td>", n/15) }},
	{"HTML of nested quotes", func(n int) string { return "Content-Type: text/html\n\n" + strings.Repeat("<blockquote><p>x", n/16) }},
	{"HTML of attributes", func(n int) string { return "Content-Type: text/html\n\n<p " + strings.Repeat("a=b ", n/4) + ">" }},
	{"HTML of entities", func(n int) string { return "Content-Type: text/html\n\n" + strings.Repeat("&amp", n/4) }},
	{"a report of many recipients", func(n int) string {
		return "Content-Type: message/delivery-status\n\n" + strings.Repeat("Final-Recipient: rfc822; a@b.example\nStatus: 5.1.1\n\n", n/50)
	}},
	{"a report of lines that are no fields", func(n int) string {
		return "Content-Type: message/delivery-status\n\n" + strings.Repeat("x\n", n/2)
	}},
	{"a bounce of addresses", func(n int) string {
		return "From: mailer-daemon@a.example\n\n" + strings.Repeat("a@b.example 5.1.1\n", n/18)
	}},
	{"a bounce of fields", func(n int) string {
		return "From: mailer-daemon@a.example\n\n" + strings.Repeat("To: a\nX\n", n/8)
	}},
	{"attributions", func(n int) string {
		return "Subject: Re: x\n\n" + strings.Repeat("On 3 Nov 2026 10:04, a@b.example\nwrote:\n> x\ny\n", n/44)
	}},
	{"long attributions", func(n int) string {
		return "Subject: Re: x\n\n" + strings.Repeat("On 3 Nov 2026 10:04, "+strings.Repeat("wrote ", 70)+":\nx\n", n/443)
	}},
	{"a long last line", func(n int) string { return "Subject: Re: x\n\nx\n\nsent from my" + strings.Repeat(" x", n/2) }},
	{"labels of a quoted header", func(n int) string { return "Subject: Re: x\n\n" + strings.Repeat("From: a\nTo: b\n\nc\n", n/18) }},
	{"quoted lines with blank lines between", func(n int) string { return "Subject: Re: x\n\ny\n" + strings.Repeat("> x\n\n", n/5) }},
	{"winmail.dat of properties", func(n int) string {
		props := append([]byte{0xff, 0xff, 0xff, 0x7f}, bytes.Repeat([]byte{0x1e, 0, 0, 0x10, 1, 0, 0, 0, 1, 0, 0, 0, 'x', 0, 0, 0}, n/16)...)
		return "Content-Type: application/ms-tnef\n\n" + string(tnefStream(tnefAttr(1, attrMessageProps, props)))
	}},
	{"winmail.dat of attachments", func(n int) string {
		attr := append(tnefAttr(2, attrAttachRendData, nil), tnefAttr(2, attrAttachData, []byte("x"))...)
		return "Content-Type: application/ms-tnef\n\n" + string(tnefStream(bytes.Repeat(attr, n/len(attr))))
	}},
	{"winmail.dat of RTF that expands", func(n int) string {
		rtf := append(append(make([]byte, 8), "LZFu\x00\x00\x00\x00"...), bytes.Repeat([]byte("\xff\x00\x0f\x00\x0f\x00\x0f\x00\x0f\x00\x0f\x00\x0f\x00\x0f\x00\x0f"), n/17)...)
		size := []byte{byte(len(rtf)), byte(len(rtf) >> 8), byte(len(rtf) >> 16), 0}
		props := append(append([]byte{1, 0, 0, 0, 2, 1, 9, 0x10, 1, 0, 0, 0}, size...), append(rtf, 0, 0, 0)...)
		return "Content-Type: application/ms-tnef\n\n" + string(tnefStream(tnefAttr(1, attrMessageProps, props)))
	}},
	{"signed objects", func(n int) string {
		return "Content-Type: application/pkcs7-mime\n\n" + string(signedObject([]byte("\n"+strings.Repeat("x\n", n/2))))
	}},
	{"a signed object of parts", func(n int) string {
		content := "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: image/png\n\nx\n", n/32)
		return "Content-Type: application/pkcs7-mime\n\n" + string(signedObject([]byte(content)))
	}},
	{"uuencoded files", func(n int) string { return "\n" + strings.Repeat("begin 644 a\n#86)C\n`\nend\n", n/25) }},
	{"messages within each other", func(n int) string {
		return strings.Repeat("Content-Type: message/rfc822\n\n", n/30)
	}},
	{"messages and multiparts within each other", func(n int) string {
		var b strings.Builder
		for i := range n / 80 {
			fmt.Fprintf(&b, "Content-Type: multipart/digest; boundary=\"b%d\"\n\n--b%d\n\n", i, i)
		}
		return b.String()
	}},
	{"a calendar of events", func(n int) string {
		return "Content-Type: text/calendar\n\n" + strings.Repeat("BEGIN:VEVENT\nATTENDEE:x\n", n/24)
	}},
	{"HTML of hidden elements", func(n int) string {
		return "Content-Type: text/html\n\n" + strings.Repeat("<p hidden><table><i></p>", n/24)
	}},
	{"HTML of different tags", func(n int) string {
		var b strings.Builder
		b.WriteString("Content-Type: text/html\n\n")
		for i := range n / 20 {
			fmt.Fprintf(&b, "<td title=\"%d\">x", i)
		}
		return b.String()
	}},
	{"attached messages", func(n int) string {
		return "Content-Type: multipart/digest; boundary=b\n\n" + strings.Repeat("--b\n\nSubject: x\n\n", n/17)
	}},
}

func TestTheCostOfABombGrowsNoFasterThanItsSize(t *testing.T) { // not parallel: it counts allocations
	const small, large = 200 << 10, 1600 << 10
	for _, bomb := range bombs {
		t.Run(bomb.name, func(t *testing.T) {
			few, many := costOf(t, bomb.build(small)), costOf(t, bomb.build(large))
			// Eight times the size may cost eight times as much; a quadratic cost would be sixty-four times.
			if many.mallocs > 16*few.mallocs+10000 {
				t.Errorf("%d allocations for the larger message, %d for the smaller one", many.mallocs, few.mallocs)
			}
			if limit := uint64(128 << 20); many.allocated > limit {
				t.Errorf("allocates %d MiB, want at most %d", many.allocated>>20, limit>>20)
			}
			if most := int64(3*large) + 4<<20; many.read > most {
				t.Errorf("reads %d octets of a message of %d, want at most %d", many.read, large, most)
			}
		})
	}
}

type cost struct {
	mallocs, allocated uint64
	read               int64
}

// costOf parses a message, checks that the result is within the limits, and returns its cost.
func costOf(t *testing.T, s string) cost {
	t.Helper()
	raw := &countingReader{Reader: strings.NewReader(s)}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m := Parse(raw, int64(len(s)))
	runtime.ReadMemStats(&after)
	checkBounds(t, m, DefaultLimits())
	return cost{after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc, raw.octets}
}

// checkBounds checks the promises about every Message: nothing exceeds its limit, and all text is clean.
func checkBounds(t *testing.T, m *Message, l Limits) {
	t.Helper()
	for what, n := range map[string][2]int{
		"attachments": {len(m.Attachments), l.Parts}, "defects": {len(m.Defects), l.Defects}, "fields": {len(m.Header), l.Fields},
		"recipients": {len(m.To) + len(m.Cc), l.Recipients}, "references": {len(m.References), l.References}, "in-reply-to": {len(m.InReplyTo), l.References},
		"text": {len(m.Text), l.Text}, "HTML": {len(m.HTML), 2 * l.HTML}, "message-id": {len(m.MessageID), l.MessageID},
		"subject": {len([]rune(m.Subject)), l.Subject},
	} {
		if n[0] > n[1] {
			t.Errorf("%s: %d, limit is %d", what, n[0], n[1])
		}
	}
	texts := []string{m.Subject, m.Text, m.HTML, m.MessageID, m.From.Name, m.From.Addr}
	for _, f := range m.Header {
		texts = append(texts, f.Name, f.Value)
	}
	for _, a := range append(append(m.To, m.Cc...), m.ReplyTo...) {
		texts = append(texts, a.Name, a.Addr)
	}
	for _, a := range m.Attachments {
		texts = append(texts, a.Name, a.MediaType, a.ContentID)
		if a.Name == "" || strings.ContainsAny(a.Name, "/\\\n") {
			t.Errorf("the name of an attachment is empty or a path: %q", a.Name)
		}
	}
	if m.Report != nil {
		texts = append(texts, m.Report.MessageID, m.Report.Subject)
		texts = append(texts, m.Report.References...)
		if n := len(m.Report.Recipients); n > reportRecipients {
			t.Errorf("recipients of a report: %d, limit is %d", n, reportRecipients)
		}
		for _, r := range m.Report.Recipients {
			texts = append(texts, r.Addr, r.Action, r.Status, r.Diagnostic)
		}
	}
	texts = append(texts, m.References...)
	texts = append(texts, m.InReplyTo...)
	for _, d := range m.Defects {
		texts = append(texts, d.Part, d.What)
	}
	for _, text := range texts {
		if charset.Clean(text) != text {
			t.Errorf("text that is not clean: %.100q", text)
		}
	}
}

func TestALargeAttachmentIsNotHeldInMemory(t *testing.T) { // not parallel: it counts allocations
	const octets = 20 << 20
	line := strings.Repeat("QUJD", 19) + "\r\n"
	s := "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		strings.Repeat(line, octets/57) + "--b--\r\n"
	raw := strings.NewReader(s)
	Parse(raw, int64(len(s))) // the first message needs the words of all languages
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m := Parse(raw, int64(len(s)))
	n, err := io.Copy(io.Discard, m.Attachments[0].Open(raw))
	runtime.ReadMemStats(&after)
	if want := int64(octets / 57 * 57); n != want || err != nil {
		t.Errorf("decoded %d octets (%v), want %d", n, err, want)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("allocated %d KiB, want at most 1024", got>>10)
	}
}

func TestAnAttachmentOfAnySizeIsByteExact(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 2, 3, 56, 57, 58, window - 1, window, window + 1, 200000} {
		content := make([]byte, size)
		for i := range content {
			content[i] = byte(i * 7)
		}
		s := "Content-Type: application/octet-stream\r\n\r\n" + string(content)
		raw := strings.NewReader(s)
		got, err := io.ReadAll(Parse(raw, int64(len(s))).Attachments[0].Open(raw))
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("an attachment of %d octets is read as %d, or with other octets (%v)", size, len(got), err)
		}
	}
}
