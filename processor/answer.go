package processor

import (
	"regexp"
	"strings"
	"sync"
)

// tagsOfRequests knows the tags that subjects have in every mailbox.
var tagsOfRequests = sync.OnceValue(func() subjectGrammar { return newSubjectGrammar(nil, nil) })

// isAnswer reports whether a message answers another one: by its fields (RFC 5322 §3.6.4), else by its subject.
func isAnswer(m *Message) bool {
	if refersToAMessage(m.Header) {
		return true
	}
	if _, ok := tagsOfRequests().named(m, m.Subject); ok {
		return true
	}
	kind, _, _ := firstPrefix(m.Subject)
	return kind&answerPrefixes != 0
}

// announcesBelow reports whether the author's text above line at points to what follows: "my answers are below", or a
// colon at its end. Then the quoted mail may hold answers, or the author shows it on purpose.
func (r *reply) announcesBelow(at int) bool {
	last := r.lastText(at)
	if last < 0 {
		return false
	}
	if endsInColon(r.lines[last]) {
		return true
	}
	const most = 10_000 // octets to examine
	for i, left := last, most; i >= r.begin && left > 0; i-- {
		ln := r.lines[i]
		ln = ln[max(0, len(ln)-left):]
		if !isQuoted(ln) && pointsBelow.MatchString(ln) {
			return true
		}
		left -= len(ln) + 1
	}
	return false
}

// endsInColon reports whether a line ends with a colon and so announces what follows. ":+1:" does not.
func endsInColon(ln string) bool {
	ln = strings.TrimSpace(ln)
	if lastWord := ln[strings.LastIndexByte(ln, ' ')+1:]; len(lastWord) > 1 && lastWord[0] == ':' {
		return false
	}
	return strings.HasSuffix(ln, ":") || strings.HasSuffix(ln, "：")
}

// pointsBelow matches the words by which authors say where their answers stand: below, in the text, in a colour.
var pointsBelow = regexp.MustCompile(`(?i)(?:^|[^\pL\d])(?:below|in-?line|in (?:the|your) text|in (?:red|blue|green|bold|colou?r)|` +
	`ci-dessous|plus bas|dans (?:le|votre|ton) texte|en (?:rouge|bleu|vert|gras|couleur)|` +
	`unten(?:stehend\pL*)?|im text|in (?:rot|blau|grün|fett)|` +
	`abajo|en el texto|en (?:rojo|azul|verde|negrita)|abaixo|no texto|em (?:vermelho|azul|verde|negrito)|` +
	`sotto|nel testo|in (?:rosso|blu|verde|grassetto)|hieronder|in (?:de )?tekst|in (?:het )?(?:rood|blauw|groen)|` +
	`nedan|nedenfor|poniżej|ниже)(?:[^\pL\d]|$)`)
