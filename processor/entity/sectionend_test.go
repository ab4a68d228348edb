package entity

import (
	"strings"
	"testing"
)

// readText reads a message with generous limits and returns the root, and its leaves as "names of fields|body".
func readText(t *testing.T, message string) (root *Part, leaves []string) {
	t.Helper()
	raw := strings.NewReader(message)
	limits := Limits{Depth: 10, Parts: 100, Header: 1 << 20, Field: 1 << 16, Fields: 1000}
	root, err := Read(raw, raw.Size(), limits, func(*Part, string) {}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for p := range root.Leaves {
		var names []string
		for _, f := range p.Header {
			names = append(names, f.Name)
		}
		body := string(p.Body.Beginning(raw, raw.Size()))
		leaves = append(leaves, strings.Join(names, " ")+"|"+strings.TrimSuffix(body, "\n"))
	}
	return root, leaves
}

func TestAHeaderSectionEndsWhereItsTextBegins(t *testing.T) {
	t.Parallel()
	const from = "From: a@b.example\nTo: c@b.example\nContent-Type: text/plain\n"
	const kept = "From To Content-Type"
	tests := []struct{ name, message, want string }{
		{"a blank line ends it", from + "\nhello", kept + "|hello"},
		{"a line of white space is the blank line", from + " \t\nhello", kept + "|hello"},
		{"text that looks like a field follows a line of white space", from + " \nNote: hello\nyou", kept + "|Note: hello\nyou"},
		{"a field that it has already follows a line of white space", from + " \nTo: hello\n\nyou", kept + "|To: hello\n\nyou"},
		{"text and such a field follow a line of white space", from + " \nhello\nSubject: you\nbye\n\nx", kept + "|hello\nSubject: you\nbye\n\nx"},
		{"a word with a hyphen follows a line of white space", from + " \nX-rays: two\n\nyou", kept + "|X-rays: two\n\nyou"},
		{"common fields follow a line of white space", from + " \nSubject: s\nDate: d\n\nhello", kept + " Subject Date|hello"},
		{"another one follows a line of white space", from + " \nSubject: s\n \nhello", kept + " Subject|hello"},
		{"text begins with the first line that is no field", from + "hello you\nDate: tomorrow\nbye\n\nx", kept + "|hello you\nDate: tomorrow\nbye\n\nx"},
		{"text that begins with a URL", from + "https://b.example is down\nbye", kept + "|https://b.example is down\nbye"},
		{"text without a field in it", from + "hello you\nbye\n\nx", kept + "|hello you\nbye\n\nx"},
		{"text with a field that it has already", from + "hello you\nTo: x\n\nbye", kept + "|hello you\nTo: x\n\nbye"},
		{"text with one new field twice", from + "hello you\nCc: x\nCc: y\n\nbye", kept + "|hello you\nCc: x\nCc: y\n\nbye"},
		{"text with two lines before a field", from + "hello you\nhow are you\nCc: x\n\nbye", kept + "|hello you\nhow are you\nCc: x\n\nbye"},
		{"a list of words before colons", from + "hello you\nRoom: 5\nFloor: 2\n\nbye", kept + "|hello you\nRoom: 5\nFloor: 2\n\nbye"},
		{"a line of junk between fields", from + "some junk\nSubject: s\n  folded\nReceived: r\nReceived: r\n\nhello", kept + " Subject Received Received|hello"},
		{"a line of junk before fields that are not common", from + "some junk\nX-Spam-Level: 1\nThread-Topic: t\n\nhello", kept + " X-Spam-Level Thread-Topic|hello"},
		{"several lines of junk before the author is known", "Received: x\nby y\nwith z\nFrom: a\n\nhello", "Received From|hello"},
		{"junk, and the end of the message after a field", from + "some junk\nSubject: s", kept + " Subject|"},
		{"CR CR LF ends lines", "From: a\r\r\nTo: b\r\r\n\r\r\nhello", "From To|hello"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, leaves := readText(t, tt.message); len(leaves) != 1 || leaves[0] != tt.want {
				t.Errorf("got %q, want %q", leaves, tt.want)
			}
		})
	}
}

func TestADelimiterEndsTheHeaderSection(t *testing.T) {
	t.Parallel()
	const from = "From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n"
	const parts = "--x\nContent-Type: text/plain\n\nhello\n--x\nContent-Type: text/html\n\nyou\n--x--\n"
	inner := strings.ReplaceAll(strings.TrimSuffix(parts, "\n"), "--x", "--y")
	both := []string{"Content-Type|hello", "Content-Type|you"}
	tests := []struct {
		name, message string
		want          []string
	}{
		{"at once", from + parts, both},
		{"after a folded field", "Content-Type: multipart/mixed;\n boundary=x\n" + parts, both},
		{"after a field that comes later", from + "MIME-Version: 1.0\n" + parts, both},
		{"after a line of white space", from + " \n" + parts, both},
		{"after a line of text", from + "This is MIME.\n" + parts, both},
		{"after a line of junk and the field that declares it", "From: a\nsome junk\nContent-Type: multipart/mixed; boundary=x\n" + parts, both},
		{"after a line of text, before the author is known", "Content-Type: multipart/mixed; boundary=x\nThis is MIME.\n" + parts, both},
		{"after lines that end with CR CR LF", strings.ReplaceAll(from+parts, "\n", "\r\r\n"), both},
		{"after a word before a colon", from + "Note: hello\n" + parts, both},
		{"of an inner multipart", from + "\n--x\nContent-Type: multipart/alternative; boundary=y\n" + inner + "\n--x--\n", both},
		{
			"of an inner multipart, after a line of white space",
			from + "\n--x\nContent-Type: multipart/alternative; boundary=y\n \n" + inner + "\n--x--\n", both,
		},
		{"of the multipart that encloses a part", from + "\n--x\nContent-ID: 1\n--x\n\nhello\n--x--\n", []string{"Content-ID|", "|hello"}},
		{
			"of the multipart that encloses a part, after white space",
			from + "\n--x\nContent-ID: 1\n \n--x\nContent-Type: text/plain\n\nhello\n--x--\n", []string{"Content-ID|", "Content-Type|hello"},
		},
		{"but not that of a text", "From: a\nContent-Type: text/plain; boundary=x\n\n--x\nhello", []string{"From Content-Type|--x\nhello"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, leaves := readText(t, tt.message)
			for i := range leaves {
				leaves[i] = strings.TrimSuffix(leaves[i], "\r\r")
			}
			if strings.Join(leaves, "\x00") != strings.Join(tt.want, "\x00") {
				t.Errorf("got %q, want %q", leaves, tt.want)
			}
		})
	}
}

func TestThePartOfAMultipartBeginsWithTheFirstLineThatIsNoContentField(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, part, want string }{
		{"text that looks like a field, after white space", "Content-Type: text/plain\n \nSubject: hello\n\nyou", "Content-Type|Subject: hello\n\nyou"},
		{"a field after white space", "Content-Type: text/plain\n \nContent-ID: <1>\n\nyou", "Content-Type Content-ID|you"},
		{"text without a field before it", "hello you\nNote: hello\n\nbye", "|hello you\nNote: hello\n\nbye"},
		{"a line of junk between fields", "Content-Type: text/plain\nsome junk\nContent-ID: <1>\nX-Attachment-Id: 1\n\nyou", "Content-Type Content-ID|you"},
		{"text with a field that it has already", "Content-Type: text/plain\nhello you\nContent-Type: x\n\nbye", "Content-Type|hello you\nContent-Type: x\n\nbye"},
		{"text with the field of a message", "Content-Type: text/plain\nhello you\nFrom: x\n\nbye", "Content-Type|hello you\nFrom: x\n\nbye"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, leaves := readText(t, "Content-Type: multipart/mixed; boundary=x\n\n--x\n"+tt.part+"\n--x--\n")
			if len(leaves) != 1 || leaves[0] != tt.want {
				t.Errorf("got %q, want %q", leaves, tt.want)
			}
		})
	}
}

func TestOnlyWhiteSpaceMayFollowABoundary(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, line string
		want       []string
	}{
		{"a delimiter", "--x", []string{"|one", "|two"}},
		{"a delimiter with white space", "--x \t", []string{"|one", "|two"}},
		{"the closing delimiter", "--x--", []string{"|one"}},
		{"the closing delimiter with white space", "--x-- ", []string{"|one"}},
		{"a word after the closing delimiter", "--x--y", []string{"|one\n--x--y\n\ntwo"}},
		{"words after the closing delimiter", "--x-- that is all", []string{"|one\n--x-- that is all\n\ntwo"}},
		{"a dash after the closing delimiter", "--x---", []string{"|one\n--x---\n\ntwo"}},
		{"a word after a delimiter", "--x y", []string{"|one\n--x y\n\ntwo"}},
		{"a longer boundary", "--xy", []string{"|one\n--xy\n\ntwo"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, leaves := readText(t, "Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n"+tt.line+"\n\ntwo\n--x--\n")
			if strings.Join(leaves, "\x00") != strings.Join(tt.want, "\x00") {
				t.Errorf("got %q, want %q", leaves, tt.want)
			}
		})
	}
}
