package htmltext

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
)

func TestHTMLIsSafeToShow(t *testing.T) {
	t.Parallel()
	for _, html := range []string{
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<a href="javascript:alert(1)">x</a>`, `<a href=" java&#10;script:alert(1)">x</a>`,
		`<svg/onload=alert(1)>`, `<iframe src="https://evil.example"></iframe>`, `<object data="x"></object>`, `<embed src=x>`, `<form action="https://evil.example"><input></form>`,
		`<link rel=stylesheet href="https://evil.example">`, `<meta http-equiv=refresh content="0;url=https://evil.example">`, `<base href="https://evil.example">`,
		`<div style="background:url(https://evil.example)">x</div>`, `<p style="x:expression(alert(1))">x</p>`, `<img src="https://evil.example/track.gif">`,
		`<img src="//evil.example/track.gif">`, `<img srcset="https://evil.example/a 1x">`, `<table background="https://evil.example/x"><tr><td>x</table>`,
		`<video poster="https://evil.example/x"></video>`, `<math><mtext></p><script>alert(1)</script>`, `<<script>alert(1)//<</script>`, `<img src="data:image/svg+xml,<svg onload=alert(1)>">`,
		`<a href="data:text/html,<script>alert(1)</script>">x</a>`, `<style>@import "https://evil.example"</style>`, `<img src="cid:a" onload="alert(1)">`,
	} {
		got := strings.ToLower(Sanitise(html))
		for _, bad := range []string{"<script", "javascript:", "onerror", "onload", "evil.example", "<svg", "<iframe", "<object", "<embed", "<form", "<meta", "<base", "style=", "data:", "<style"} {
			if strings.Contains(got, bad) {
				t.Errorf("Sanitise(%q) = %q, which has %q", html, got, bad)
			}
		}
	}
}

func TestImagesOfTheMessageItselfAreKept(t *testing.T) {
	t.Parallel()
	for _, html := range []string{`<img src="cid:photo@x" alt="photo">`, `<img src="data:image/png;base64,iVBORw0KGgo=">`} {
		if got := Sanitise(html); got != html {
			t.Errorf("Sanitise(%q) = %q", html, got)
		}
	}
}

func TestADroppedElementTakesItsContentOrItsEndTagWithIt(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, source, want string }{
		{"the content of a script is not shown", `a<script>b</script>c`, `ac`},
		{"a script without an end takes the rest", `a<script>b`, `a`},
		{"an object within an object ends with the outer one", `a<object>b<object>c</object>d</object>e`, `ae`},
		{"a hidden element ends with its own end tag", `a<object>b</noscript>c<b>d</b></object>e`, `ae`},
		{"an end tag without a start tag hides nothing", `a</object>b<object>c</object>d`, `abd`},
		{"an anchor without an address loses both tags", `<a name="x">a</a> <a href="https://b.example/">b</a>`, `a <a href="https://b.example/" rel="nofollow noreferrer">b</a>`},
		{"an end tag belongs to the innermost anchor", `<a name=x><a href="https://b.example/">b</a></a>`, `<a href="https://b.example/" rel="nofollow noreferrer">b</a>`},
		{"an unknown element leaves its content", `<o:p>a</o:p>`, `a`},
		{"text that looks like a tag stays text", `a < b &lt;script&gt; &amp; c`, `a &lt; b &lt;script&gt; &amp; c`},
		{"the character that a reference stands for is cleaned", `a&#0;&#27;[31mb&#13;c`, "a\ufffd[31mb\nc"},
		{"an unfinished tag is dropped", `a<b>b</b><a href="https://c.example/`, `a<b>b</b>`},
		{"an empty element as XML writes it hides nothing", `<title/><script src="x"/><p>a</p>`, `<p>a</p>`},
		{"the scheme of an image's address has no case", `<img src="CID:a">`, `<img src="cid:a">`},
		{"comments are dropped", `a<!-- b --><![if !mso]>c<![endif]>`, `ac`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Sanitise(tt.source); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// asShown returns HTML in a form that is the same for all texts that show the same: the tags, and between them the
// text, cleaned and without line breaks.
func asShown(source string) string {
	z := html.NewTokenizer(strings.NewReader(source))
	var b strings.Builder
	for z.Next() != html.ErrorToken {
		token := z.Token()
		if token.Type == html.TextToken {
			token.Data = strings.NewReplacer("\r", "", "\n", "").Replace(charset.Clean(token.Data))
		}
		b.WriteString(token.String())
	}
	return strings.TrimSpace(b.String())
}

// whatHides finds what makes senders hide elements, which bluemonday does not know.
var whatHides = regexp.MustCompile(`(?i)hidden|display|<template[^>]*>`)

// checkAsBluemonday checks that Sanitise, which goes tag by tag, shows the same as bluemonday does for the whole
// source.
func checkAsBluemonday(t *testing.T, source string) {
	t.Helper()
	source = whatHides.ReplaceAllString(source, "x")
	if got, want := asShown(Sanitise(source)), asShown(htmlPolicy().Sanitize(source)); got != want {
		t.Errorf("%q\nis  %q\nnot %q", source, got, want)
	}
}

func TestTheHTMLOfTheCorpusIsSanitisedAsBluemondayDoes(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("CORPUS_DIR")
	if dir == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("CORPUS_DIR is not set: it must name the folder of real messages")
		}
		t.Skip("CORPUS_DIR is not set")
	}
	count := 0
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		for _, source := range htmlOf(t, name) {
			count++
			if checkAsBluemonday(t, source); t.Failed() {
				t.Fatalf("in %s", name)
			}
		}
		return nil
	})
	if err != nil || count < 50 {
		t.Errorf("found only %d bodies of HTML (%v)", count, err)
	}
	t.Logf("%d bodies of HTML", count)
}

// htmlOf returns the HTML bodies of a message.
func htmlOf(t *testing.T, name string) []string {
	t.Helper()
	octets, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	raw := bytes.NewReader(octets)
	limits := entity.Limits{Depth: 40, Parts: 2000, Header: 1 << 20, Field: 256 << 10, Fields: 2000}
	root, _ := entity.Read(raw, raw.Size(), limits, func(*entity.Part, string) {}, nil)
	var all []string
	for p := range root.Leaves {
		if p.MediaType != "text/html" {
			continue
		}
		content, err := p.Body.ReadUpTo(raw, 2<<20, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text, _ := charset.Text(content, p.Charset())
		all = append(all, text)
	}
	return all
}

// FuzzSanitise compares Sanitise with bluemonday, which judges the whole source at once. They may differ in where a
// hidden element ends, but bluemonday must find nothing to drop in what Sanitise returns.
func FuzzSanitise(f *testing.F) {
	for _, source := range []string{
		`<p>a<br>b</p>`, `<a href="https://x.example/?a=b&c">x</a>`, `<a name=x>y</a>`, `<img src="cid:x" alt='y'>`, `<td width=5 bgcolor="#fff">`, `<font color=red>`,
		`<script>x</script>`, `<object><noscript></object>y`, `<textarea><b></textarea>`, `<xmp><b></xmp>`, `<plaintext><b>`, `<![CDATA[x]]>`, `<!-- x --!>y`, `</p/x>`, `<b/>`, `a<b`, `&lt;b&gt; &#13; &bogus;`,
	} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		source = charset.Clean(source)
		got := Sanitise(source)
		if !hidesContent(source) {
			checkAsBluemonday(t, source)
		} else if again := asShown(htmlPolicy().Sanitize(got)); tagNames(again) != tagNames(got) {
			t.Errorf("%q\nis %q, of which bluemonday leaves %q", source, got, again)
		}
	})
}

// hidesContent reports whether an element of a text is dropped with its content, or is empty as XML writes it, which HTML
// does not know.
func hidesContent(source string) bool {
	z := html.NewTokenizer(strings.NewReader(source))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		name, _ := z.TagName()
		if len(name) > 0 && (kind == html.SelfClosingTagToken || htmlPolicy().Sanitize("<"+string(name)+">x") == "") {
			return true
		}
	}
	return false
}

// tagNames returns the tags of a text with the names of their attributes. It leaves out the values: bluemonday may
// change an address again that it has changed before.
func tagNames(source string) string {
	z := html.NewTokenizer(strings.NewReader(source))
	var b strings.Builder
	for z.Next() != html.ErrorToken {
		if token := z.Token(); token.Type != html.TextToken {
			fmt.Fprint(&b, token.Type, token.Data)
			for _, attribute := range token.Attr {
				b.WriteString(" " + attribute.Key)
			}
		}
	}
	return b.String()
}

func TestVerdictsAreRememberedWithinBoundsByConcurrentUsers(t *testing.T) {
	t.Parallel()
	m := memory{known: make(map[string]verdict)}
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 2 * mostVerdicts {
				if got := verdictOf(&m, fmt.Sprintf(`<td width="%d" onclick="x">`, i)); got != fmt.Sprintf(`<td width="%d">`, i) {
					t.Errorf("worker %d: tag %d is %q", worker, i, got)
				}
			}
		})
	}
	all.Wait()
	long := `<td title="` + strings.Repeat("x", longestTag) + `">`
	if got := verdictOf(&m, long); got != long {
		t.Errorf("a long tag is %q", got)
	}
	if _, ok := m.known[long]; ok || len(m.known) > mostVerdicts {
		t.Errorf("%d verdicts are remembered, the long one: %v", len(m.known), ok)
	}
}

// verdictOf returns what the verdict leaves of a tag.
func verdictOf(m *memory, tag string) string {
	v, ok := m.recall([]byte(tag))
	if !ok {
		v = judge(html.StartTagToken, verdict{name: "td"}, tag)
		m.remember(tag, v)
	}
	return v.html
}

func BenchmarkSanitise(b *testing.B) {
	for _, source := range []struct{ name, html string }{
		{"a newsletter", strings.Repeat(`<tr><td style="font:12px Arial" align="left">A line of text</td><td width="5">&nbsp;</td></tr>`, 400)},
		{"every tag is different", func() string {
			var s strings.Builder
			for i := range 2 * mostVerdicts {
				fmt.Fprintf(&s, `<a href="https://x.example/%d">x</a>`, i)
			}
			return s.String()
		}()},
	} {
		b.Run(source.name, func(b *testing.B) {
			b.SetBytes(int64(len(source.html)))
			for b.Loop() {
				_, _ = io.WriteString(io.Discard, Sanitise(source.html))
			}
		})
		b.Run(source.name+", at once", func(b *testing.B) {
			b.SetBytes(int64(len(source.html)))
			for b.Loop() {
				_, _ = io.WriteString(io.Discard, htmlPolicy().Sanitize(source.html))
			}
		})
	}
}
