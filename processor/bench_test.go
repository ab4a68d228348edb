package processor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/quotedprintable"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"
	"github.com/emersion/go-message/mail"
	"github.com/jhillyerd/enmime/v2"

	"mailintegration/processor/entity"
)

// benchMails are the messages on which the parsers are compared.
var benchMails = []struct {
	name   string
	rounds int // how often each parser parses the message in an iteration, enough for a stable median
	build  func() []byte
}{
	{"5KB plain", 300, func() []byte {
		return benchMail("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + prose(4<<10))
	}},
	{"5KB alternative", 300, func() []byte {
		const paragraph = "L'imprimante du troisième étage n'imprime plus depuis ce matin, merci de vérifier le réseau.\nThe VPN drops every hour\nand the shared folder refuses access.\n\n"
		text := strings.Repeat(paragraph, 9)
		html := "<html><body><p style=\"margin:0 0 8px 0\">" + strings.ReplaceAll(text, "\n\n", "</p>\n<p style=\"margin:0 0 8px 0\">") + "</p></body></html>\n"
		const quoted = "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
		return benchMail("Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain" + quoted + quotedLines(text) +
			"\r\n--b\r\nContent-Type: text/html" + quoted + quotedLines(html) + "\r\n--b--\r\n")
	}},
	{"5KB alternative in ASCII", 300, func() []byte {
		text := prose(1500)
		html := "<html><body><p>" + strings.ReplaceAll(text, "\r\n", "<br>\r\n") + "</p></body></html>"
		return benchMail("Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text +
			"\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html + "\r\n--b--\r\n")
	}},
	{"1MB with an attachment", 10, func() []byte {
		return benchMail("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + prose(2<<10) +
			"\r\n--b\r\nContent-Type: application/pdf; name=scan.pdf\r\nContent-Disposition: attachment; filename=scan.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			base64Lines(740<<10) + "--b--\r\n")
	}},
}

func benchMail(body string) []byte {
	return []byte("Return-Path: <ann.lee@example.com>\r\nReceived: from mx.example.com (mx.example.com [192.0.2.1])\r\n\tby mail.desk.example with ESMTPS id 4XyZ; Tue, 3 Nov 2026 10:04:06 +0100\r\n" +
		"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1;\r\n\th=from:to:subject:date; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n\tb=" + strings.Repeat("aB3/", 40) + "\r\n" +
		"From: =?utf-8?Q?Ann_L=C3=A9e?= <ann.lee@example.com>\r\nTo: Service desk <desk@desk.example>\r\nDate: Tue, 3 Nov 2026 10:04:05 +0100\r\nMessage-ID: <bench@example.com>\r\n" +
		"In-Reply-To: <first@desk.example>\r\nReferences: <zero@desk.example> <first@desk.example>\r\nSubject: Re: [Incident] 4711 - =?utf-8?Q?imprimante_cass=C3=A9e?=\r\nMIME-Version: 1.0\r\n" + body)
}

// prose returns about n octets of text.
func prose(n int) string {
	const paragraph = "The printer on the second floor does not print any more, and it says that there is no paper,\r\nalthough there is. We have tried another cable and another computer. Thank you for your help.\r\n\r\n"
	return strings.Repeat(paragraph, n/len(paragraph)+1)[:n] + "\r\n"
}

// quotedLines returns text in quoted-printable.
func quotedLines(text string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

// base64Lines returns n octets in base64.
func base64Lines(n int) string {
	content := make([]byte, n)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range content {
		content[i] = byte(rng.Uint32())
	}
	text := base64.StdEncoding.EncodeToString(content)
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	return b.String() + text + "\r\n"
}

// parseOurs parses a message, which includes sanitising its HTML, and hashes each attachment with SHA-256.
func parseOurs(octets []byte) error {
	raw := bytes.NewReader(octets)
	m := Parse(raw, raw.Size())
	for _, a := range m.Attachments {
		if _, err := io.Copy(sha256.New(), a.Open(raw)); err != nil {
			return err
		}
	}
	return m.ReadError
}

// parseGoMessage reads a message as a program with go-message does: it parses the fields and decodes all parts.
func parseGoMessage(octets []byte) error { return readGoMessage(octets, io.Discard) }

// hashWithGoMessage does the same and hashes each part.
func hashWithGoMessage(octets []byte) error { return readGoMessage(octets, sha256.New()) }

// readGoMessage writes all parts of a message to w.
func readGoMessage(octets []byte, w io.Writer) error {
	r, err := mail.CreateReader(bytes.NewReader(octets))
	if err != nil {
		return err
	}
	if err := readGoMessageHeader(r.Header); err != nil {
		return err
	}
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil && !message.IsUnknownCharset(err) {
			return err
		}
		if h, ok := p.Header.(*mail.AttachmentHeader); ok {
			if _, err := h.Filename(); err != nil {
				return err
			}
		}
		if _, err := io.Copy(w, p.Body); err != nil {
			return err
		}
	}
}

func readGoMessageHeader(h mail.Header) error {
	for _, name := range []string{"From", "Sender", "Reply-To", "To", "Cc"} {
		if _, err := h.AddressList(name); err != nil {
			return err
		}
	}
	for _, name := range []string{"In-Reply-To", "References"} {
		if _, err := h.MsgIDList(name); err != nil {
			return err
		}
	}
	_, errSubject := h.Subject()
	_, errDate := h.Date()
	_, errID := h.MessageID()
	return errors.Join(errSubject, errDate, errID)
}

// parseEnmime reads a message with the default settings of enmime.
func parseEnmime(octets []byte) error {
	_, err := enmime.ReadEnvelope(bytes.NewReader(octets))
	return err
}

// hashWithEnmime does the same and hashes each part.
func hashWithEnmime(octets []byte) error {
	e, err := enmime.ReadEnvelope(bytes.NewReader(octets))
	if err != nil {
		return err
	}
	hash := sha256.New()
	for _, parts := range [][]*enmime.Part{e.Attachments, e.Inlines, e.OtherParts} {
		for _, p := range parts {
			hash.Write(p.Content) // a hash never fails
		}
	}
	return nil
}

// divide divides a message into its parts and decodes nothing.
func divide(octets []byte) error {
	raw := bytes.NewReader(octets)
	_, err := entity.Read(raw, raw.Size(), DefaultLimits().entity(), func(*entity.Part, string) {}, nil)
	return err
}

// BenchmarkParseMegabytes tells how many MB of a message with a large attachment each parser reads in a second, in one run
// and in turns, by the median: everything is decoded and hashed with SHA-256, as a program does that keeps attachments. The
// last figure is for finding the parts alone, without decoding anything.
func BenchmarkParseMegabytes(b *testing.B) {
	const rounds = 20
	octets := benchMails[len(benchMails)-1].build()
	readers := []struct {
		name string
		read func([]byte) error
	}{{"ours", parseOurs}, {"go-message", hashWithGoMessage}, {"enmime", hashWithEnmime}, {"structure-alone", divide}}
	took := make([][]time.Duration, len(readers))
	for b.Loop() {
		for i := range rounds * len(readers) {
			at := i % len(readers)
			start := time.Now()
			if err := readers[at].read(octets); err != nil {
				b.Fatal(err)
			}
			took[at] = append(took[at], time.Since(start))
		}
	}
	for i, r := range readers {
		b.ReportMetric(float64(len(octets))*1e3/median(took[i]), "MB/s-"+r.name)
	}
}

// BenchmarkParse compares the parsers in one run, in turns, by the median time of a message. Ours does more: it also
// cleans, sanitises, looks for quotes and hashes. The ratios compare speeds; above 1, ours is faster.
func BenchmarkParse(b *testing.B) {
	for _, m := range benchMails {
		octets := m.build()
		b.Run(m.name, func(b *testing.B) { compareParsers(b, octets, m.rounds) })
	}
}

func compareParsers(b *testing.B, octets []byte, rounds int) {
	var took [3][]time.Duration
	for b.Loop() {
		for i := range 3 * rounds {
			start := time.Now()
			if err := []func([]byte) error{parseOurs, parseGoMessage, parseEnmime}[i%3](octets); err != nil {
				b.Fatal(err)
			}
			took[i%3] = append(took[i%3], time.Since(start))
		}
	}
	ours := median(took[0])
	b.ReportMetric(ours/1e3, "µs-ours")
	b.ReportMetric(median(took[1])/ours, "×go-message")
	b.ReportMetric(median(took[2])/ours, "×enmime")
}

// median returns the median in nanoseconds, which other programs on the machine disturb least.
func median(all []time.Duration) float64 {
	slices.Sort(all)
	return float64(all[len(all)/2])
}

// BenchmarkParseOurs measures ours alone, for a profile.
func BenchmarkParseOurs(b *testing.B) {
	for _, m := range benchMails {
		octets := m.build()
		b.Run(m.name, func(b *testing.B) {
			b.SetBytes(int64(len(octets)))
			b.ReportAllocs()
			for b.Loop() {
				if err := parseOurs(octets); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// nestedMail returns a message of 10,000 multiparts within each other.
func nestedMail() []byte {
	var s strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&s, "Content-Type: multipart/mixed; boundary=\"b%d\"\r\n\r\n--b%d\r\n", i, i)
	}
	return []byte("Subject: nested\r\nFrom: a@example.com\r\n" + s.String() + "\r\nx\r\n")
}

// nestedParser is the environment variable that makes the test binary parse nestedMail with another parser and exit.
const nestedParser = "NESTED_PARSER"

func TestMain(m *testing.M) {
	switch os.Getenv(nestedParser) {
	case "":
		os.Exit(m.Run())
	case "go-message":
		_ = parseGoMessage(nestedMail()) // only the time counts, not the error
	case "enmime":
		_ = parseEnmime(nestedMail())
	}
}

// BenchmarkParseNestedParts parses nestedMail. The other parsers do so once, each in a process of its own. They need
// more than a minute and are stopped after 20 seconds, so that the true ratios are higher than the reported ones.
func BenchmarkParseNestedParts(b *testing.B) {
	octets := nestedMail()
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if err := parseOurs(octets); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	ours := median(took)
	b.ReportMetric(ours/1e6, "ms-ours")
	for _, other := range []string{"go-message", "enmime"} {
		const longest = 20 * time.Second
		ctx, cancel := context.WithTimeout(context.Background(), longest)
		cmd := exec.CommandContext(ctx, os.Args[0])
		cmd.Env = append(os.Environ(), nestedParser+"="+other)
		start := time.Now()
		if err := cmd.Run(); err != nil && ctx.Err() == nil {
			b.Error(err)
		}
		cancel()
		b.ReportMetric(float64(time.Since(start))/ours, "×"+other)
	}
}

// BenchmarkParseLargeAttachment parses a message with an attachment of 100 MB, hashes the attachment, and reports by
// how much the heap grows at its peak.
func BenchmarkParseLargeAttachment(b *testing.B) {
	line := strings.Repeat("QUJD", 19) + "\r\n"
	raw := repeatedReader{
		head: []byte("Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"),
		line: []byte(line), lines: 100 << 20 / 57, tail: []byte("--b--\r\n"),
	}
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	peak := uint64(0)
	b.SetBytes(raw.size())
	for b.Loop() {
		m := Parse(raw, raw.size())
		if len(m.Attachments) != 1 {
			b.Fatalf("got %d attachments, want 1", len(m.Attachments))
		}
		content := m.Attachments[0].Open(raw)
		hash, buf := sha256.New(), make([]byte, 1<<20)
		for {
			n, err := io.ReadFull(content, buf)
			hash.Write(buf[:n]) // a hash never fails
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapInuse-min(before.HeapInuse, now.HeapInuse))
			if err != nil {
				break
			}
		}
	}
	b.ReportMetric(float64(peak)/(1<<20), "MiB-peak")
}

// repeatedReader is a large message that is not held in memory.
type repeatedReader struct {
	head, line, tail []byte
	lines            int64
}

func (r repeatedReader) size() int64 {
	return int64(len(r.head)) + r.lines*int64(len(r.line)) + int64(len(r.tail))
}

// ReadAt implements io.ReaderAt.
func (r repeatedReader) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		at, body := off+int64(n)-int64(len(r.head)), r.lines*int64(len(r.line))
		switch {
		case at < 0:
			n += copy(p[n:], r.head[off+int64(n):])
		case at < body:
			n += copy(p[n:], r.line[at%int64(len(r.line)):])
		case at < body+int64(len(r.tail)):
			n += copy(p[n:], r.tail[at-body:])
		default:
			return n, io.EOF
		}
	}
	return n, nil
}
