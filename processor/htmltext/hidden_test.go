package htmltext

import (
	"strings"
	"testing"
)

func TestWhatTheSenderHidIsNeitherInTheTextNorInTheHTML(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, source string }{ // "seen" is to be read, "secret" is not
		{"a style in capitals, with spaces and important", `seen<P STYLE=" Color : red ; DISPLAY : None ! important">secret</P>seen`},
		{"a style in single quotes and without quotes", `<i style='display:none'>secret</i>seen<i style=display:none>secret</i>`},
		{"a style with references to characters", `<i style="display&#58;&#x20;none">secret</i>seen`},
		{"a declaration after a comment", `<i style="/* x */display:/**/none">secret</i>seen`},
		{"an important declaration that stands first", `<i style="display:none!important;display:block">secret</i>seen`},
		{"a later value that CSS does not know", `<i style="display:none;display:nonsense">secret</i>seen`},
		{"the hidden attribute with any value", `<i hidden>secret</i><i HIDDEN=false>secret</i><i hidden="until-found">secret</i>seen`},
		{"a template, whatever its style", `<template style="display:block"><p>secret</p></template>seen`},
		{"an element that HTML does not know", `<o:p hidden>secret</o:p>seen<my-own hidden>secret<b>secret</b></my-own>`},
		{"an image with an alternative text", `<img alt=secret style="display:none">seen<img alt=secret hidden>`},
		{"an element within another of its name", `<div hidden>secret<div>secret</div>secret</div>seen`},
		{"a paragraph, up to the next block", `<p hidden>secret<b>secret<p>seen</p><p hidden>secret<table><tr><td>seen</table>`},
		{"an item, up to the next item", `<ul><li hidden>secret<p>secret<li>seen<li hidden>secret<ul><li>secret</ul>secret<li>seen</ul>`},
		{"a definition, up to the next one", `<dl><dt hidden>secret<dd>seen<dd hidden>secret<dt>seen</dl>`},
		{"a cell, up to the next cell", `<table><tr><td hidden>secret<div>secret<td>seen<th hidden>secret<tr><td>seen</table>`},
		{"a row with a table within, up to the next row", `<table><tr hidden><td>secret<table><tr><td>secret</table>secret<tr><td>seen</table>`},
		{"a body of a table, up to the next one", `<table><tbody hidden><tr><td>secret<tbody><tr><td>seen</table>`},
		{"a table, up to its end tag", `<table hidden><tr><td>secret</div></p>secret<tr><td>secret</table>seen`},
		{"a span, up to the end of the cell around it", `<table><tr><td><span hidden>secret</td><td>seen</td></tr></table>`},
		{"a span, up to the end of the block around it", `<div><span hidden>secret</div>seen`},
		{"a div, up to the end of the section around it", `<section><div hidden>secret<p>secret</section>seen`},
		{"a div within bold words goes on behind their end", `<b><div hidden>secret</b>secret</div>seen`},
		{"bold words, up to their end within a block", `<b hidden>secret<div>secret</b>seen</div>seen`},
		{"an anchor, up to the next anchor", `<a hidden href="https://a.example">secret<a href="https://seen.example">seen</a>`},
		{"a heading, up to the end tag of any heading", `<h1 hidden>secret</h2>seen`},
		{"an option, up to the next one", `<select><option hidden>secret<option>seen</select>`},
		{"an end tag of what is not open ends nothing", `<div hidden>secret</section></b></td>secret</div>seen`},
		{"an element that is not closed, up to the end of the body", `seen<div hidden>secret</body></html>seen`},
		{"styles and scripts within", `<div hidden>secret<style></div></style><script>"</div>"</script>secret</div>seen`},
		{"elements that are open since long before", `<section><p>seen<i>` + strings.Repeat("<b>", 20) + `<span hidden>secret</p></section>seen`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text, html := Text(tt.source, 1000), Sanitise(tt.source)
			if strings.Contains(text+html, "secret") {
				t.Errorf("%q\nis said as    %q\nand shown as %q", tt.source, text, html)
			}
			for _, got := range []string{text, html} {
				if strings.Count(got, "seen") < strings.Count(tt.source, "seen") {
					t.Errorf("%q\nlacks words: %q", tt.source, got)
				}
			}
		})
	}
}

func TestWhatIsNotHiddenIsRead(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		`<i style="display:inline-block">seen</i>`, `<i style="display:none;display:table-cell">seen</i>`,
		`<i style="display:block!important;display:none">seen</i>`,
		`<i style="/* display:none */">seen</i>`, `<i style="color:red/*;display:none">seen</i>`, `<i style="mso-display:none">seen</i>`,
		`<i style="overflow:hidden;max-height:0">seen</i>`, `<i class="hidden" id="hidden" data-hidden="1">seen</i>`,
		`<i title="hidden" style="content:none">seen</i>`,
		`<i hidden style="display:block">seen</i>`, `<i style="display:block" style="display:none">seen</i>`, `<style>i{display:none}</style><i>seen</i>`,
		`<!-- <div hidden> -->seen`, `<br hidden>seen<hr hidden>seen<input type=hidden>seen`, `<div hidden/>seen`, `<i hidden></i>seen`,
		`<html hidden><head style="display:none"><title>x</title></head><body>seen</body></html>`, `<p>seen<i hidden></i> seen</p>`,
	} {
		text, html := Text(source, 1000), Sanitise(source)
		for _, got := range []string{text, html} {
			if strings.Count(got, "seen") < strings.Count(source, "seen") {
				t.Errorf("%q is %q", source, got)
			}
		}
	}
}

func TestHiddenWordsLeaveWhatStandsAroundThem(t *testing.T) {
	t.Parallel()
	const source = `<p>Error <span style="display:none">a <b>b</b></span>17 <a href="https://x.example">here<i hidden>c</i></a></p>` +
		`<!-- d --><p hidden>e</p><p>end</p>`
	if got, want := Text(source, 1000), "Error 17 here <https://x.example>\n\nend"; got != want {
		t.Errorf("said as %q, want %q", got, want)
	}
	if got, want := Sanitise(source), `<p>Error 17 <a href="https://x.example" rel="nofollow noreferrer">here</a></p><p>end</p>`; got != want {
		t.Errorf("shown as %q, want %q", got, want)
	}
}

func TestHidingTellsABoundedNumberOfOpenElementsApart(t *testing.T) {
	t.Parallel()
	for _, within := range []string{"<p>", "<b>", "</p>", "<td>", "</li>", "<li>", "</x>", "<x>", "<a>"} {
		for _, begin := range []string{"<p hidden><table>", "<div hidden>", "<b hidden>", "<x hidden>"} {
			h := hiding{source: begin + strings.Repeat("<i>", 2*deepestOpen) + strings.Repeat(within, 5*deepestOpen)}
			h.catchUp(len(h.source))
			if len(h.open.all) > deepestOpen {
				t.Errorf("%d elements are told apart after %s and many %s", len(h.open.all), begin, within)
			}
		}
	}
}
