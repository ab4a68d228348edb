package processor

import (
	"strings"
	"testing"

	"mailintegration/processor/language"
)

// spoken returns what the service desk reads of a text in two forms.
func spoken(plain, html string) string {
	s := segment{plain: plain, html: html}
	return s.say(DefaultLimits().Text)
}

func TestAPlainTextThatSaysNothingGivesWayToTheHTML(t *testing.T) {
	t.Parallel()
	const html = `<p>The <b>lift</b> has stopped between two floors.</p>`
	for _, plain := range []string{
		"", " \n\u00a0\u200b\u00ad\u2060\ufeff\u034f\u2800\t", "HTML",
		"This email requires an HTML viewer to display properly.",
		"To view this email message, open it in a program that understands HTML!",
		"Your client does not support HTML e-mail. Please use another mail program.",
		"[This message is in HTML format]",
		"No plain text version of this message is available, see the HTML.",
		"Having trouble viewing this email? Open it in your browser: https://news.example.com/?u=1&id=2",
		"Please click here to read the message: https://news.example.com/m/1",
		"*** Ihr E-Mail-Client kann diese HTML-Nachricht leider nicht darstellen. ***",
		"Wenn Sie diese E-Mail nicht lesen können, klicken Sie bitte auf folgenden Link: https://news.example.com/m/1",
		"Votre messagerie ne permet pas d'afficher ce message au format HTML.",
		"Si ce courriel ne s’affiche pas correctement, consultez la version en ligne : https://news.example.com/m/1",
		"Su lector de correo no puede visualizar este mensaje HTML.",
		"Deze e-mail kan alleen worden gelezen met een programma dat HTML kan weergeven.",
		"Tento e-mail je ve formátu HTML. Váš poštovní program jej neumí zobrazit.",
		"Wiadomość w formacie HTML – proszę użyć programu pocztowego obsługującego HTML.",
		"Din e-postläsare kan inte visa HTML. Öppna meddelandet i webbläsaren: https://news.example.com/m/1",
		"Viesti on HTML-muotoinen, eikä sähköpostiohjelmasi tue sitä.",
		"Ваш почтовый клиент не умеет отображать HTML. Откройте письмо в браузере: https://news.example.com/m/1",
		"E-posta programınız HTML iletileri desteklemediği için bu mesajı görüntüleyemiyor.",
		"お使いのメールソフトがHTML形式に対応していないため、このメールを表示できません。",
		"您的邮箱不支持 HTML，请点击链接在浏览器中查看：https://news.example.com/m/1",
		"이 메일은 HTML을 지원하는 프로그램에서 볼 수 있습니다.",
		"برنامج البريد لا يدعم HTML، يرجى عرض الرسالة في المتصفح.",
		"תוכנת הדואר שלך אינה תומכת בהודעות HTML.",
	} {
		if got, want := spoken(plain, html), "The lift has stopped between two floors."; got != want {
			t.Errorf("%q\nis read as %q", plain, got)
		}
	}
}

func TestAPlainTextThatSaysSomethingStays(t *testing.T) {
	t.Parallel()
	const banner = `<table><tr><td>ACME</td></tr></table><p>%</p><p>ACME Corporation, visit our shop in your browser</p>`
	for _, plain := range []string{
		"Yes, go ahead.", "OK", "4711", "👍", "Danke!", "Hello?", "Hi Ann, yes please.", "Dear Ann, done", "Good morning, 12 is free.", "Thank you Ann",
		"https://wiki.example.com/printers", "Please look at https://wiki.example.com/printers again, it is broken",
		"My mail program does not display HTML messages since the update.",
		"HTML mail is not shown on my telephone any more, please help.",
		"The browser does not open", "Le navigateur plante.", "Der Browser startet nicht mehr.", "浏览器打不开", "Die HTML-Ansicht fehlt mir",
		"The nightly check of HTML failed on server 4.", "Plain text.", "This is the plain text part.", "Online",
	} {
		for _, html := range []string{strings.Replace(banner, "%", plain, 1), "<p>" + plain + "</p>"} {
			if got := spoken(plain, html); got != plain {
				t.Errorf("%q\nis read as %q", plain, got)
			}
		}
	}
}

func TestAPlaceholderStaysWhereTheHTMLSaysNoMore(t *testing.T) {
	t.Parallel()
	const plain = "Your mail program cannot show HTML."
	for _, html := range []string{"", "<p></p>", `<img src="cid:a">`, "<p>Your mail program cannot show HTML.</p>", "<p>your mail program<br>cannot show HTML</p>"} {
		if got := spoken(plain, html); got != plain {
			t.Errorf("beside %q it is read as %q", html, got)
		}
	}
}

func TestASalutationAloneGivesWayToTheHTMLThatBeginsWithIt(t *testing.T) {
	t.Parallel()
	for _, plain := range []string{
		"Hello,", "Dear Ms Doe,", "Hi Ann!", "Dear Mr. van der Berg,", "Guten Tag Herr Müller,", "Sehr geehrte Damen und Herren,", "Bonjour,\n\n", "Bonjour à tous,", "Hola Ana:",
		"Buongiorno,", "Szanowni Państwo,", "Добрый день!", "Добрый день, Анна Петровна!", "お世話になっております。", "田中様、こんにちは。", "您好，", "안녕하세요,", "שלום דנה,", "السلام عليكم،",
	} {
		const more = "the lift has stopped between floors"
		if got := spoken(plain, "<p>"+plain+"</p><p>"+more+"</p>"); !strings.Contains(got, more) {
			t.Errorf("%q is read as %q", plain, got)
		}
		if got := spoken(plain, "<p>"+more+"</p><p>"+plain+"</p>"); got != plain {
			t.Errorf("%q, with which the HTML does not begin, is read as %q", plain, got)
		}
		if got := spoken(plain, "<p>"+plain+"</p>"); got != plain {
			t.Errorf("%q, which is all that the HTML says, is read as %q", plain, got)
		}
	}
}

func TestEveryPhraseOfEveryLanguageSaysNothing(t *testing.T) {
	t.Parallel()
	for _, l := range language.All() {
		for _, list := range [][]string{l.NoHTML, l.Salutations, l.Elsewhere} {
			if len(list) == 0 {
				t.Errorf("%s: a list is empty", l.Code)
			}
		}
		for _, phrase := range l.NoHTML {
			if got := spoken(phrase+" https://news.example.com/m/1", "<p>4711 4712 4713</p>"); got != "4711 4712 4713" {
				t.Errorf("%s: %q is read as %q", l.Code, phrase, got)
			}
		}
		for _, phrase := range l.Salutations {
			if got := spoken(phrase, "<p>"+phrase+" 4711 4712 4713</p>"); got == phrase {
				t.Errorf("%s: %q is read as it is", l.Code, phrase)
			}
		}
	}
}

func TestWordsAreToldApartInEveryScript(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                   " ",
		"The HTML-Mail (visualizzazione)":    " the html mail visua ",
		"visit https://a.example or www.b.c": " visit or ",
		"HTMLメールを":                           " html メー ール ルを ",
		"此邮件为HTML":                           " 此 邮 件 为 html ",
		"e\u0301te\u0301 12,5":               " été 12 5 ",
		"नमस्ते":                             " नमस्त ",
	} {
		if got := wordsOf(text).joined(); got != want {
			t.Errorf("%q has the words %q, want %q", text, got, want)
		}
	}
}
