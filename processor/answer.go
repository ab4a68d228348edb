package processor

import (
	"regexp"
	"strings"
)

// answerPrefixes are what programs put before the subject of a message that is answered. A word before a colon is not
// enough: "Printer: no paper" is new.
var answerPrefixes = map[string]bool{
	"re": true, "aw": true, "antw": true, "antwort": true, "antwoord": true, "r": true, "rif": true, "réf": true, "rép": true, "res": true, "resp": true,
	"sv": true, "vs": true, "odp": true, "ynt": true, "vá": true, "bls": true, "atb": true, "ats": true, "απ": true, "отв": true, "ответ": true,
	"回复": true, "回覆": true, "答复": true, "答覆": true, "返信": true,
}

// tagsOfRequests knows what stands in subjects whatever the mailbox.
var tagsOfRequests = newSubjectGrammar(nil, nil)

// isAnswer says whether a message answers another one: by its fields (RFC 5322 §3.6.4), or else by its subject.
func isAnswer(m *Message) bool {
	if strings.TrimSpace(m.Header.Get("In-Reply-To")+m.Header.Get("References")) != "" {
		return true
	}
	if _, ok := tagsOfRequests.parse(m.Subject); ok {
		return true
	}
	s := skipGatewayTags(m.Subject)
	for {
		_, after, ok := cutBrackets(s) // of a list
		if !ok {
			break
		}
		s = trimSpace(after)
	}
	if _, ok := skipAutomaticPrefix(s); ok {
		return true
	}
	after, ok := skipPrefix(s)
	return ok && answerPrefixes[prefixWord(s[:len(s)-len(after)])]
}

// announcesBelow says whether what the author wrote above line at is about what follows it: "my answers are below", or an
// end with a colon. Then answers may stand there too, or it is shown for what it says.
func (r *reply) announcesBelow(at int) bool {
	last := r.lastText(at)
	if last < 0 {
		return false
	}
	if endsInColon(r.lines[last]) {
		return true
	}
	const most = 10_000 // octets that are looked at
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

// endsInColon says whether a line announces what follows. ":+1:" does not.
func endsInColon(ln string) bool {
	ln = strings.TrimSpace(ln)
	if lastWord := ln[strings.LastIndexByte(ln, ' ')+1:]; len(lastWord) > 1 && lastWord[0] == ':' {
		return false
	}
	return strings.HasSuffix(ln, ":") || strings.HasSuffix(ln, "：")
}

// pointsBelow is where an author says that answers stand: below, within the text, in a colour.
var pointsBelow = regexp.MustCompile(`(?i)(?:^|[^\pL\d])(?:below|in-?line|in (?:the|your) text|in (?:red|blue|green|bold|colou?r)|` +
	`ci-dessous|plus bas|dans (?:le|votre|ton) texte|en (?:rouge|bleu|vert|gras|couleur)|` +
	`unten(?:stehend\pL*)?|im text|in (?:rot|blau|grün|fett)|` +
	`abajo|en el texto|en (?:rojo|azul|verde|negrita)|abaixo|no texto|em (?:vermelho|azul|verde|negrito)|` +
	`sotto|nel testo|in (?:rosso|blu|verde|grassetto)|hieronder|in (?:de )?tekst|in (?:het )?(?:rood|blauw|groen)|` +
	`nedan|nedenfor|poniżej|ниже)(?:[^\pL\d]|$)`)
