package mailbody

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"

	tokens "golang.org/x/net/html"
)

var english = Words{Language: "en", Image: "image", Rest: "The rest is not shown."}

// shown returns the body of the document for a source.
func shown(source string, pictures Pictures) string {
	document := string(Document(source, english, pictures))
	_, body, _ := strings.Cut(document, "<body>")
	return strings.TrimSuffix(body, "</body></html>")
}

// pictureOf returns an image in a format.
func pictureOf(t testing.TB, format string, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch picture := image.NewPaletted(image.Rect(0, 0, width, height), pal()); format {
	case "png":
		err = png.Encode(&b, picture)
	case "gif":
		err = gif.Encode(&b, picture, nil)
	default:
		err = jpeg.Encode(&b, picture, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// logo returns a mail's own image, and an image with a script in it for everything else that a source names.
func logo(t testing.TB) Pictures {
	octets := pictureOf(t, "png", 2, 2)
	return func(id string, most int64) []byte {
		if id == "logo@mail" && int64(len(octets)) <= most {
			return octets
		}
		return []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`)
	}
}

// harmlessElements and harmlessAttributes are the elements and attributes of a body. None loads anything, runs anything or leads anywhere, except src, whose value
// is checked.
var (
	harmlessElements = strings.Fields(`abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn
		div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q s samp section small span
		strike strong sub sup table tbody td tfoot th thead tr tt u ul var wbr`)
	harmlessAttributes = strings.Fields(`title lang dir color bgcolor align valign width height border cellpadding cellspacing colspan rowspan
		start src alt class`)
)

// checkHarmless checks every tag of a body.
func checkHarmless(t *testing.T, source, body string) {
	t.Helper()
	z := tokens.NewTokenizer(strings.NewReader(body))
	for kind := z.Next(); kind != tokens.ErrorToken; kind = z.Next() {
		token := z.Token()
		if kind == tokens.TextToken {
			continue
		}
		if kind != tokens.StartTagToken && kind != tokens.EndTagToken && kind != tokens.SelfClosingTagToken ||
			!slices.Contains(harmlessElements, token.Data) {
			t.Errorf("%q\nhas %s:\n%q", source, token, body)
		}
		for _, a := range token.Attr {
			isOwn := token.Data == "img" && (strings.HasPrefix(a.Val, "data:image/png;base64,") ||
				strings.HasPrefix(a.Val, "data:image/gif;base64,") || strings.HasPrefix(a.Val, "data:image/jpeg;base64,"))
			if !slices.Contains(harmlessAttributes, a.Key) || a.Key == "src" && !isOwn || a.Key == "class" && a.Val != "image" {
				t.Errorf("%q\nhas the attribute %s=%q:\n%q", source, a.Key, a.Val, body)
			}
		}
	}
}

func TestNoAttackLeavesMoreThanHarmlessElements(t *testing.T) {
	t.Parallel()
	for _, source := range hostile {
		body := shown(source, logo(t))
		checkHarmless(t, source, body)
		again := shown("<p>before</p>"+source+"<p>after</p>", logo(t))
		checkHarmless(t, source, again)
		if !strings.Contains(again, "<p>before</p>") {
			t.Errorf("%q took what was before it: %q", source, again)
		}
	}
}

func TestABrowsersParserFindsNothingElseInADocument(t *testing.T) {
	t.Parallel()
	for _, source := range hostile {
		root, err := tokens.Parse(bytes.NewReader(Document(source, english, logo(t))))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			own := slices.Contains([]string{"html", "head", "meta", "title", "style", "body"}, n.Data)
			if n.Type == tokens.ElementNode && !own && !slices.Contains(harmlessElements, n.Data) {
				t.Errorf("%q becomes an element %s", source, n.Data)
			}
		}
		if n := strings.Count(string(Document(source, english, nil)), "<style>"); n != 1 {
			t.Errorf("%q makes %d styles", source, n)
		}
	}
}

func TestALinkIsTextWithItsAddress(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, source, want string }{
		{"the address stands behind the text", `<a href="https://shop.example/a?b=1&amp;c=2">Shop</a>`, `<u>Shop</u> <small>[https://shop.example/a?b=1&amp;c=2]</small>`},
		{"a text that is the address is not repeated", `<a href="https://shop.example/">shop.example/</a>`, `<u>shop.example/</u>`},
		{"a text that is another address does not hide it", `<a href="https://evil.example/">https://bank.example/</a>`,
			`<u>https://bank.example/</u> <small>[https://evil.example/]</small>`},
		{"letters that look Latin do not deceive", `<a href="https://аррӏе.example/">apple</a>`, `<u>apple</u> <small>[https://xn--80ak6aa92e.example/]</small>`},
		{"a user in an address is not shown as a host", `<a href="https://bank.example@evil.example/">bank</a>`, `<u>bank</u> <small>[https://evil.example/]</small>`},
		{"a character that turns the text around is written as octets", "<a href=\"https://x.example/\u202egnp.exe\">x</a>",
			`<u>x</u> <small>[https://x.example/%E2%80%AEgnp.exe]</small>`},
		{"a long address is cut", `<a href="https://x.example/` + strings.Repeat("a", 500) + `">x</a>`,
			`<u>x</u> <small>[https://x.example/` + strings.Repeat("a", 182) + `…]</small>`},
		{"a link without an end has its address at the end", `<a href="https://x.example/">x`, `<u>x</u> <small>[https://x.example/]</small>`},
		{"mail addresses are addresses", `<a href="mailto:anna@x.example">Anna</a>`, `<u>Anna</u> <small>[mailto:anna@x.example]</small>`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := shown(test.source, nil); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestOnlyImagesOfTheMailThatAreImagesAreShown(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"png", "gif", "jpeg"} {
		octets := pictureOf(t, format, 3, 2)
		own := func(id string, _ int64) []byte {
			if id == "a b@mail" {
				return octets
			}
			return nil
		}
		for _, source := range []string{`<img src="cid:a%20b@mail" alt="Logo" width="30">`, `<IMG SRC=CID:a%20b@mail ALT=Logo WIDTH=30>`} {
			if got := shown(source, own); !strings.HasPrefix(got, `<img src="data:image/`+format+`;base64,`) ||
				!strings.HasSuffix(got, ` alt="Logo" width="30">`) {
				t.Errorf("%s: %s", format, got)
			}
		}
		if got := shown(`<img src="cid:other@mail" alt="Other">`, own); got != `<span class="image">[image Other]</span>` {
			t.Errorf("an image that is not there: %s", got)
		}
	}
	for name, octets := range map[string][]byte{
		"no image": []byte("MZ"), "an image of another size than its octets say": hugePNG(t), "too many octets": make([]byte, maxPicture+1),
		"svg": []byte(`<svg/>`),
	} {
		if got := shown(`<img src="cid:x">`, func(string, int64) []byte { return octets }); got != `<span class="image">[image]</span>` {
			t.Errorf("%s: %.100s", name, got)
		}
	}
}

func TestADocumentIsBounded(t *testing.T) {
	t.Parallel()
	big := pictureOf(t, "png", 3000, 300)
	big = append(big, make([]byte, maxPicture-len(big))...)
	for name, source := range map[string]string{
		"octets": strings.Repeat("a", 10<<20), "brackets": strings.Repeat("<", 10<<20), "elements": strings.Repeat("<p>x", 1<<20),
		"nesting": strings.Repeat("<div>", 1<<20), "formatting": strings.Repeat("<font color=red><b>", 100_000) + strings.Repeat("<p>", 100_000),
		"images": strings.Repeat(`<img src="cid:x">`, 100_000), "links": strings.Repeat(`<a href="https://x.example/">`, 100_000),
		"references": strings.Repeat("&amp", 1<<20), "attributes": "<p " + strings.Repeat("a=b ", 1<<20) + ">",
	} {
		document := Document(source, english, func(string, int64) []byte { return big })
		if len(document) > 5*maxSource+maxPictures*4/3+1000 {
			t.Errorf("%s: %d octets", name, len(document))
		}
		if !strings.Contains(string(document), english.Rest) {
			t.Errorf("%s: nothing says that the document was cut", name)
		}
		checkHarmless(t, name, shown(source, nil))
	}
}

func TestADocumentThatFitsIsNotCut(t *testing.T) {
	t.Parallel()
	source := `<table><tbody><tr><td align="left">a</td><td><b>b</b></td></tr></tbody></table>`
	if got := shown(source, nil); got != source {
		t.Errorf("got %q", got)
	}
}

func TestFormattingIsNotRepeatedWithoutBound(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&b, "<font color=#%06x>", i)
	}
	b.WriteString(strings.Repeat("<p>x", 3000))
	root, err := tokens.Parse(bytes.NewReader(Document(b.String(), english, nil)))
	if err != nil {
		t.Fatal(err)
	}
	nodes := 0
	for range root.Descendants() {
		nodes++
	}
	if nodes > 3000*(maxFormats+3) {
		t.Errorf("a browser makes %d nodes of it", nodes)
	}
}

func TestThePolicyAllowsNothingButItsStyleAndImagesWithin(t *testing.T) {
	t.Parallel()
	for _, directive := range strings.Split(Policy, "; ") {
		name, value, _ := strings.Cut(directive, " ")
		allowed := map[string]string{"default-src": "'none'", "img-src": "data:", "style-src": "'" + hashOf(style) + "'", "sandbox": "",
			"base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'self'"}
		if want, ok := allowed[name]; !ok || value != want {
			t.Errorf("%s", directive)
		}
	}
	if !strings.Contains(string(Document("x", english, nil)), "<style>"+style+"</style>") {
		t.Error("the document has another style than its policy names")
	}
}

func FuzzDocument(f *testing.F) {
	for _, source := range hostile {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) { checkHarmless(t, source, shown(source, logo(t))) })
}

func pal() color.Palette { return color.Palette{color.White, color.Black} }

// hugePNG returns a small file that says it is an image of a billion pixels.
func hugePNG(t *testing.T) []byte {
	t.Helper()
	octets := pictureOf(t, "png", 1, 1)
	copy(octets[16:24], []byte{0, 0, 0x7d, 0, 0, 0, 0x7d, 0}) // width and height of IHDR: 32,000 each
	binary.BigEndian.PutUint32(octets[29:], crc32.ChecksumIEEE(octets[12:29]))
	if config, err := png.DecodeConfig(bytes.NewReader(octets)); err != nil || config.Width != 32_000 {
		t.Fatalf("%+v, %v", config, err)
	}
	return octets
}
