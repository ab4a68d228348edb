package config

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

func TestATagIsRewrittenAndTheRestOfTheFileStaysAsItIs(t *testing.T) {
	t.Parallel()
	set := func(tag, value string) []Edit { return []Edit{{tag, value}} }
	for name, tc := range map[string]struct {
		file  string
		edits []Edit
		want  string
	}{
		"a value is replaced, with its case, its blanks and a comment beside it": {
			"<M>\n\t<port> 995 </Port> <!-- a -->\n</m>", set("Port", "110"), "<M>\n\t<port> 110 </Port> <!-- a -->\n</m>",
		},
		"a value is escaped as text of XML": {
			"<M><UserName>a</UserName></M>", set("UserName", `<b> & "c's"`),
			`<M><UserName>&lt;b&gt; &amp; "c's"</UserName></M>`,
		},
		"a comment within a value stays": {
			"<M><Port><!-- a -->995</Port></M>", set("Port", "110"),
			"<M><Port><!-- a -->110</Port></M>",
		},
		"a value around a comment becomes one": {
			"<M><Port>9<!-- a -->95</Port></M>", set("Port", "110"),
			"<M><Port>110<!-- a --></Port></M>",
		},
		"a CDATA section remains one": {
			"<M><Password><![CDATA[a<b]]></Password></M>", set("Password", "c&d"),
			"<M><Password><![CDATA[c&d]]></Password></M>",
		},
		"a CDATA section cannot hold its end": {
			"<M><Password><![CDATA[a<b]]></Password></M>", set("Password", "]]>"),
			"<M><Password>]]&gt;</Password></M>",
		},
		"the layout around a password stays": {
			"<M><Password>\r\n  a \r\n</Password></M>", set("Password", "b"),
			"<M><Password>\r\n  b \r\n</Password></M>",
		},
		"blanks of a password are no layout": {
			"<M><Password>\r\n  a \r\n</Password></M>", set("Password", " b"),
			"<M><Password> b</Password></M>",
		},
		"a value that is the same already keeps its references": {
			"<M><IncidentFallbackSiteName>Montr&eacute;al</IncidentFallbackSiteName></M>", set("IncidentFallbackSiteName", "Montréal"),
			"<M><IncidentFallbackSiteName>Montr&eacute;al</IncidentFallbackSiteName></M>",
		},
		"an empty tag gets a value":         {"<M><Port></Port></M>", set("Port", "110"), "<M><Port>110</Port></M>"},
		"an empty-element tag gets a value": {"<M><port /></M>", set("Port", "110"), "<M><port>110</port></M>"},
		"a tag that is given twice is left once": {
			"<M>\n  <Port>1</Port>\n  <Port>2</Port>\n</M>", set("Port", "3"),
			"<M>\n  <Port>3</Port>\n</M>",
		},
		"all values of a tag that repeats are replaced": {
			"<MailIntegrationService>\n <Mailboxes>a.xml</Mailboxes>\n <Mailboxes>b.xml</Mailboxes>\n</MailIntegrationService>",
			set("Mailboxes", "c.xml, d.xml"),
			"<MailIntegrationService>\n <Mailboxes>c.xml, d.xml</Mailboxes>\n</MailIntegrationService>",
		},
		"a tag of the same name in a comment, a filter or an Smtp is another one": {
			"<M><!-- <Name>a</Name> <Smtp> --><Filters><Filter><Name>b</Name></Filter></Filters><Smtp><Port>1</Port></Smtp><Name>c</Name></M>",
			set("Name", "d"),
			"<M><!-- <Name>a</Name> <Smtp> --><Filters><Filter><Name>b</Name></Filter></Filters><Smtp><Port>1</Port></Smtp><Name>d</Name></M>",
		},
		"a tag of Smtp is named with it": {
			"<M><Port>1</Port><smtp><Port>2</Port></smtp></M>", set("smtp/port", "3"),
			"<M><Port>1</Port><smtp><Port>3</Port></smtp></M>",
		},

		"a new tag follows its predecessor in the reference, within Server": {
			"<M>\r\n  <Server>\r\n    <ServerName>a</ServerName> <!-- b -->\r\n    <UserName>c</UserName>\r\n  </Server>\r\n</M>",
			set("Port", "110"),
			"<M>\r\n  <Server>\r\n    <ServerName>a</ServerName> <!-- b -->\r\n    <Port>110</Port>\r\n    <UserName>c</UserName>\r\n  </Server>\r\n</M>",
		},
		"a new tag follows its predecessor without a Server": {
			"<M>\n <ServerName>a</ServerName>\n</M>", set("Port", "110"),
			"<M>\n <ServerName>a</ServerName>\n <Port>110</Port>\n</M>",
		},
		"a new tag follows the comment that shows it": {
			"<M>\n  <Name>a</Name>\n  <!-- How often: <schedule>30s</Schedule> -->\n  <Team>b</Team>\n</M>", set("Schedule", "1m"),
			"<M>\n  <Name>a</Name>\n  <!-- How often: <schedule>30s</Schedule> -->\n  <Schedule>1m</Schedule>\n  <Team>b</Team>\n</M>",
		},
		"a new tag is the first of its container": {
			"<M>\n  <Server>\n  </Server>\n</M>", set("Port", "110"),
			"<M>\n  <Server>\n    <Port>110</Port>\n  </Server>\n</M>",
		},
		"a new tag stands in a line with others": {
			"<M><Server><UserName>a</UserName></Server></M>", set("Port", "110"),
			"<M><Server><Port>110</Port><UserName>a</UserName></Server></M>",
		},
		"a root without tags gets one": {`<M a="1"/>`, set("Port", "110"), `<M a="1"><Port>110</Port></M>`},
		"a new Smtp stands at the end": {
			"<M>\n  <Name>a</Name>\n</M>\n", []Edit{{"Smtp/ServerName", "b"}, {"Smtp/Port", "25"}},
			"<M>\n  <Name>a</Name>\n  <Smtp>\n    <ServerName>b</ServerName>\n    <Port>25</Port>\n  </Smtp>\n</M>\n",
		},
		"a new Smtp follows the comment that shows it": {
			"<MailIntegrationService>\n  <!-- <Smtp>\n  <Port>1</Port></Smtp> -->\n  <Team>a</Team>\n</MailIntegrationService>",
			set("Smtp/ServerName", "b"),
			"<MailIntegrationService>\n  <!-- <Smtp>\n  <Port>1</Port></Smtp> -->\n  <Smtp>\n    <ServerName>b</ServerName>\n  </Smtp>\n  <Team>a</Team>\n</MailIntegrationService>",
		},

		"a tag is removed with its line": {
			"<M>\n  <Name>a</Name>\n  <Port>1</Port>  \n</M>", set("Port", ""),
			"<M>\n  <Name>a</Name>  \n</M>",
		},
		"a tag is removed, the comment on its line stays": {
			"<M>\n  <Port>1</Port> <!-- a -->\n</M>", set("Port", ""),
			"<M>\n   <!-- a -->\n</M>",
		},
		"a tag is removed, a comment within it stays": {
			"<M>\n  <Port>1<!-- a --></Port>\n</M>", set("Port", ""),
			"<M>\n  <!-- a -->\n</M>",
		},
		"a tag that is not there need not be removed": {"<M><Port>1</Port></M>", set("Smtp/Port", ""), "<M><Port>1</Port></M>"},

		"UTF-8 with a byte order mark": {"\xEF\xBB\xBF<M><Name>é</Name></M>", set("Name", "ł"), "\xEF\xBB\xBF<M><Name>ł</Name></M>"},
		"code page 1252, and a character that it lacks": {
			"<?xml version='1.0' encoding='windows-1252'?><M><!-- \xE9\x80 --><Name>a</Name></M>", set("Name", "éł"),
			"<?xml version='1.0' encoding='windows-1252'?><M><!-- \xE9\x80 --><Name>\xE9&#322;</Name></M>",
		},
		"UTF-16 without a byte order mark": {utf16(t, "<M><Port>1</Port></M>"), set("Port", "2"), utf16(t, "<M><Port>2</Port></M>")},
		"a file that says UTF-16 and is not": {
			`<?xml version="1.0" encoding="utf-16"?><M><Name>é</Name></M>`,
			set("Name", "è"), `<?xml version="1.0" encoding="utf-16"?><M><Name>è</Name></M>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Rewrite("m.xml", []byte(tc.file), tc.edits...)
			if err != nil || string(got) != tc.want {
				t.Errorf("%v\n%s\nwant\n%s", err, got, tc.want)
			}
		})
	}
}

// utf16 returns a text in UTF-16 without a byte order mark.
func utf16(t *testing.T, text string) string {
	t.Helper()
	octets, err := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return octets
}

func TestAnEditThatAFileCannotTakeIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, tag, value, want string }{
		"a value of the wrong kind":       {"<M/>", "Port", "many", "Port: many is not a port (1–65535)"},
		"a secret of the wrong kind":      {"<M/>", "Password", "hunter2\nx", "Password: is not a password (one line of text; spaces at either end are kept)"},
		"a character that XML lacks":      {"<M/>", "Password", "hunter2\x00", "Password: the value contains a character that a file cannot have"},
		"a tag that does not exist":       {"<M/>", "Prot", "1", "Prot: unknown tag (did you mean Port?)"},
		"a tag in another one":            {"<M/>", "Server/Port", "1", "Server/Port: unknown tag (write Port, without the tags around it)"},
		"a tag of the other kind of file": {"<M/>", "Listen", "1", "Listen: is not a tag of a mailbox file (move it to the service file)"},
		"a tag of Smtp":                   {"<M/>", "Address", "1", "Address: is a tag of <Smtp> (write Smtp/Address)"},
		"a tag of a filter":               {"<M/>", "SetGroup", "1", "SetGroup: is a tag of a filter (edit the file)"},
		"a tag that contains tags":        {"<M/>", "Smtp", "1", "Smtp: contains tags (name one of them, such as Smtp/ServerName, or edit the file)"},
		"a file whose tags are not closed": {
			"<M><Name>a</M>", "Port", "1", "m.xml:1:4: Name: is not closed before </M> (add </Name>)",
		},
		"a file in an unknown encoding": {
			`<?xml version="1.0" encoding="klingon"?><M/>`, "Port", "1", `m.xml: unknown encoding klingon (write encoding="utf-8" and save the file as UTF-8)`,
		},
		"a file in an encoding that has many spellings": {
			"<?xml version=\"1.0\" encoding=\"iso-2022-jp\"?><M><!-- \x1b(B\x1b(B --></M>", "Port", "1",
			"m.xml: cannot be changed without changing the rest of it, because of its encoding (save the file as UTF-8)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Rewrite("m.xml", []byte(tc.file), Edit{"Name", "b"}, Edit{tc.tag, tc.value})
			if err == nil || err.Error() != tc.want || got != nil {
				t.Errorf("%s\n%v\nwant\n%s", got, err, tc.want)
			}
			var edit *EditError
			var mistakes *Error
			if !errors.As(err, &edit) && !errors.As(err, &mistakes) {
				t.Errorf("the error is a %T", err)
			}
		})
	}
}

// TestEveryTagOfEverySampleIsRewrittenAndBack changes each tag of each sample to its example, and back. It does so with other ends
// of lines, and in another encoding.
func TestEveryTagOfEverySampleIsRewrittenAndBack(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{
		samples + "/*.xml", samples + "/mailboxes/*.xml", "../deploy/packages/*.xml", "../deploy/windows/mailintegration.xml", "testdata/original/*.xml",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %d files", pattern, err, len(found))
		}
		files = append(files, found...)
	}
	for _, file := range files {
		octets, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		octets = bytes.ReplaceAll(octets, []byte("\r\n"), []byte("\n"))
		windows := bytes.ReplaceAll(octets, []byte("\n"), []byte("\r\n"))
		latin, err := charmap.Windows1252.NewEncoder().Bytes(bytes.Replace(windows, []byte("utf-8"), []byte("windows-1252"), 1))
		if err != nil {
			t.Fatal(err)
		}
		for form, octets := range map[string][]byte{"as it is": octets, "of Windows": windows, "in code page 1252": latin} {
			t.Run(filepath.Base(file)+" "+form, func(t *testing.T) {
				t.Parallel()
				rewriteEveryTag(t, octets)
			})
		}
	}
}

// rewriteEveryTag changes each tag of a file, and back.
func rewriteEveryTag(t *testing.T, octets []byte) {
	t.Helper()
	set, _ := valuesOf(t, octets, "")
	for _, part := range []struct {
		prefix string
		tags   []Tag
	}{{"", set.tags}, {smtpName + "/", set.smtp.tags}} {
		for _, tag := range part.tags {
			name := part.prefix + tag.Name
			_, before := valuesOf(t, octets, name)
			example := tag.Example
			if tag.kind.same(example, strings.Join(before, ", ")) {
				continue
			}
			changed, err := Rewrite("m.xml", octets, Edit{name, example})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if _, after := valuesOf(t, changed, name); !slices.Equal(after, []string{example}) {
				t.Errorf("%s is %q, not %q, in\n%s", name, after, example, changed)
			}
			if !slices.Equal(commentsOf(octets), commentsOf(changed)) {
				t.Errorf("%s: the comments are others in\n%s", name, changed)
			}
			again, err := Rewrite("m.xml", changed, Edit{name, strings.Join(before, ", ")})
			if part.prefix == "" && (err != nil || !bytes.Equal(withoutReferences(again), withoutReferences(octets))) {
				t.Errorf("%s: %v, it was changed to\n%s\nand back to\n%s", name, err, changed, again)
			}
		}
	}
}

// withoutReferences returns octets with é for its reference: a value that was replaced comes back as text.
func withoutReferences(octets []byte) []byte {
	text, _ := toUTF8(octets)
	return bytes.ReplaceAll(text, []byte("&eacute;"), []byte("é"))
}

// valuesOf returns the tags that a file may have, and the values that the loader reads for one of them.
func valuesOf(t *testing.T, octets []byte, name string) (*tagSet, []string) {
	t.Helper()
	file, err := decodeWhole(octets)
	if err != nil {
		t.Fatal(err)
	}
	d, err := parseWhole("m.xml", file.text)
	if err != nil {
		t.Fatalf("%v\n%s", err, octets)
	}
	set := d.set
	if inner, is := strings.CutPrefix(name, smtpName+"/"); is {
		if name = inner; len(d.smtp) == 0 {
			return set, nil
		}
		d = d.smtp[0]
	}
	var values []string
	for _, e := range d.elements {
		if e.tag.Name == name {
			values = append(values, strings.TrimSpace(e.text))
		}
	}
	return set, values
}

// commentsOf returns the comments of a file.
func commentsOf(octets []byte) []string {
	text, _ := toUTF8(octets)
	var all []string
	for _, c := range comments.FindAll(text, -1) {
		all = append(all, string(c))
	}
	return all
}

// FuzzRewrite changes a tag of an arbitrary file. The loader then reads the new value, and the other tags as before.
func FuzzRewrite(f *testing.F) {
	for _, file := range []string{
		"<M>\n <Server>\n <Port>1</Port><!-- a -->\n</Server><!-- <Name>a</Name> -->\n</M>", "<M><Password> <!--a-->b<![CDATA[c]]></Password></M>",
		"<M><Name/><Smtp><Port>1</Port></Smtp></M>", "<MailIntegrationService>\r\n<Team>a</Team></MailIntegrationService>", "<M>\n<Name>\n a\n</Name></M>",
	} {
		for _, tag := range []string{"Port", "Name", "Password", "Team", "Smtp/Port"} {
			f.Add([]byte(file), tag, "1")
			f.Add([]byte(file), tag, "")
		}
	}
	f.Fuzz(checkRewrite)
}

// checkRewrite changes a tag, and compares what the loader reads before and afterwards.
func checkRewrite(t *testing.T, octets []byte, name, value string) {
	changed, err := Rewrite("m.xml", octets, Edit{name, value})
	if err != nil {
		return
	}
	isSmtp := strings.ContainsRune(name, '/')
	name = name[strings.IndexByte(name, '/')+1:]
	read := func(octets []byte) (rest []string, values []string, kind *kind) {
		text, _ := toUTF8(octets)
		d, err := parseWhole("m.xml", text)
		if err != nil {
			t.Fatalf("%v\n%q", err, octets)
		}
		note := func(d *document, prefix string, is bool) {
			for _, e := range d.elements {
				if is && strings.EqualFold(e.tag.Name, name) {
					values, kind = append(values, e.text), &e.tag.kind
				} else {
					rest = append(rest, prefix+e.tag.Name+" "+e.text)
				}
			}
		}
		note(d, "", !isSmtp)
		for i, smtp := range d.smtp {
			note(smtp, "Smtp/", isSmtp && i == 0)
		}
		return append(rest, commentsOf(octets)...), values, kind
	}
	before, _, _ := read(octets)
	after, values, kind := read(changed)
	if !slices.Equal(before, after) {
		t.Errorf("the rest was %q and is %q\n%q\n%q", before, after, octets, changed)
	}
	switch isRemoved := strings.TrimSpace(value) == ""; {
	case isRemoved && len(values) > 0, !isRemoved && (len(values) != 1 || !kind.same(values[0], value)):
		t.Errorf("the values are %q, not %q\n%q\n%q", values, value, octets, changed)
	}
}

// TestNoPieceOfMarkupIsRewrittenWrongly does what FuzzRewrite does, with pieces of markup in random order.
func TestNoPieceOfMarkupIsRewrittenWrongly(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"<Port>1</Port>", "<Port/>", "<Name> a </name>", "<Name\t>", "</Name>", "<Password>", "</Password>", "<!-- <Name>x</Name> -->", "<!--a-->",
		"<![CDATA[b]]>", "<Smtp>", "</Smtp>", "<Smtp/>", "<Server>", "</Server>", "<Filters><Filter>", "</Filter></Filters>", "<Team>é</Team>",
		"\n", "\r\n", "  ", "\t", "&amp;", "<Mailboxes>m</Mailboxes>",
	}
	names := []string{"Port", "Name", "Password", "Team", "Smtp/Port", "Smtp/UserName", "Mailboxes"}
	roots := []string{"M", "MailIntegrationService"}
	const seed = 4711
	random := rand.New(rand.NewPCG(seed, seed))
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	for range 5_000 {
		root := pick(roots)
		text := "<" + root + ">"
		for range random.IntN(8) {
			text += pick(pieces)
		}
		checkRewrite(t, []byte(text+"</"+root+">"), pick(names), pick([]string{"1", "", "<&>", "2 "}))
	}
}
