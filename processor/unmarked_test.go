package processor

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// octetsIn returns a text as octets of a charset.
func octetsIn(t *testing.T, text string, enc encoding.Encoding) string {
	t.Helper()
	octets, err := enc.NewEncoder().String(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return octets
}

func TestOctetsOfFieldsThatDeclareNoCharsetAreReadByTheWholeMessage(t *testing.T) {
	t.Parallel()
	gbk, sjis := simplifiedchinese.GBK, japanese.ShiftJIS
	const subject = "灯" // in GBK "µÆ": too short to tell
	tests := []struct{ name, message, want string }{
		{
			"the charset that a part declares",
			"Subject: " + octetsIn(t, subject, gbk) + "\nContent-Type: text/plain; charset=gbk\n\nx", subject,
		},
		{
			"the charset that the HTML declares itself",
			"Subject: " + octetsIn(t, "鍵", sjis) + "\nContent-Type: text/html\n\n<meta charset=shift_jis><p>x", "鍵",
		},
		{
			"the charset that an encoded-word declares",
			"From: =?gbk?Q?=CD=F5?= <a@b.example>\nSubject: " + octetsIn(t, subject, gbk) + "\n\nx", subject,
		},
		{
			"the charset that the text is plainly in",
			"Subject: " + octetsIn(t, subject, gbk) + "\n\n" + octetsIn(t, "走廊的灯坏了，请换一个新的。", gbk), subject,
		},
		{
			"the charset that a file name is plainly in",
			"Subject: " + octetsIn(t, subject, gbk) + "\nContent-Type: application/pdf; name=\"" + octetsIn(t, "走廊的灯坏了照片.pdf", gbk) + "\"\n\nx", subject,
		},
		{
			"the charset that an encoded-word in a charset without a decoder is plainly in",
			"From: =?x-none?Q?" + qEncoded(octetsIn(t, "走廊的灯坏了照片", gbk)) + "?= <a@b.example>\nSubject: " + octetsIn(t, subject, gbk) + "\n\nx", subject,
		},
		{"a Latin charset when it is a word with accents", "Subject: " + octetsIn(t, "été", charmap.Windows1252) + "\n\nx", "été"},
		{
			"UTF-8 in any case",
			"Subject: Größe\nContent-Type: text/plain; charset=gbk\n\n" + octetsIn(t, "走廊", gbk), "Größe",
		},
		{
			"a few accents, beside a text in UTF-8",
			"Subject: " + octetsIn(t, "Clé perdue à l'entrée", charmap.Windows1252) + "\nContent-Type: text/plain; charset=utf-8\n\né", "Clé perdue à l'entrée",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := parseString(tt.message).Subject; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func qEncoded(octets string) string {
	return strings.ReplaceAll(percentEncode(octets), "%", "=")
}

func TestAFileNameThatDeclaresNoCharsetIsReadAsTheTextIs(t *testing.T) {
	t.Parallel()
	name := octetsIn(t, "鍵.pdf", japanese.ShiftJIS)
	text := octetsIn(t, "倉庫の鍵がありません。", japanese.ShiftJIS)
	m := parseString("Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + text + "\n--b\nContent-Type: application/pdf; name=\"" + name + "\"\n\nx\n--b--\n")
	if len(m.Attachments) != 1 || m.Attachments[0].Name != "鍵.pdf" || m.Text != "倉庫の鍵がありません。" {
		t.Errorf("got attachments %+v and text %q", m.Attachments, m.Text)
	}
}

func TestATextInAnotherCharsetThanTheRestIsLookedAtAlone(t *testing.T) {
	t.Parallel()
	russian := octetsIn(t, "Не могу открыть файл на сервере", charmap.KOI8R)
	japaneseText := octetsIn(t, "倉庫の鍵がありません。印刷もできません。", japanese.EUCJP)
	m := parseString("Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + japaneseText + "\n--b\n\n" + russian + "\n--b--\n")
	if want := "倉庫の鍵がありません。印刷もできません。\n\nНе могу открыть файл на сервере"; m.Text != want {
		t.Errorf("got %q, want %q", m.Text, want)
	}
}
