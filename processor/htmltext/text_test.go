package htmltext

import "testing"

func TestHTMLBecomesReadableText(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, html, want string }{
		{"paragraphs", "<p>one</p><p>two</p>", "one\n\ntwo"},
		{"line breaks", "one<br>two<br/><br>three", "one\ntwo\n\nthree"},
		{"no more than two empty lines", "one<br><br><br><br><br><br>two", "one\n\n\ntwo"},
		{"a run of white space is one space", "one \n\t two", "one two"},
		{"white space at the beginning of a line is dropped", "<p> one </p> <p> two </p>", "one\n\ntwo"},
		{"inline elements", "a<b>b</b> <i>c</i>d", "ab cd"},
		{"blocks", "<div>one</div><div>two</div>three", "one\ntwo\nthree"},
		{"entities", "&lt;a&gt; &amp; &eacute;&nbsp;&#8364; &unknown;", "<a> & é € &unknown;"},
		{"a table", "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><p>2</p></td></tr></table>", "a\tb\n1\t2"},
		{"a table as Outlook writes it", "<table><tr><td><p>a</p></td><td><p>b</p></td></tr><tr><td><p>1</p></td><td><div>2</div><div>3</div></td></tr></table><p>c</p>", "a\tb\n1\t2\n3\n\nc"},
		{"a cell of many lines", "<table><tr><td>a<br>b</td><td>c</td></tr></table>", "a\nb\nc"},
		{"a cell that ends with a line break", "<table><tr><td>a<br></td><td>b</td></tr></table>", "a\tb"},
		{"a table in a table", "<table><tr><td><table><tr><td>a</td><td>b</td></tr></table></td><td>c</td></tr></table>d", "a\tb\nc\nd"},
		{"a table in a cell beside another", "<table><tr><td>a</td><td><table><tr><td>b</td><td>c</td></tr></table></td></tr></table>", "a\nb\tc"},
		{"cells that are not closed", "<table><tr><td>a<td>b<tr><td>1<td>2</table>", "a\tb\n1\t2"},
		{"an empty cell", "<table><tr><td>a</td><td></td><td>c</td></tr></table>", "a\tc"},
		{"a list", "<ul><li>one</li><li>two</li></ul>", "- one\n- two"},
		{"a list of paragraphs", "<ol><li><p>one</p></li><li><p>two</p></li></ol>", "1. one\n\n2. two"},
		{"a list in a list", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"},
		{"an item without a list", "<li>a<li>b", "- a\n- b"},
		{"a link", `see <a href="https://example.com/x">here</a>.`, "see here <https://example.com/x>."},
		{"a link whose text is its address", `<a href="https://example.com/">https://example.com</a> <a href="https://example.com">example.com</a>`, "https://example.com example.com"},
		{"a link to a script", `<a href="javascript:x">here</a>`, "here"},
		{"a link that is not closed", `<a href="https://a.example">a<a href="https://b.example">b`, "a <https://a.example>b"},
		{"preformatted text", "<pre>a\n  b\n\nc</pre>d", "a\n  b\n\nc\nd"},
		{"a quote", "a<blockquote>b<br>c<blockquote>d</blockquote></blockquote>e", "a\n> b\n> c\n>> d\ne"},
		{"a horizontal rule", "a<hr>b", "a\n----------\nb"},
		{"an image with an alternative text", `a <img alt="plan" src="cid:x"> b <img src=y>`, "a [plan] b"},
		{"scripts and styles", "<style>p{}</style>a<script>if (a<b) c</script>b<title>t</title>", "ab"},
		{"a comment", "a<!-- b -->c<!--[if mso]>d<![endif]-->", "ac"},
		{"characters that fill a preview line are dropped", "a\u200b\u00ad\ufeff\u200c b", "a b"},
		{"a joiner within a word stays", "می\u200cخواهم", "می\u200cخواهم"},
		{"tags in any order", "<b><p>a</b></p></div></table>b", "a\n\nb"},
		{"a tag that is not closed", "a <b", "a"},
		{"empty elements as XML writes them", "<html><head><title/><script src='x'/></head><body><p>a</p></body></html>", "a"},
		{"control characters in references", "&#27;[31ma&#7;<pre>b&#13;c</pre><img alt='&#27;]0;d'>", "[31ma\nb\nc\n[]0;d]"},
		{"a link to a mail address", `<a href="mailto:ann@example.com?subject=x">Ann</a>, <a href="MAILTO:b@example.com">b@example.com</a>`, "Ann <ann@example.com>, b@example.com"},
		{"words in angle brackets", "<CreateSR><br>Ann <ann.lee@ex-ample.com> x</CreateSR>", "<CreateSR>\nAnn <ann.lee@ex-ample.com> x</CreateSR>"},
		{"elements unknown to HTML", "<o:p>a</o:p><xml>b</xml><my-own>c</my-own><nobr>d</nobr><foo bar>e</foo>", "abcde"},
		{"no HTML", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Text(tt.html, 1000); got != tt.want {
				t.Errorf("Text(%q) = %q, want %q", tt.html, got, tt.want)
			}
		})
	}
}
