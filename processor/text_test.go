package processor

import (
	"strings"
	"testing"
)

func TestEncodedWordsAreDecoded(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, value, want string }{
		{"no encoded-word", "hello  world", "hello  world"},
		{"B", "=?utf-8?B?w6k=?=", "é"},
		{"Q", "=?iso-8859-1?Q?caf=E9_=20x?=", "café  x"},
		{"a small letter for the encoding", "=?UTF-8?q?=c3=a9?=", "é"},
		{"text around it", "a =?utf-8?Q?b?= c", "a b c"},
		{"two with white space between them", "=?utf-8?Q?a?= \t =?utf-8?Q?b?=", "ab"},
		{"two of different charsets", "=?utf-8?Q?=C3=A9?= =?iso-8859-1?Q?=E9?=", "éé"},
		{"a character split between two", "=?utf-8?B?w?= =?utf-8?B?w6k=?=", "é"},
		{"octets of one character in two words", "=?utf-8?Q?=E2=82?= =?utf-8?Q?=AC?=", "€"},
		{"an escape sequence split between two", "=?iso-2022-jp?Q?=1B$B$3?= =?iso-2022-jp?Q?$s=1B(B?=", "こん"},
		{"no padding", "=?utf-8?B?w6kh?==?utf-8?B?w6k?=", "é!é"},
		{"glued to text", "x=?utf-8?Q?y?=z", "xyz"},
		{"white space in the text", "=?utf-8?Q?a b?= c", "a b c"},
		{"a language", "=?utf-8*fr?Q?=C3=A9?=", "é"},
		{"text that begins with an equals sign", "=?utf-8?Q?=41?=", "A"},
		{"an unknown charset", "=?x-klingon?Q?abc?=", "abc"},
		{"an unknown encoding", "=?utf-8?X?abc?=", "=?utf-8?X?abc?="},
		{"not closed", "=?utf-8?Q?abc", "=?utf-8?Q?abc"},
		{"empty", "a =?utf-8?Q??= b", "a  b"},
		{"codes that are none", "=?utf-8?Q?100=%_=zz?=", "100=% =zz"},
		{"raw UTF-8 beside it", "é =?utf-8?Q?=C3=A9?=", "é é"},
		{"raw windows-1252", "caf\xe9", "café"},
		{"cp1252 called iso-8859-1", "=?iso-8859-1?Q?=80_5?=", "€ 5"},
		{"only question marks", "=?=?=?=?", "=?=?=?=?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := decodeWords(tt.value, ""); got != tt.want {
				t.Errorf("decodeWords(%q) = %q, want %q", tt.value, got, tt.want)
			}
		})
	}
}

func TestHTMLBecomesTextThatReadsWell(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, html, want string }{
		{"paragraphs", "<p>one</p><p>two</p>", "one\n\ntwo"},
		{"line breaks", "one<br>two<br/><br>three", "one\ntwo\n\nthree"},
		{"no more than two empty lines", "one<br><br><br><br><br><br>two", "one\n\n\ntwo"},
		{"white space is one space", "one \n\t two", "one two"},
		{"white space at the beginning of a line is none", "<p> one </p> <p> two </p>", "one\n\ntwo"},
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
		{"a link that says its address", `<a href="https://example.com/">https://example.com</a> <a href="https://example.com">example.com</a>`, "https://example.com example.com"},
		{"a link to a script", `<a href="javascript:x">here</a>`, "here"},
		{"a link that is not closed", `<a href="https://a.example">a<a href="https://b.example">b`, "a <https://a.example>b"},
		{"preformatted text", "<pre>a\n  b\n\nc</pre>d", "a\n  b\n\nc\nd"},
		{"a quote", "a<blockquote>b<br>c<blockquote>d</blockquote></blockquote>e", "a\n> b\n> c\n>> d\ne"},
		{"a rule", "a<hr>b", "a\n----------\nb"},
		{"an image with a text", `a <img alt="plan" src="cid:x"> b <img src=y>`, "a [plan] b"},
		{"scripts and styles", "<style>p{}</style>a<script>if (a<b) c</script>b<title>t</title>", "ab"},
		{"a comment", "a<!-- b -->c<!--[if mso]>d<![endif]-->", "ac"},
		{"what fills a preview line", "a\u200b\u00ad\ufeff\u200c b", "a b"},
		{"a joiner within a word stays", "می\u200cخواهم", "می\u200cخواهم"},
		{"tags in no order", "<b><p>a</b></p></div></table>b", "a\n\nb"},
		{"a tag that is not closed", "a <b", "a"},
		{"elements that are empty as XML writes them", "<html><head><title/><script src='x'/></head><body><p>a</p></body></html>", "a"},
		{"control characters in references", "&#27;[31ma&#7;<pre>b&#13;c</pre><img alt='&#27;]0;d'>", "[31ma\nb\nc\n[]0;d]"},
		{"a link to an address", `<a href="mailto:ann@example.com?subject=x">Ann</a>, <a href="MAILTO:b@example.com">b@example.com</a>`, "Ann <ann@example.com>, b@example.com"},
		{"words in angle brackets", "<CreateSR><br>Ann <ann.lee@ex-ample.com> x</CreateSR>", "<CreateSR>\nAnn <ann.lee@ex-ample.com> x</CreateSR>"},
		{"elements of other languages", "<o:p>a</o:p><xml>b</xml><my-own>c</my-own><nobr>d</nobr><foo bar>e</foo>", "abcde"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := htmlText(tt.html, 1000); got != tt.want {
				t.Errorf("htmlText(%q) = %q, want %q", tt.html, got, tt.want)
			}
		})
	}
}

func TestCharsetsAreDecodedForWhatTheyAre(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, octets, label, want string }{
		{"ASCII", "hello", "us-ascii", "hello"},
		{"UTF-8", "é", "UTF-8", "é"},
		{"UTF-8 that is not declared", "é", "", "é"},
		{"UTF-8 called us-ascii", "é", "us-ascii", "é"},
		{"UTF-8 called iso-8859-1", "é", "iso-8859-1", "é"},
		{"UTF-8 cut in a character", "ééé\xc3", "utf-8", "ééé\ufffd"},
		{"windows-1252 called UTF-8", "Gr\xf6\xdfe", "utf-8", "Größe"},
		{"windows-1252 called iso-8859-1", "\x80\x93", "iso-8859-1", "€“"},
		{"windows-1252 called ASCII", "\xe9", "us-ascii", "é"},
		{"iso-8859-15", "\xa4", "iso-8859-15", "€"},
		{"iso-8859-2", "\xb1", "iso-8859-2", "ą"},
		{"koi8-r", "\xf0\xd2\xc9\xd7\xc5\xd4", "koi8-r", "Привет"},
		{"windows-1251", "\xcf\xf0\xe8\xe2\xe5\xf2", "CP1251", "Привет"},
		{"gb2312", "\xc4\xe3\xba\xc3", "gb2312", "你好"},
		{"gb18030 called gb2312", "\xe9F", "gb2312", "镕"},
		{"gbk with a euro sign", "\x80", "gbk", "€"},
		{"iso-gb2312", "\xc4\xe3", "iso-gb2312", "你"},
		{"hz", "~{<:Ky2;~}", "hz-gb-2312", "己所不"},
		{"big5", "\xa7A\xa6n", "big5", "你好"},
		{"shift_jis", "\x82\xb1\x82\xf1", "cp932", "こん"},
		{"euc-jp", "\xa4\xb3\xa4\xf3", "x-euc-jp", "こん"},
		{"iso-2022-jp", "\x1b$B$3$s\x1b(B", "iso-2022-jp", "こん"},
		{"iso-2022-jp that is not declared", "\x1b$B$3$s$K$A$O!\"%W%j%s%?!<$,F0$-$^$;$s\x1b(B", "", "こんにちは、プリンターが動きません"},
		{"euc-kr", "\xbe\xc8\xb3\xe7", "ks_c_5601-1987", "안녕"},
		{"utf-7", "a+AOk-b +- +Jjo-", "unicode-1-1-utf-7", "aéb + ☺"},
		{"utf-7 with a plus that begins nothing", "1 + 1 +", "utf-7", "1 + 1 +"},
		{"utf-16 with a mark", "\xff\xfeh\x00\xe9\x00", "utf-16", "hé"},
		{"utf-16le", "h\x00\xe9\x00", "utf-16le", "hé"},
		{"utf-16 without a mark", "\x00h\x00\xe9", "utf-16", "hé"},
		{"utf-16 in the other order without a mark", "h\x00\xe9\x00", "utf-16", "hé"},
		{"utf-16le that is declared big-endian", "h\x00e\x00y\x00", "utf-16be", "hey"},
		{"utf-16 of Chinese alone", "O`Y}", "utf-16", "你好"},
		{"utf-16 of Chinese in the other order", "`O}Y\x0c\xffSbpS:g\n\x00", "utf-16", "你好，打印机\n"},
		{"utf-16 of kana whose octets are all ASCII", "0S0a0k0a0o", "utf-16", "こちにちは"},
		{"utf-16 with a mark that is not declared", "\xff\xfeh\x00\xe9\x00", "", "hé"},
		{"ASCII called utf-16", "The printer is broken.\n", "utf-16", "The printer is broken.\n"},
		{"one word of ASCII called utf-16", "Hello!", "utf-16", "Hello!"},
		{"UTF-8 called utf-16le", "Принтер не работает", "utf-16le", "Принтер не работает"},
		{"windows-1252 called utf-16", "The caf\xe9 is closed", "utf-16", "The café is closed"},
		{"ASCII called utf-32", "hello", "utf-32", "hello"},
		{"utf-32le", "h\x00\x00\x00\xe9\x00\x00\x00", "utf-32le", "hé"},
		{"cp437", "\x82", "cp437", "é"},
		{"cp850", "\x82", "ibm850", "é"},
		{"macintosh", "\x8e", "x-mac-roman", "é"},
		{"a label in quotes", "\xe9", `"iso-8859-1"`, "é"},
		{"an unknown label", "Gr\xf6\xdfe", "x-unknown", "Größe"},
		{"a label the WHATWG replaces", "abc", "iso-2022-kr", "abc"},
		{"nothing", "", "utf-8", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := decodeCharset([]byte(tt.octets), tt.label); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAFieldIsNotUTF16BecauseTheBodyIs(t *testing.T) {
	t.Parallel()
	if got := decodeWords("Gr\xf6\xdfe", "UTF-16"); got != "Größe" {
		t.Errorf("got %q", got)
	}
}

func TestFlowedTextIsJoined(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		delete     bool
		want       string
	}{
		{"a paragraph", "one \ntwo\nthree", false, "one two\nthree"},
		{"the space is deleted", "on \ne", true, "one"},
		{"quotes of one depth", "> a \n> b\n>> c \nd", false, "> a b\n>> c \nd"},
		{"stuffed lines", " From here\n  two", false, "From here\n two"},
		{"a signature", "text \n-- \nAnn", false, "text \n-- \nAnn"},
		{"nothing", "", false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := unflow(tt.text, tt.delete); got != tt.want {
				t.Errorf("unflow(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestMessageIDsAreReadFromWhateverIsThere(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, field, want string }{
		{"one", "<a@b>", "a@b"},
		{"several", "<a@b> <c@d>\t<e@f>", "a@b|c@d|e@f"},
		{"glued", "<a@b><c@d>", "a@b|c@d"},
		{"commas", "<a@b>, <c@d>", "a@b|c@d"},
		{"twice the same", "<a@b> <a@b>", "a@b"},
		{"folded within", "<a@\t b>", "a@b"},
		{"a sentence around it", "Message from Ann of Tuesday <a@b> \"x\"", "a@b"},
		{"no brackets", "a@b, c@d", "a@b|c@d"},
		{"no closing bracket", "<a@b <c@d>", "a@b|c@d"},
		{"no at sign", "<20261103.4711>", "20261103.4711"},
		{"words without brackets", "your message of Tuesday", ""},
		{"empty brackets", "<> <a@b>", "a@b"},
		{"one that is too long", "<" + strings.Repeat("x", 999) + "> <a@b>", "a@b"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ids, _ := parseMessageIDs(tt.field, 998)
			if got := strings.Join(ids, "|"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
