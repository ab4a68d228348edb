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
	`nedan(?:för|stående)?|i texten|med (?:rött|blått|grönt)|nedenfor|nedenstående|herunder|i teksten|med (?:rødt|blåt|grønt)|` +
	`vastaukset\pL* alla|alla olev\pL*|alempana|tekstissä|punaisella|að neðan|hér fyrir neðan|allpool|tekstis|zemāk|tekstā|žemiau|tekste|` +
	`poniżej|w (?:tekście|treści)|na (?:czerwono|niebiesko|zielono)|níže|v textu|červeně|modře|nižšie|v texte|červenou|` +
	`spodaj|v besedilu|dolje|u tekstu|crvenom|niže|u nastavku|доле|у наставку|у тексту|подолу|по-долу|в текста|` +
	`ниже|в тексте|(?:красным|синим|зелёным|зеленым)|нижче|у тексті|в тексті|червоним|синім|төменде|` +
	`më poshtë|në tekst|παρακάτω|στο κείμενο|με (?:κόκκινο|μπλε)|alább|lejjebb|a szövegben|pirossal|kékkel|` +
	`mai jos|în text|cu (?:roșu|albastru|verde)|aşağıda|aşağıdaki|metinde|metin içinde|kırmızı(?:yla| ile)|mavi(?:yle| ile)|` +
	`a sota|més avall|al text|en vermell|en blau|a continuació|a continuación|más abajo|máis abaixo|behean|testuan|` +
	`di bawah ini|dalam teks|warna merah|` +
	`bên dưới|dưới đây|phía dưới|màu đỏ|thíos|isod|` +
	`أدناه|بالأسفل|في الأسفل|باللون (?:الأحمر|الأزرق)|להלן|למטה|בהמשך|מטה|בגוף ההודעה|באדום|בכחול|در زیر|پایین` + "\u200c" + `تر|در ادامه|नीचे|लाल रंग)(?:[^\pL\d]|$)|` +
	// Scripts without spaces:
	`下面|下方|如下|以下|见下|見下|文中|正文中|(?:红|紅|蓝|藍|绿|綠)(?:色)?字|下記|下に|下の|赤字|青字|아래|본문에|(?:빨간|파란)색으로|ด้านล่าง|ข้างล่าง|ตัวอักษรสีแดง`)
