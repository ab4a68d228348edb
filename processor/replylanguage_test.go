package processor

import (
	"cmp"
	"strings"
	"testing"
)

// replyOfText returns the reply text of an answer with this text.
func replyOfText(text string) (reply, whole string) {
	m := parseString("From: Jane Doe <jane.doe@example.com>\nSubject: Re: x\nContent-Type: text/plain; charset=utf-8\n\n" + text)
	return m.ReplyText, m.Text
}

func TestTheHeaderOfAQuotedMailIsKnownInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, labels := range []string{
		"From|Sent|To|Subject", "De|Envoyé|À|Objet", "Von|Gesendet|An|Betreff", "De|Enviado|Para|Asunto", "Da|Inviato|A|Oggetto", "De|Enviado|Para|Assunto", "Van|Verzonden|Aan|Onderwerp",
		"Från|Skickat|Till|Ämne", "Fra|Sendt|Til|Emne", "Lähettäjä|Lähetetty|Vastaanottaja|Aihe", "Frá|Sent|Til|Efni", "Saatja|Saadetud|Adressaat|Teema", "No|Nosūtīts|Kam|Tēma", "Nuo|Išsiųsta|Kam|Tema",
		"Od|Wysłano|Do|Temat", "Nadawca|Data|Adresat|Temat", "Od|Odesláno|Komu|Předmět", "Od|Odoslané|Komu|Predmet", "Od|Poslano|Za|Zadeva", "Od|Poslano|Prima|Predmet", "Šalje|Datum|Prima|Naslov", "Od|Poslato|Za|Tema",
		"Од|Послато|За|Наслов", "Од|Испратено|До|Предмет", "От|Изпратено|До|Относно", "От|Отправлено|Кому|Тема", "От кого|Дата|Кому|Тема", "Отправитель|Дата|Получатель|Тема", "Від|Надіслано|Кому|Тема", "Від кого|Дата|Кому|Тема",
		"Кімнен|Жіберілді|Кімге|Тақырыбы", "Nga|Dërguar|Për|Subjekti", "Από|Στάλθηκε|Προς|Θέμα", "Αποστολέας|Ημερομηνία|Παραλήπτης|Θέμα", "Feladó|Elküldve|Címzett|Tárgy", "Feladó|Küldve|Címzett|Tárgy", "De la|Trimis|Către|Subiect",
		"Expeditorul|Data|Destinatarul|Subiectul", "Kimden|Gönderildi|Kime|Konu", "Gönderen|Tarih|Alıcı|Konu", "من|تاريخ الإرسال|إلى|الموضوع", "מאת|נשלח|אל|נושא", "از|ارسال شده|به|موضوع", "प्रेषक|भेजा गया|प्रति|विषय",
		"จาก|ส่งเมื่อ|ถึง|เรื่อง", "Từ|Đã gửi|Đến|Chủ đề", "Người gửi|Ngày gửi|Người nhận|Tiêu đề", "Dari|Dikirim|Kepada|Perihal", "Daripada|Dihantar|Kepada|Subjek", "差出人|送信日時|宛先|件名", "보낸 사람|보낸 날짜|받는 사람|제목", "보낸사람|날짜|받는사람|제목",
		"发件人|发送时间|收件人|主题", "发件人|日期|收件人|主题", "寄件者|寄件日期|收件者|主旨", "寄件者|傳送時間|收件者|主旨", "De|Enviat|Per a|Tema", "De|Enviado|Para|Asunto", "Nork|Bidalia|Nori|Gaia", "Ó|Seolta|Chuig|Ábhar", "Oddi wrth|Anfonwyd|At|Pwnc",
	} {
		l := strings.Split(labels, "|")
		for _, colon := range []string{": ", " : ", "：", "\u00a0: ", ":*"} {
			block := l[0] + colon + "Service Desk <desk@example.com>\n" + l[1] + colon + "03/03/2025 10:00\n" + l[2] + colon + "Jane\n" + l[3] + colon + "lamp\n\nold words"
			if got, _ := replyOfText("It glows.\n\n" + block); got != "It glows." {
				t.Errorf("%q: cut to %q", labels+colon, got)
			}
		}
	}
}

func TestASentenceWithoutADateNamesTheAuthorOfTheQuote(t *testing.T) {
	t.Parallel()
	for _, sentence := range []string{
		"Quoting Desk <desk@example.com>:", "Zitat von Desk <desk@example.com>:", "Citando a Desk <desk@example.com>:", "Desk <desk@example.com> writes:", "Desk <desk@example.com> a écrit :", "Цитирую Desk <desk@example.com>:",
		"\"Desk\" <desk@example.com> schrieb:", "Desk <desk@example.com>\nwrote:",
	} {
		for _, before := range []string{"It glows.\n\n", "It glows.\n", "The lamp in the room on the second floor glows again\n"} {
			if got, _ := replyOfText(before + sentence + "\n> old\n> words"); got != strings.TrimSpace(before) {
				t.Errorf("%q: cut to %q", sentence, got)
			}
		}
	}
}

func TestTheHeaderOfAQuotedMailIsKnownInEveryForm(t *testing.T) {
	t.Parallel()
	for name, block := range map[string]string{
		"without a blank line above":               "From: Desk <desk@example.com>\nSent: Monday\nTo: Jane\nSubject: lamp\n\nold",
		"without a blank line below":               "From: Desk <desk@example.com>\nSent: Monday\nTo: Jane\nSubject: lamp\nold",
		"a name and an address on two lines":       "From: Desk of the Company\n<desk@example.com>\nSent: Monday\nTo: Jane\nSubject: lamp\n\nold",
		"a field with its value in the next line":  "From:\nDesk <desk@example.com>\nSent:\nMonday\nTo:\nJane\nSubject:\nlamp\n\nold",
		"a subject that is folded":                 "Subject: lamp and\n other lamps\nDate: Mon, 3 Mar 2025\nFrom: Desk <desk@example.com>\nTo: Jane\n\nold",
		"recipients in many lines":                 "From: Desk <desk@example.com>\nDate: 3/3/25\nTo: a@example.com,\nb@example.com,\nc@example.com,\nd@example.com\nCc: e@example.com,\nf@example.com\nSubject: lamp\n\nold",
		"two fields on one line":                   "De : Desk <desk@example.com>\nDate : 03/03/25 10:00 (GMT+01:00)\nÀ : jane@example.com Objet : lampe\n\nold",
		"two fields on one line in Chinese":        "发件人：Desk <desk@example.com>\n日期：2025年3月3日\n收件人：jane@example.com 主题：灯\n\nold",
		"all fields on one line":                   "From: Desk <desk@example.com> Date: 3/3/25 10:00 To: jane@example.com Subject: lamp\n\nold",
		"Samsung in Italian":                       "-------- Messaggio originale --------\nDa: Desk <desk@example.com>\nData: 03/03/25 10:00 (GMT+01:00)\nA: jane@example.com\nOggetto: lampada\n\nold",
		"Samsung in a language that has no labels": "-------- Original message --------\nXyz: Desk\n\nold",
		"Outlook in German above a line":           "-----Ursprüngliche Nachricht-----\nVon: Desk\nGesendet: Montag\nAn: Jane\nBetreff: Lampe\n\nold",
		"QQ":                                       "------------------ 原始邮件 ------------------\n发件人: \"desk\" <desk@example.com>;\n发送时间: 2025年3月3日(星期一) 上午10:00\n收件人: \"jane\"<jane@example.com>;\n主题: 灯\n\nold",
		"Seznam":                                   "---------- Původní e-mail ----------\nOd: Desk <desk@example.com>\nKomu: jane@example.com\nDatum: 3. 3. 2025 10:00:00\nPředmět: lampa\n\nold",
		"Naver":                                    "-----원본 메시지-----\n보낸사람: Desk <desk@example.com>\n받는사람: Jane\n날짜: 2025년 3월 3일\n제목: 램프\n\nold",
		"Horde":                                    "----- Nachricht von desk@example.com ---------\n     Datum: Mon, 3 Mar 2025 10:00:00 +0100\n       Von: Desk <desk@example.com>\n   Betreff: Lampe\n        An: Jane\n\nold",
		"Zimbra":                                   "----- Mail original -----\nDe: \"Desk\" <desk@example.com>\nÀ: \"Jane\" <jane@example.com>\nEnvoyé: Lundi 3 Mars 2025 10:00:00\nObjet: lampe\n\nold",
		"Notes":                                    "From:\tDesk/Example\nTo:\tJane/Example@Example\nDate:\t03/03/2025 10:00 AM\nSubject:\tlamp\n\nold",
		"bold labels":                              "*From:* Desk <desk@example.com>\n*Sent:* Monday\n*To:* Jane\n*Subject:* lamp\n\nold",
		"marks of direction":                       "\u200fמאת:\u200f Desk <desk@example.com>\n\u200fנשלח:\u200f יום שני 3 מרץ 2025\n\u200fאל:\u200f Jane\n\u200fנושא:\u200f מנורה\n\nold",
		"Zoho":                                     "---- On Mon, 03 Mar 2025 10:00:00 +0100 Desk <desk@example.com> wrote ----\n\nold",
	} {
		if got, _ := replyOfText("It glows.\n" + block); got != "It glows." {
			t.Errorf("%s: cut to %q", name, got)
		}
	}
}

func TestTheSentenceBeforeAQuoteIsKnownInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, sentence := range []string{
		"On Mon, Mar 3, 2025 at 10:00 AM Desk <d@example.com> wrote:", "Le lun. 3 mars 2025 à 10:00, Desk <d@example.com> a écrit :", "Le 03/03/2025 à 10:00, Desk a écrit :", "Am Mo., 3. März 2025 um 10:00 Uhr schrieb Desk <d@example.com>:",
		"El lun, 3 mar 2025 a las 10:00, Desk (<d@example.com>) escribió:", "Il giorno lun 3 mar 2025 alle ore 10:00 Desk <d@example.com> ha scritto:", "Em seg., 3 de mar. de 2025 às 10:00, Desk <d@example.com> escreveu:", "O luns, 3 mar 2025 ás 10:00, Desk (<d@example.com>) escribiu:",
		"Missatge de Desk <d@example.com> del dia dl., 3 de març 2025 a les 10:00:", "Op ma 3 mrt 2025 om 10:00 schreef Desk <d@example.com>:", "Den mån 3 mars 2025 kl 10:00 skrev Desk <d@example.com>:", "man. 3. mars 2025 kl. 10:00 skrev Desk <d@example.com>:",
		"Den man. 3. mar. 2025 kl. 10.00 skrev Desk <d@example.com>:", "ma 3. maalisk. 2025 klo 10.00 Desk (d@example.com) kirjoitti:", "Desk kirjoitti 3.3.2025 klo 10.00:", "Þann mán., 3. mar. 2025 kl. 10:00 skrifaði Desk <d@example.com>:", "Kuupäev E, 3. märts 2025 kell 10:00 kirjutas Desk <d@example.com>:",
		"pirmd., 2025. g. 3. marts, plkst. 10:00 — lietotājs Desk (<d@example.com>) rakstīja:", "2025-03-03, pr, 10:00 Desk <d@example.com> rašė:", "pon., 3 mar 2025 o 10:00 Desk <d@example.com> napisał(a):", "W dniu 3.03.2025 o 10:00, Desk pisze:", "po 3. 3. 2025 v 10:00 odesílatel Desk <d@example.com> napsal:",
		"Dne 03. 03. 25 v 10:00 Desk napsal(a):", "po 3. 3. 2025 o 10:00 Desk <d@example.com> napísal(a):", "V pon., 3. mar. 2025 ob 10:00 je oseba Desk <d@example.com> napisala:", "pon, 3. ožu 2025. u 10:00 Desk <d@example.com> napisao je:", "пон, 3. мар 2025. у 10:00 Desk <d@example.com> је написао/ла:",
		"На пн, 3.03.2025 г. в 10:00 Desk <d@example.com> написа:", "пн, 3 мар. 2025 г. в 10:00, Desk <d@example.com>:", "03.03.2025 10:00, Desk пишет:", "пн, 3 бер. 2025 р. о 10:00 Desk <d@example.com> пише:", "Στις Δευ 3 Μαρ 2025 στις 10:00 π.μ., ο χρήστης Desk <d@example.com> έγραψε:",
		"Desk <d@example.com> ezt írta (időpont: 2025. márc. 3., H, 10:00):", "2025. 03. 03. 10:00 keltezéssel, Desk írta:", "În lun., 3 mar. 2025 la 10:00, Desk <d@example.com> a scris:", "Desk <d@example.com>, 3 Mar 2025 Pzt, 10:00 tarihinde şunu yazdı:", "\u202bفي الاثنين، ٣ مارس ٢٠٢٥ في ١٠:٠٠ ص تمت كتابة ما يلي بواسطة Desk <\u202ad@example.com\u202c\u200f>:\u202c",
		"\u202bבתאריך יום ב׳, 3 במרץ 2025 ב-10:00 מאת \u202aDesk\u202c\u200f <\u202ad@example.com\u202c\u200f>:\u202c", "در تاریخ دوشنبه ۳ مارس ۲۰۲۵، ۱۰:۰۰ Desk <d@example.com> نوشت:", "3 मार्च 2025 को 10:00 am को, Desk <d@example.com> ने लिखा:", "ในวันที่ จ. 3 มี.ค. 2025 เวลา 10:00 Desk <d@example.com> เขียนว่า:",
		"Vào Th 2, 3 thg 3, 2025 vào lúc 10:00 Desk <d@example.com> đã viết:", "Pada tanggal Sen, 3 Mar 2025 pukul 10.00 Desk <d@example.com> menulis:", "2025年3月3日(月) 10:00 Desk <d@example.com>:", "2025. 3. 3. 오전 10:00, Desk <d@example.com> 작성:", "2025년 3월 3일 (월) 오전 10:00, Desk <d@example.com>님이 작성:",
		"Desk <d@example.com> 于2025年3月3日周一 10:00写道：", "在 2025/3/3 10:00, Desk 写道:", "Desk <d@example.com> 於 2025年3月3日 週一 上午10:00寫道：", "Desk (<d@example.com>) igorleak hau idatzi zuen (2025 mar. 3, al. (10:00)):",
	} {
		for _, before := range []string{"It glows.\n\n", "It glows.\n"} {
			if got, _ := replyOfText(before + sentence + "\n\n> old\n> words"); got != "It glows." {
				t.Errorf("%q: cut to %q", sentence, got)
			}
		}
		if !strings.Contains(sentence, "<") {
			continue
		}
		if got, _ := replyOfText("It glows.\n\n" + sentence + "\n\nold\nwords"); got != "It glows." && !strings.HasPrefix(sentence, "Missatge") {
			t.Errorf("%q, unmarked: cut to %q", sentence, got)
		}
	}
}

func TestTheSentenceBeforeAQuoteMayBeBrokenAnywhere(t *testing.T) {
	t.Parallel()
	for _, sentence := range []string{
		"Am 03.03.2025 um 10:00 schrieb \"Service Desk der Beispiel GmbH\" <service-desk@example.com>:", "On Mon, Mar 3, 2025 at 10:00 AM Service Desk <desk@example.com> wrote:",
		"Le lun. 3 mars 2025 à 10:00, Service Desk <desk@example.com> a écrit :", "Service Desk <desk@example.com>, 3 Mar 2025 Pzt, 10:00 tarihinde şunu yazdı:", "po 3. 3. 2025 v 10:00 odesílatel Desk <desk@example.com> napsal:",
	} {
		places := []string{" ", "<", ">"}
		for _, place := range places {
			for at := 1; at < len(sentence); at++ {
				if !strings.HasPrefix(sentence[at:], place) || at < 12 && place == " " {
					continue // nothing breaks as short a line
				}
				broken := sentence[:at] + "\n" + strings.TrimLeft(sentence[at:], " ")
				if got, _ := replyOfText("It glows.\n\n" + broken + "\n\n> old\n> words"); got != "It glows." {
					t.Errorf("%q: cut to %q", broken, got)
				}
			}
		}
	}
}

func TestWhatIsNotSurelyAQuoteStaysInAnAnswer(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an address without a verb":          "The new address of Bob is <bob@example.org>:\n> no\n> yes",
		"a sentence about what was written":  "The program wrote:\n> error 1\n> error 2",
		"a form":                             "Von: Lager\nAn: Büro\nBetreff: Umzug\n\nBitte am Freitag.",
		"a form with words above":            "Here it is.\n\nFrom: Montréal\nTo: Québec\nSubject: 3 printers\n\nPlease confirm.",
		"a form in Turkish":                  "Tamam.\n\nKimden: Depo\nKime: Ofis\nKonu: taşınma\n\nLütfen taşıyın.",
		"mail that the author passes on":     "Look.\n\n---------- Forwarded message ---------\nFrom: Bob <bob@example.org>\nDate: Mon, 3 Mar 2025\nSubject: lamp\nTo: Jane\n\nthe words",
		"mail that Apple passes on":          "Schau.\n\nAnfang der weitergeleiteten Nachricht:\n\nVon: Bob <bob@example.org>\nBetreff: Lampe\nDatum: 3. März 2025\nAn: Jane\n\nthe words",
		"mail that Thunderbird passes on":    "Katso.\n\n-------- Välitetty viesti / Fwd.Msg --------\nAihe: lamp\nPäiväys: 3.3.2025\nLähettäjä: Bob <bob@example.org>\nVastaanottaja: Jane\n\nthe words",
		"mail that is passed on in Chinese":  "请看。\n\n---------- 转发的邮件 ---------\n发件人: Bob <bob@example.org>\n日期: 2025年3月3日\n主题: 灯\n收件人: Jane\n\nthe words",
		"answers below, in Russian":          "Ответы ниже.\n\nОт: Desk <desk@example.com>\nОтправлено: 3 марта 2025\nКому: Jane\nТема: lamp\n\nГде?\nТут.",
		"answers below, in Finnish":          "Vastaukset alla.\n\nLähettäjä: Desk <desk@example.com>\nLähetetty: 3.3.2025\nVastaanottaja: Jane\nAihe: lamp\n\nMissä?\nTäällä.",
		"answers below, in Chinese":          "回复见下面。\n\n发件人: Desk <desk@example.com>\n发送时间: 2025年3月3日\n收件人: Jane\n主题: lamp\n\n哪里？\n这里。",
		"answers below, in Turkish":          "Cevaplar aşağıda.\n\nKimden: Desk <desk@example.com>\nGönderildi: 3 Mart 2025\nKime: Jane\nKonu: lamp\n\nNerede?\nBurada.",
		"a sentence with a time and a colon": "The meeting of 3 March 2025 at 10:00 with ann@example.com decided:\n\nwe buy lamps.",
		"a log":                              "It says\n2025-03-03 10:00 root@srv1:\ndisk full",
		"a title that is a sentence":         "The original message:\nlamp is off",
		"dashes around a heading":            "First.\n\n---- Part two ----\n\nSecond.",
		"a list of fields":                   "Printer: 4\nFrom: 3 May\nTo: 5 May\nSubject: leave\nThanks",
	} {
		if got, whole := replyOfText(text); got != whole {
			t.Errorf("%s: cut to %q", name, got)
		}
	}
}

func TestTheLineOfAnAppIsCutAboveAQuote(t *testing.T) {
	t.Parallel()
	const block = "\n\nFrom: Desk <desk@example.com>\nSent: Monday\nTo: Jane\nSubject: lamp\n\nold"
	for _, tt := range []struct{ line, want string }{
		{"Get Outlook for iOS<https://aka.ms/o0ukef>", ""}, {"Get Outlook for Android", ""}, {"Holen Sie sich Outlook für iOS <https://aka.ms/o0ukef>", ""}, {"Hanki Outlook iOS:lle<https://aka.ms/o0ukef>", ""},
		{"iOS için Outlook'u edinin <https://aka.ms/o0ukef>", ""}, {"获取 Outlook for iOS<https://aka.ms/o0ukef>", ""}, {"Outlook for iOS を入手<https://aka.ms/o0ukef>", ""}, {"Pobierz aplikację Outlook dla systemu iOS<https://aka.ms/o0ukef>", ""},
		{"Sent from my iPhone", ""}, {"Skickat från min iPhone", ""}, {"Отправлено с iPhone", ""}, {"发自我的 iPhone", ""}, {"Wysłane z iPhone'a", ""}, {"iPhone'umdan gönderildi", ""}, {"나의 iPhone에서 보냄", ""},
		{"Sent my old Samsung", "It glows.\nSent my old Samsung"}, {"Skickat tillbaka till Samsung", "It glows.\nSkickat tillbaka till Samsung"}, {"I do not get Outlook for iOS", "It glows.\nI do not get Outlook for iOS"},
		{"We use Outlook on iOS, see <https://example.com>", "It glows.\nWe use Outlook on iOS, see <https://example.com>"},
	} {
		if got, _ := replyOfText("It glows.\n" + tt.line + block); got != cmp.Or(tt.want, "It glows.") {
			t.Errorf("%q: cut to %q", tt.line, got)
		}
	}
}
