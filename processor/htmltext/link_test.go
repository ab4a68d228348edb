package htmltext

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// plainLinkOf returns what plainLink says of a start tag.
func plainLinkOf(tag string) (string, bool) {
	z := html.NewTokenizer(strings.NewReader(tag))
	kind := z.Next()
	name, more := z.TagName()
	return plainLink(kind, atom.Lookup(name), attributesOf(z, more))
}

func TestAPlainLinkIsWrittenAsBluemondayWritesIt(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{
		`<a href="https://x.example">`, `<a href="http://x.example/">`, `<A HREF='https://X.example/A/b_c~d.-e//../f' target=_blank style="color:red">`,
		`<a class=x href=https://x.example/?a=b>`, `<a href="https://x.example?a=b&amp;c=d.e-f_g~h&i=">`,
		`<a rel="opener" href="https://x.example/a" onclick="x">`,
		`<a href="http://-./">`, `<a href="http://192.0.2.1/a/">`, `<a hidden href="https://x.example">`,
		`<a href="https://x.example" href="javascript:alert(1)">`,
	} {
		got, ok := plainLinkOf(tag)
		if want := htmlPolicy().Sanitize(tag); !ok || got != want {
			t.Errorf("%s is %q (%v), want %q", tag, got, ok, want)
		}
	}
}

func TestALinkThatNeedsASecondLookIsLeftToBluemonday(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{
		`<a href="javascript:alert(1)">`, `<a href="HTTPS://x.example">`, `<a href="https://">`, `<a href="https:/x.example">`,
		`<a href="//x.example">`, `<a href="/x">`, `<a>`,
		`<a href="https://u@x.example">`, `<a href="https://x.example:99">`, `<a href="https://x.example/%41">`, `<a href="https://x.example/a b">`,
		`<a href="https://x.example/?a=%22">`,
		`<a href="https://x.example/#a">`, `<a href="https://x.example?">`, `<a href="https://x.example?a">`, `<a href="https://x.example?=b">`,
		`<a href="https://x.example?a=b=c">`,
		`<a href="https://x.example?a=b&">`, `<a href="https://x.example?a=b;c=d">`, `<a href="https://x.example/&quot;">`,
		`<a href="https://bücher.example/">`,
		`<a href="https://x.example" title="x">`, `<a href="https://x.example" lang=fr>`,
		`<area href="https://x.example">`, `<base href="https://x.example">`, `<a href="https://x.example"/>`,
	} {
		if got, ok := plainLinkOf(tag); ok {
			t.Errorf("%s is written as %q", tag, got)
		}
	}
}

// FuzzPlainLink compares links with what bluemonday makes of them.
func FuzzPlainLink(f *testing.F) {
	for _, href := range []string{"https://x.example", "http://x.example/a?b=c&d=e", "https://a.-/~_?_=", "https://x.example//", "http://0"} {
		f.Add(href)
	}
	f.Fuzz(func(t *testing.T, href string) {
		tag := `<a href="` + html.EscapeString(href) + `">`
		if got, ok := plainLinkOf(tag); ok && got != htmlPolicy().Sanitize(tag) {
			t.Errorf("%s is %q, bluemonday writes %q", tag, got, htmlPolicy().Sanitize(tag))
		}
	})
}

func TestTagsBeyondTheMostThatAreJudgedLoseTheirAttributes(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range mostJudged + 10 {
		b.WriteString(`<td title="judged` + strings.Repeat("x", i%7) + string(rune('A'+i%26)) + strings.Repeat("y", i/7) + `">a</td>`)
	}
	b.WriteString(`<a href="https://x.example/">b</a><script title="z">c</script><a title="w">d</a>`)
	got := Sanitise(b.String())
	if n := strings.Count(got, "title="); n == 0 || n > mostJudged {
		t.Errorf("%d titles are kept, want at most %d", n, mostJudged)
	}
	if want := `<td>a</td><a href="https://x.example/" rel="nofollow noreferrer">b</a>d`; !strings.HasSuffix(got, want) {
		t.Errorf("ends with %q, want %q", got[len(got)-200:], want)
	}
}
