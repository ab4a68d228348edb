package processor

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/processor/charset"
)

func TestBlocksAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text  string
		fields      string // "line:name=value" with spaces between
		description string
		outside     string
		wrong       string
	}{
		{"bare tokens", "CreateSR\nType: x\nCreateSR", "2:Type=x", "", "", ""},
		{"square brackets", "Hi\n[CreateSR]\nType: x\n\nA: b\n[/CreateSR]\nbye", "3:Type=x 5:A=b", "", "Hi\nbye", ""},
		{"angle brackets in another case", "<CREATESR>\nType: x\n</createsr>", "2:Type=x", "", "", ""},
		{"on one line", "  [CreateSR] Type: x [/CreateSR]  ", "1:Type=x", "", "", ""},
		{"CR LF, tabs and no-break spaces", "\u00a0CreateSR\t\r\n\u00a0Type\u00a0:\u00a0x\u00a0\r\nCreateSR\r\n", "2:Type=x", "", "", ""},
		{"a full-width colon and bold names", "CreateSR\nType： x\n*A:* *b*\n**C**: d\nCreateSR", "2:Type=x 3:A=b 4:C=d", "", "", ""},
		{"a value with colons", "CreateSR\nLink: http://x:1/\nCreateSR", "2:Link=http://x:1/", "", "", ""},
		{"a description runs to the end of the block", "[CreateSR]\nType: x\ndescription: one\n\n  two\nPriority: none\n[/CreateSR]", "2:Type=x", "one\n\n  two\nPriority: none", "", ""},
		{"a description ends on the line of the closing token", "[CreateSR]\nDescription:\none [/CreateSR]", "", "one", "", ""},
		{"a token in a sentence opens no block", "please write CreateSR\nType: x", "", "", "please write CreateSR\nType: x", "the message has no block of fields (write Field: value lines between [CreateSR] and [/CreateSR])"},
		{"a quoted block does not count", "> CreateSR\n> Type: x\n> CreateSR", "", "", "> CreateSR\n> Type: x\n> CreateSR", "the message has no block of fields (write Field: value lines between [CreateSR] and [/CreateSR])"},
		{"a block that is not closed", "CreateSR\nType: x", "2:Type=x", "", "", "line 1: the block that begins here is not closed (write CreateSR in the line after it)"},
		{"a block closed with other brackets", "[CreateSR]\nType: x\n</CreateSR>", "2:Type=x", "", "", "line 1: the block that begins here is not closed (write [/CreateSR] in the line after it); line 3: \"</CreateSR>\" is no field (write Field: value, or put it under Description:)"},
		{"a closing token without a block", "Type: x\n[/CreateSR]", "", "", "Type: x\n[/CreateSR]", "the message has no block of fields (write Field: value lines between [CreateSR] and [/CreateSR]); line 2: a block is closed that was not opened"},
		{"a block opened twice", "[CreateSR]\n[CreateSR]\nType: x\n[/CreateSR]", "3:Type=x", "", "", "line 2: a second block is opened within that of line 1 (close it with [/CreateSR] first)"},
		{"a value that a mail program broke in two", "CreateSR\nWhy: " + strings.Repeat("word ", 13) + "\nand more\nA: b\nCreateSR", "2:Why=" + strings.Repeat("word ", 13) + "and more 4:A=b", "", "", ""},
		{"a value that a mail program broke twice", "CreateSR\nWhy: " + strings.Repeat("word ", 13) + "\n" + strings.Repeat("more ", 13) + "\nend\nCreateSR", "2:Why=" + strings.Repeat("word ", 13) + strings.Repeat("more ", 13) + "end", "", "", ""},
		{"a value that a mail program broke before a URL", "CreateSR\nWhy: " + strings.Repeat("word ", 13) + "\nhttps://x.example/\nCreateSR", "2:Why=" + strings.Repeat("word ", 13) + "https://x.example/", "", "", ""},
		{"a long field and another after it", "CreateSR\nWhy: " + strings.Repeat("word ", 13) + "\nA: b\nCreateSR", "2:Why=" + strings.TrimSpace(strings.Repeat("word ", 13)) + " 3:A=b", "", "", ""},
		{"no value continues after a short field, a blank line or a line too long for a mail program to break", "CreateSR\nA: b\nnothing\nWhy: " + strings.Repeat("word ", 13) + "\n\nnone\nLong: " + strings.Repeat("x", 90) + "\nno\nCreateSR",
			"2:A=b 4:Why=" + strings.TrimSpace(strings.Repeat("word ", 13)) + " 7:Long=" + strings.Repeat("x", 90), "", "",
			"line 3: \"nothing\" is no field (write Field: value, or put it under Description:); line 6: \"none\" is no field (write Field: value, or put it under Description:); line 8: \"no\" is no field (write Field: value, or put it under Description:)"},
		{"lines that are no fields", "CreateSR\nnothing\n: x\nCreateSR", "", "", "", "line 2: \"nothing\" is no field (write Field: value, or put it under Description:); line 3: \": x\" is no field (write Field: value, or put it under Description:)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := readBlock(test.text, "[CreateSR]")
			var fields []string
			for _, f := range b.fields {
				fields = append(fields, string(rune('0'+f.line))+":"+f.Name+"="+f.Value)
			}
			got := []string{strings.Join(fields, " "), b.description, b.outside, strings.Join(b.mistakeClauses(), "; ")}
			if diff := cmp.Diff([]string{test.fields, test.description, test.outside, test.wrong}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestABlockOfManyLinesIsBounded(t *testing.T) {
	t.Parallel()
	b := readBlock("CreateSR\n"+strings.Repeat("A: "+strings.Repeat("x", 10_000)+"\nnothing\n", 1000)+"CreateSR", "CreateSR")
	if len(b.fields) != maxBlockFields || len(b.fields[0].Value) > maxFieldValue || len(b.wrong) > 20 || !b.isWhole {
		t.Errorf("%d fields, the first of %d octets, %d mistakes, whole: %t", len(b.fields), len(b.fields[0].Value), len(b.wrong), b.isWhole)
	}
}

func TestWithoutATokenThereIsNoBlock(t *testing.T) {
	t.Parallel()
	if b := readBlock("\n\n", " [] "); len(b.wrong) != 1 || b.isWhole {
		t.Errorf("got %+v, want one mistake and no block", b)
	}
}

// FuzzBlock reads arbitrary text: every mistake is one line, and the fields are in the text.
func FuzzBlock(f *testing.F) {
	f.Add("CreateSR\nType: x\nDescription: y\nCreateSR")
	f.Add("[CreateSR] A: b\n[/CreateSR]\n<CreateSR>")
	f.Add("<CREATESR>\n*A*： b\n</createsr>")
	f.Fuzz(func(t *testing.T, text string) {
		b := readBlock(text, "CreateSR")
		if strings.ContainsAny(strings.Join(b.mistakeClauses(), " "), "\n") {
			t.Errorf("%q is not one line", b.mistakeClauses())
		}
		if len(b.wrong) == 0 && !b.isWhole {
			t.Errorf("there is no block, but no mistake is reported: %+v", b)
		}
		for _, field := range b.fields {
			if !strings.Contains(charset.CollapseSpace(text), charset.CollapseSpace(field.Value)) || field.line > 1+strings.Count(text, "\n") {
				t.Errorf("%+v is not in the text", field)
			}
		}
	})
}
