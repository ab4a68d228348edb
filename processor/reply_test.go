package processor

import (
	"cmp"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplyTextHoldsOnlyWhatTheAuthorWrote(t *testing.T) {
	t.Parallel()
	const quote = "\n> the printer\n> is broken\n"
	tests := []struct {
		name, text, want string // want is "" where nothing is cut
	}{
		{"English", "Yes.\n\nOn Tue, 3 Nov 2026 at 10:04, Ann Lee <ann@example.com> wrote:" + quote, "Yes."},
		{"English, broken within the name", "Yes.\n\nOn Tue, 3 Nov 2026 at 10:04, Ann\nLee <ann@example.com>\nwrote:\n" + quote, "Yes."},
		{"French", "Oui.\n\nLe mar. 3 nov. 2026 à 10:04, Ann Lee <ann@example.com> a écrit :" + quote, "Oui."},
		{"English, broken before the bracket after the address", "Yes.\n\nOn Tue, 3 Nov 2026 at 10:04, Ann Lee\n<ann@example.com\n>\nwrote:\n" + quote, "Yes."},
		{"French, broken before the time", "Oui.\n\nLe mardi 3 novembre 2026\nà 10:04, Ann Lee <ann@example.com> a écrit :" + quote, "Oui."},
		{"German", "Ja.\n\nAm 03.11.26 um 10:04 schrieb Ann Lee:" + quote, "Ja."},
		{"German, the verb in the middle", "Ja.\n\nAm Di., 3. Nov. 2026 um 10:04 Uhr schrieb Ann Lee <\nann@example.com>:\n" + quote, "Ja."},
		{"Spanish", "Sí.\n\nEl mar, 3 nov 2026 a las 10:04, Ann Lee (<ann@example.com>) escribió:" + quote, "Sí."},
		{"Italian", "Sì.\n\nIl giorno mar 3 nov 2026 alle ore 10:04 Ann Lee <ann@example.com> ha scritto:" + quote, "Sì."},
		{"Dutch", "Ja.\n\nOp di 3 nov 2026 om 10:04 schreef Ann Lee <ann@example.com>:" + quote, "Ja."},
		{"Portuguese", "Sim.\n\nEm ter., 3 de nov. de 2026 às 10:04, Ann Lee <ann@example.com> escreveu:" + quote, "Sim."},
		{"an attribution before unmarked text", "Yes.\n\nOn 3 Nov 2026, at 10:04, Ann Lee <ann@example.com> wrote:\n\nthe printer\nis broken\n", "Yes."},
		{"an answer below the quote", "On 3 Nov 2026, Ann Lee wrote:" + quote + "\nYes.\nNow.", "Yes.\nNow."},
		{"a salutation above the quote", "Hi,\nOn 3 Nov 2026, Ann Lee wrote:" + quote, "Hi,"},

		{"Outlook in English", "Yes.\n\n________________________________\nFrom: Ann Lee <ann@example.com>\nSent: Tuesday, November 3, 2026 10:04\nTo: Desk; Bruno;\n Carl\nSubject: printer\n\nbroken\n", "Yes."},
		{"Outlook in French", "Oui.\n\nDe : Ann Lee <ann@example.com>\nEnvoyé : mardi 3 novembre 2026 10:04\nÀ : Desk\nObjet : imprimante\n\ncassée\n", "Oui."},
		{"Outlook in French with special spaces", "Oui.\n\nDe\u00a0: Ann Lee\nEnvoyé\u00a0: mardi\nÀ\u00a0: Desk\nObjet\u00a0: imprimante\n\ncassée\n", "Oui."},
		{"Outlook in German", "Ja.\n\nVon: Ann Lee\nGesendet: Dienstag, 3. November 2026 10:04\nAn: Desk\nBetreff: Drucker\n\nkaputt\n", "Ja."},
		{"Outlook in German after a line", "Ja.\n\n-----Ursprüngliche Nachricht-----\nVon: Ann Lee\nGesendet: Dienstag\nAn: Desk\nBetreff: Drucker\n\nkaputt\n", "Ja."},
		{"Outlook in Spanish", "Sí.\n\nDe: Ann Lee\nEnviado el: martes\nPara: Desk\nAsunto: impresora\n\nrota\n", "Sí."},
		{"Outlook in Italian", "Sì.\n\nDa: Ann Lee\nInviato: martedì\nA: Desk\nOggetto: stampante\n\nrotta\n", "Sì."},
		{"Outlook in Dutch", "Ja.\n\nVan: Ann Lee\nVerzonden: dinsdag\nAan: Desk\nOnderwerp: printer\n\nkapot\n", "Ja."},
		{"Outlook in Portuguese", "Sim.\n\nDe: Ann Lee\nEnviada em: terça-feira\nPara: Desk\nAssunto: impressora\n\nquebrada\n", "Sim."},
		{"Outlook in bold", "Yes.\n\n*From:* Ann\n*Sent:* Tuesday\n*To:* Desk\n*Subject:* printer\n\nbroken", "Yes."},

		{"a quote without an attribution", "Yes." + quote, "Yes."},
		{"a signature", "Yes.\n\n-- \nAnn Lee\nPrinting", "Yes."},
		{"a signature above the quote", "Yes.\n\n-- \nAnn Lee\n\nOn 3 Nov 2026, Bruno wrote:" + quote, "Yes."},
		{"a signature below the quote", "Yes.\n" + quote + "\n-- \nAnn Lee", "Yes."},
		{"a signature delimiter without its space", "Yes.\n\n--\nAnn Lee", "Yes."},
		{"a telephone's signature", "Yes.\n\nEnvoyé de mon iPhone", "Yes."},
		{"a telephone's signature in German", "Ja.\n\nVon meinem iPhone gesendet", "Ja."},
		{"the signature of Outlook on a telephone", "Yes.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>", "Yes."},
		{"a name after a dash", "Yes.\n\n-Ann Lee", "Yes."},

		{"no quote", "The printer is broken.\n\nAnn", ""},
		{"a sentence that begins like a header", "From: the printer room I hear noise.\n\nPlease come.", ""},
		{"a form that looks like a header", "I am away:\n\nFrom: 3 May\nTo: 5 May\nDate: today\n\nThank you.", ""},
		{"a subject within a sentence", "The mail I sent had\nSubject: printer\nand came back.", ""},
		{"answers between quotes", "> first?\n\nYes.\n\n> second?\n\nNo.", ""},
		{"a line of text that begins with >", "The prompt is\n> print", ""},
		{"a sentence about what somebody wrote", "On 3 November 2026 the printer wrote:\n\nPC LOAD LETTER\n\nWhat is that?", ""},
		{"only a quote", "On 3 Nov 2026, Ann Lee wrote:" + quote, ""},
		{"two dashes between paragraphs", "First.\n\n--\n\n" + strings.Repeat("A second part that is longer than any signature.\n", 8), ""},
		{"a list", "I need:\n\n- Toner\n\n-Blue Paper", ""},
		{"a sentence that begins like a telephone's signature", "Yes.\n\nSent from my desk, as the telephone is broken.", ""},
		{"answers within the message below", "Please see my answers below.\n\nFrom: Ann\nSent: Tuesday\nTo: Desk\nSubject: printer\n\nDid you restart?\n[Ann] Yes I did, twice.", ""},
		{"answers in a colour, in French", "Mes réponses en rouge.\n\nDe : Ann\nEnvoyé : mardi\nÀ : Desk\nObjet : imprimante\n\nRedémarrée ?\nOui.", ""},
		{"answers in the text, in German", "Antworten im Text.\n\nVon: Ann\nGesendet: Dienstag\nAn: Desk\nBetreff: Drucker\n\nNeu gestartet?\nJa.", ""},
		{"answers below, in Spanish", "Respondo más abajo.\n\nDe: Ann\nEnviado el: martes\nPara: Desk\nAsunto: impresora\n\n¿Reinició?\nSí.", ""},
		{"answers within the marked quote", "My answers are inline, in blue.\n\nOn 3 Nov 2026, Ann Lee wrote:\n> Did you restart?\n> Yes I did.", ""},
		{"answers below an attribution", "See below.\n\nOn 3 Nov 2026, at 10:04, Ann Lee <ann@example.com> wrote:\n\nDid you restart?\nYes I did.", ""},
		{"words that contain inline and below", "It is inlined and belowground.\n" + quote, "It is inlined and belowground."},
		{"lines that a colon announces", "The log says:\n> error 1\n> error 2", ""},
		{"an emoji written with colons", "Yes :+1:\n" + quote, "Yes :+1:"},
		{"a quoted header without text above", "From: Ann\nSent: Tuesday\nTo: Desk\nSubject: printer\n\nbroken", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := parseString("Subject: Re: x\nContent-Type: text/plain; charset=utf-8\n\n" + tt.text)
			if want := cmp.Or(tt.want, m.Text); m.ReplyText != want {
				t.Errorf("got %q, want %q", m.ReplyText, want)
			}
		})
	}
}

func TestAForwardIsNotCut(t *testing.T) {
	t.Parallel()
	const text = "Is this true?\n\nFrom: Ann\nSent: Tuesday\nTo: Desk\nSubject: printer\n\nbroken"
	for _, prefix := range []string{"Fw: ", "FWD: ", "TR : ", "WG: ", "RV: ", "[EXTERNAL] Fwd: ", "Fwd[2]: Re: ", "ENC: ", "Doorst: "} {
		if m := parseString("Subject: " + prefix + "printer\n\n" + text); m.ReplyText != text {
			t.Errorf("%s: cut to %q", prefix, m.ReplyText)
		}
	}
}

func TestOnlyAnswersAreCut(t *testing.T) {
	t.Parallel()
	const text = "Is this true?\n\nFrom: Ann\nSent: Tuesday\nTo: Desk\nSubject: printer\n\nbroken"
	for _, fields := range []string{
		"Subject: Re: printer", "Subject: AW: printer", "Subject: Réf : printer", "Subject: RE: AW: printer", "Subject: Re: Fwd: printer", "Subject: Rif: printer", "Subject: Antw: printer",
		"Subject: RE[2]: printer", "Subject: 回复：printer", "Subject: [EXTERNAL] Re: printer", "Subject: [printers] [EXT] SV: printer", "Subject: Automatic reply: printer",
		"Subject: [Incident] 1234 - printer", "Subject: printer\nIn-Reply-To: <1@desk.example>", "Subject: printer\nReferences: <1@desk.example>",
	} {
		if m := parseString(fields + "\n\n" + text); m.ReplyText != "Is this true?" {
			t.Errorf("%s: not cut: %q", fields, m.ReplyText)
		}
	}
	for _, fields := range []string{"Subject: printer", "Subject: Printer: Re", "Subject: [Incident] of today", "Subject: Ref: 12", "X-A: b", "Subject: printer\nIn-Reply-To:\nReferences: "} {
		if m := parseString(fields + "\n\n" + text); m.ReplyText != text {
			t.Errorf("%s: cut to %q", fields, m.ReplyText)
		}
	}
}

func TestNewMailLosesOnlyASignature(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text, want string // want is "" where nothing is cut
	}{
		{"a form of a web site", "New enquiry from the web site.\nFrom: Ann\nSubject: Printer\nDate: 12 May\nMessage: The printer is on fire", ""},
		{"a question about another message", "I got this mail, is it phishing?\nFrom: Bank\nSubject: Your account\nTo: me\n\nI did click, please reset my password", ""},
		{"another message with its signature", "Is it phishing?\n\nFrom: Bank\nSubject: Your account\nTo: me\n\nClick.\n\n-- \nBank", ""},
		{"a move from one place to another", "Bonjour,\nDe : Montréal\nÀ : Québec\nObjet : 3 imprimantes\nMerci de confirmer", ""},
		{"a log", "Log:\n\nFrom: 10.0.0.1\nTo: 10.0.0.2\nSent: 12 packets\n\nPlease replace the switch.", ""},
		{"a program's output", "npm prints\n> npm ERR! code 1\n> npm ERR! path /tmp", ""},
		{"an order", "Please order:\n>5 mice\n>3 keyboards", ""},
		{"an order without a colon", "Please order\n>5 mice\n>3 keyboards", ""},
		{"a sentence about what somebody wrote, in German", "Hallo zusammen,\nam 04.05.2026 hat mir bob@example.com geschrieben:\nDas Konto fehlt.\nKönnt ihr das bitte machen?", ""},
		{"a server's message", "On 2026-05-04 10:12 root@srv1 wrote:\ndisk full\nCan you clean it up before tonight?", ""},
		{"a server's message below a salutation", "Hello,\n\nOn 2026-05-04 10:12 root@srv1 wrote:\ndisk full\nCan you clean it up before tonight?", ""},
		{"a quote above the text", "On 3 Nov 2026, Ann wrote:\n> the printer\n> is broken\n\nIs it?", ""},
		{"a signature", "The printer is broken.\n\n-- \nAnn Lee", "The printer is broken."},
		{"a telephone's signature", "The printer is broken.\n\nSent from my iPhone", "The printer is broken."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := parseString("Subject: printer\nContent-Type: text/plain; charset=utf-8\n\n" + tt.text)
			if want := cmp.Or(tt.want, m.Text); m.ReplyText != want {
				t.Errorf("got %q, want %q", m.ReplyText, want)
			}
		})
	}
	html := parseString("Subject: error\nContent-Type: text/html\n\n<div>I get this error:</div><blockquote style=\"margin:0 0 0 40px\">Error 0x80070005<br>Access denied</blockquote>")
	if !strings.Contains(html.ReplyText, "Access denied") {
		t.Errorf("indented text is cut, leaving %q", html.ReplyText)
	}
}

func TestSentencesAreNotCutAsSignatures(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Yes.\n\nVon meinem Rechner geht es nicht", "Yes.\n\nVon meinem iPhone geht es nicht", "Yes.\n\nSent from my colleague's account by mistake", "Yes.\n\nSent from my old phone by mistake",
		"Yes.\n\nSent from mail", "Yes.\n\nInviato da Marco ieri senza risposta", "Yes.\n\nEnvoyé de mon poste de travail habituel", "Yes.\n\nEnvoyé de mon mobile hier",
		"I need help with:\n\nGet Outlook for Android", "What does it mean:\n\nSent from my iPhone",
		"Please install on my PC:\n\n-Adobe Acrobat", "–Microsoft Office\n\n–Adobe Acrobat", "• Office\n\n-Adobe Acrobat", "Please install\n\n-Adobe Acrobat",
		"my options are:\n--\nfirst floor\nsecond floor", "my options are:\n\n--\nfirst floor", "Name: Ann\n--\nPhone: 12345\nProblem: screen is black",
		"Name: Ann\n--\nProblem:\nscreen is black",
	} {
		m := parseString("From: Bruno Roy <bruno@example.com>\nSubject: Re: x\nContent-Type: text/plain; charset=utf-8\n\n" + text)
		if m.ReplyText != m.Text {
			t.Errorf("%q is cut to %q", text, m.ReplyText)
		}
	}
}

func TestSignaturesOfManyProgramsAreCut(t *testing.T) {
	t.Parallel()
	for _, signature := range []string{
		"Sent from my iPhone", "Sent from my iPhone.", "Sent from my Verizon Wireless 4G LTE Phone", "Sent from my Samsung Galaxy S21", "Sent from my SM-G960F phone", "Sent from Mail for Windows 10",
		"Sent from Yahoo Mail on Android", "Sent from Outlook for iOS<https://aka.ms/o0ukef>", "Envoyé de mon iPhone", "Envoyé depuis mon smartphone Samsung Galaxy.", "Envoyé à partir de Outlook pour Android",
		"Von meinem iPhone gesendet", "Von meinem Samsung Galaxy Smartphone gesendet.", "Von meinem iPhone/iPad gesendet", "Gesendet von meinem Handy", "Gesendet von Mail für Windows",
		"Enviado desde mi iPhone", "Enviado do meu iPhone", "Enviado desde Correo para Windows", "Inviato da iPhone", "Inviato dal mio iPad", "Inviato da Posta per Windows", "Verstuurd vanaf mijn iPhone",
		"Get Outlook for Android<https://aka.ms/ghei36>", "-Ann Lee", "—Ann M. Lee",
		"--\nAnn Lee\nPhone: 12345\nE-mail: ann@example.com\nhttps://example.com", "-- \nAnn Lee\nRoom: 12",
	} {
		m := parseString("From: Ann Lee <ann@example.com>\nSubject: Re: x\nContent-Type: text/plain; charset=utf-8\n\nYes.\n\n" + signature)
		if m.ReplyText != "Yes." {
			t.Errorf("%q is not cut: %q", signature, m.ReplyText)
		}
	}
}

// TestRepliesOfManyMailProgramsAreCutCorrectlyOrNotAtAll lists the reply text of each reply of the corpus. "Sent from
// my iPhone" and the lines after "-- " are signatures, although the collection keeps some of them.
func TestRepliesOfManyMailProgramsAreCutCorrectlyOrNotAtAll(t *testing.T) {
	t.Parallel()
	dir, ok := corpus(t)
	if !ok {
		return
	}
	const fine = "Hi. I am fine.\n\nThanks,\nAlex"
	const question = "Hi folks\n\nWhat is the best way to clear a Riak bucket of all key, values after \nrunning a test?\nI am currently using the Java HTTP API."
	tests := map[string]struct{ begins, ends string }{ // the same text twice is the whole reply text; with "" nothing is cut
		"email_reply_parser/correct_sig.txt": {"this is an email with a correct -- signature.", "this is an email with a correct -- signature."},
		"email_reply_parser/email_1_1.txt":   {question, question},
		// A quote between answers stays, the one at the end goes.
		"email_reply_parser/email_1_2.txt": {"Hi,\nOn Tue, 2011-03-01 at 18:02 +0530, Abhishek Kona wrote:\n> Hi folks", "Bucket. There is, however, an open ticket for the feature. To delete all\nthe keys in a bucket, you’ll need to delete them all individually.\""},
		"email_reply_parser/email_1_3.txt": {"Oh thanks.\n\nHaving the function would be great.", "Oh thanks.\n\nHaving the function would be great."},
		"email_reply_parser/email_1_4.txt": {"Awesome! I haven't had another problem with it.", "Awesome! I haven't had another problem with it."},
		"email_reply_parser/email_1_5.txt": {},
		// No such device exists, so that the line is text.
		"email_reply_parser/email_1_6.txt":           {"I get proper rendering as well.\n\nSent from a magnificent torch of pixels", "I get proper rendering as well.\n\nSent from a magnificent torch of pixels"},
		"email_reply_parser/email_1_7.txt":           {":+1:", ":+1:"},
		"email_reply_parser/email_1_8.txt":           {"On Tue, Apr 29, 2014 at 4:22 PM, Example Dev", "I will reply under this one\n\n>\n> okay?\n>\n\nand under this."},
		"email_reply_parser/email_2_1.txt":           {"Outlook with a reply", "Outlook with a reply"},
		"email_reply_parser/email_2_2.txt":           {"Outlook with a reply directly above line", "Outlook with a reply directly above line"},
		"email_reply_parser/email_2_3.txt":           {"Outlook with a reply directly above line", "Outlook with a reply directly above line"},
		"email_reply_parser/email_BlackBerry.txt":    {"Here is another email", "Here is another email"},
		"email_reply_parser/email_iPhone.txt":        {"Here is another email", "Here is another email"},
		"email_reply_parser/email_bullets.txt":       {"test 2 this should list second", "   - how about bullets\n   - and another"},
		"email_reply_parser/email_long_quote.txt":    {"Hi folks", ">\nI am currently using the Java HTTP API."},
		"email_reply_parser/greedy_on.txt":           {"On your remote host you can run:", "fails, the tunnel is not working."},
		"email_reply_parser/pathological.txt":        {"I think you're onto something.", "get back to a computer."},
		"email_reply_parser/email_one_is_not_on.txt": {"Thank, this is really helpful.", "Locally (on development), when I run..."},

		"email_reply_parser/email_multi_word_sent_from_my_mobile_device.txt": {"Here is another email", "Here is another email"},
		"email_reply_parser/email_sent_from_my_not_signature.txt":            {},
		"email_reply_parser/email_sig_delimiter_in_middle_of_line.txt":       {},

		"talon/html_replies/gmail.html":           {fine, fine},
		"talon/html_replies/hotmail.html":         {fine, fine},
		"talon/html_replies/mail_ru.html":         {fine, fine},
		"talon/html_replies/ms_outlook_2003.html": {"Hi. I am fine.\n\nThanks,\n\nAlex", "Hi. I am fine.\n\nThanks,\n\nAlex"},
		"talon/html_replies/ms_outlook_2007.html": {"Hi. I am fine.\n\nThanks,\n\nAlex", "Hi. I am fine.\n\nThanks,\n\nAlex"},
		"talon/html_replies/ms_outlook_2010.html": {"Hi. I am fine.\n\nThanks,\n\nAlex", "Hi. I am fine.\n\nThanks,\n\nAlex"},
		"talon/html_replies/thunderbird.html":     {fine, fine},
		"talon/html_replies/windows_mail.html":    {fine, fine},
		"talon/html_replies/yandex_ru.html":       {fine, fine},
	}
	for _, name := range []string{"android", "aol", "apple_mail", "apple_mail_2", "comcast", "gmail", "hotmail", "iphone", "outlook", "sparrow", "thunderbird", "yahoo"} {
		tests["talon/standard_replies/"+name+".eml"] = struct{ begins, ends string }{"Hello", "Hello"}
	}
	cut, whole := 0, 0
	for _, name := range append(filesOf(t, filepath.Join(dir, "talon")), filesOf(t, filepath.Join(dir, "email_reply_parser"))...) {
		if strings.HasSuffix(name, "_reply_text") {
			continue
		}
		rel, _ := filepath.Rel(dir, name) // below dir
		want, ok := tests[filepath.ToSlash(rel)]
		if !ok {
			t.Errorf("%s is not in the table", rel)
		}
		m := parseString(replyMail(name, string(readFile(t, name))))
		if want.begins == "" {
			want.begins, want.ends = m.Text, m.Text
		}
		if want.begins == want.ends && m.ReplyText != want.begins ||
			!strings.HasPrefix(m.ReplyText, want.begins) || !strings.HasSuffix(m.ReplyText, want.ends) {
			t.Errorf("%s: cut to %.1000q, want %q … %q", rel, m.ReplyText, want.begins, want.ends)
		}
		if m.ReplyText == m.Text {
			whole++
		} else {
			cut++
		}
	}
	t.Logf("%d cut, %d not cut", cut, whole)
}

// replyMail returns a file of the corpus as a message that is marked as an answer. All are answers, but some files are
// only a body, and others have lost the fields that mark them.
func replyMail(name, content string) string {
	switch filepath.Ext(name) {
	case ".html":
		return "Subject: Re: x\nContent-Type: text/html; charset=utf-8\n\n" + content
	case ".txt":
		return "Subject: Re: x\nContent-Type: text/plain; charset=utf-8\n\n" + content
	}
	return "In-Reply-To: <1@desk.example>\n" + content
}
