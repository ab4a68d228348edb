package template

import (
	"embed"
	"path"
	"strings"
	"sync"

	"mailintegration/processor"
)

//go:embed texts/*.txt
var files embed.FS

// shipped returns the texts that come with the program, by their file: KIND.LANGUAGE.txt. A file that cannot be read is a
// mistake in the program, which the tests find.
var shipped = sync.OnceValue(func() map[string]Text {
	all := map[string]Text{}
	names, _ := files.ReadDir("texts")
	for _, n := range names {
		content, err := files.ReadFile(path.Join("texts", n.Name()))
		if err != nil {
			panic(err)
		}
		text, err := ParseFile(string(content))
		if err != nil {
			panic(n.Name() + ": " + err.Error())
		}
		all[strings.TrimSuffix(n.Name(), ".txt")] = text
	}
	return all
})

// Languages returns the languages of the shipped texts.
func Languages() []string { return []string{"en", "fr"} }

// Shipped returns the text that comes with the program for a kind and a language. isShipped is false if there is none.
func Shipped(kind processor.ReplyKind, language string) (text Text, isShipped bool) {
	text, isShipped = shipped()[string(kind)+"."+language]
	return text, isShipped
}

// shippedText returns the shipped text for a language, or the English one, with its language.
func shippedText(kind processor.ReplyKind, language string) (Text, string) {
	if t, ok := Shipped(kind, language); ok {
		return t, language
	}
	t, _ := Shipped(kind, "en")
	return t, "en"
}
