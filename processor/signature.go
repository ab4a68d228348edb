package processor

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cutListFooter cuts off the footer that a mailing list adds: a long line, the name of the list, its addresses.
func (r *reply) cutListFooter() {
	const mostLines = 5
	for i := r.end - 1; i > r.begin && i >= r.end-mostLines; i-- {
		ln := strings.TrimSpace(r.lines[i])
		if len(ln) >= 20 && strings.Trim(ln, "_") == "" {
			if i+1 < r.end && strings.HasSuffix(strings.TrimSpace(r.lines[i+1]), "mailing list") {
				r.end = i
			}
			return
		}
	}
}

// cutSignature cuts a signature off the end: after "-- " (RFC 3676 §4.3), a line that a telephone adds, or a name
// after a dash.
func (r *reply) cutSignature() {
	if at, ok := r.dashedSignature(); ok {
		r.end = at
		r.trim()
	}
	last := r.end - 1
	if last <= r.begin || endsInColon(r.lines[r.lastText(last)]) { // as in "I need:"
		return
	}
	const longest = 200
	ln := trimUnseen(r.lines[last])
	isApart := isBlankLine(r.lines[last-1])
	switch {
	case len(ln) > longest:
	case isOutlookLink(ln), (isApart || r.hasCutQuote) && (isDeviceSignature(ln) || isOutlookSignature(ln)),
		isApart && r.isDashedName(last):
		r.end = last
	}
}

// isOutlookLink reports whether Outlook's app added a line, in any language: few words with its name and that of a system,
// and a link at their end.
func isOutlookLink(ln string) bool {
	const mostWords = 9
	words, link, ok := strings.Cut(ln, "<http")
	link, after, isClosed := strings.Cut(link, ">")
	if !ok || !isClosed || strings.ContainsAny(link, " <") || strings.Trim(after, ". ") != "" || !strings.Contains(words, "Outlook") {
		return false
	}
	isSystem := func(name string) bool { return strings.Contains(words, name) }
	return slices.ContainsFunc([]string{"iOS", "Android", "Mac", "Windows"}, isSystem) &&
		len(strings.Fields(words)) <= mostWords && !strings.ContainsAny(words, ".,;:?!。，")
}

// isOutlookSignature reports whether Outlook's app added a line that has no link, or one in the middle of the words.
func isOutlookSignature(ln string) bool {
	return strings.Contains(strings.ToLower(ln), "outlook") && outlookSignature.MatchString(ln)
}

// dashedSignature finds "-- " near the end. "--" without the space may be a drawn line: it counts only if at most a few
// short lines follow that are no fields of a form, and the line above it does not end in a colon.
func (r *reply) dashedSignature() (at int, ok bool) {
	const mostLines, mostLinesInDoubt, longestInDoubt = 15, 6, 80
	isRule := false
	for i, after := r.end-1, 0; i > r.begin && after <= mostLines; i-- {
		ln := strings.TrimRight(r.lines[i], "\r\t\u00a0")
		if ln == "-- " || strings.TrimRight(ln, " ") == "--" && !isRule && !endsInColon(r.lines[r.lastText(i)]) {
			return i, true
		}
		if isQuoted(ln) {
			return 0, false
		}
		if !isBlankLine(ln) {
			after++
			isRule = isRule || after > mostLinesInDoubt || len(ln) > longestInDoubt || isFormField(ln)
		}
	}
	return 0, false
}

// isFormField reports whether a line has a label, as in "Problem: …", that is not one of signatures.
func isFormField(ln string) bool {
	label, value, ok := strings.Cut(ln, ":")
	if !ok || strings.HasPrefix(value, "//") {
		return false
	}
	words := strings.FieldsFunc(strings.ToLower(label), func(r rune) bool { return !unicode.IsLetter(r) })
	return len(words) > 0 && !slices.ContainsFunc(words, func(word string) bool { return contactLabels[word] })
}

// isDashedName reports whether line i is the author's name after a dash. Below the items of a list it is another item.
func (r *reply) isDashedName(i int) bool {
	if !dashedName.MatchString(strings.TrimSpace(r.lines[i])) || slices.ContainsFunc(r.lines[r.begin:i], isListItem) {
		return false
	}
	names := strings.Fields(strings.Trim(strings.ToLower(r.lines[i]), "-–— \t"))
	isAuthors := func(name string) bool { return strings.Contains(r.author, name) }
	return r.author == "" || slices.ContainsFunc(names, isAuthors)
}

func isListItem(ln string) bool {
	ln = trimBlanks(ln)
	return slices.ContainsFunc([]string{"-", "–", "—", "•", "* "}, func(sign string) bool { return strings.HasPrefix(ln, sign) })
}

// isDeviceSignature reports whether a telephone or a mail program added a line: "Sent from my iPhone". All its words must
// be known, because a sentence may begin in the same way.
func isDeviceSignature(ln string) bool {
	if strings.Contains(ln, "<") {
		ln = angledLink.ReplaceAllString(ln, "")
	}
	ln = strings.TrimSuffix(ln, ".")
	if found := germanDeviceSignature.FindStringSubmatch(ln); found != nil {
		return namesDevice(found[1], true)
	}
	if found := deviceSignature.FindStringSubmatch(ln); found != nil {
		return namesDevice(found[2], found[1] != "")
	}
	lower := strings.ToLower(ln)
	isNamed := func(device string) bool { return strings.Contains(lower, device) }
	return slices.ContainsFunc(foreignDevices, isNamed) && foreignDeviceSignature.MatchString(ln)
}

// foreignDevices holds the names of which foreignDeviceSignature needs one.
var foreignDevices = []string{"iphone", "ipad", "galaxy", "samsung", "android", "huawei", "xiaomi", "outlook"}

// namesDevice reports whether words name a device or a program. Without "my" (isMine) the first word must be a proper name:
// "Sent from Outlook".
func namesDevice(name string, isMine bool) bool {
	isNamed := false
	words := strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("/,()™®*", r) })
	for i, word := range words {
		isDevice, isKnown := deviceWords[strings.ToLower(word)]
		isNamed = isNamed || isDevice
		first, _ := utf8.DecodeRuneInString(word)
		isName := isDevice && (unicode.IsUpper(first) || first == 'i') // iPhone
		switch {
		case !isKnown && !strings.ContainsAny(word, "0123456789"): // models cannot all be known
			return false
		case i == 0 && !isMine && !isName:
			return false
		}
	}
	return isNamed
}

var (
	deviceSignature = regexp.MustCompile(
		`(?i)^(?:sent from|envoyé (?:de(?:puis)?|à partir de)|enviado (?:desde|do|a partir do)|inviato dal?|` +
			`(?:verstuurd|verzonden) vanaf|gesendet (?:von|mit))` +
			`( my| mon| mi| meu| mio| mijn| meine[mnr])?\s+(\S.*)$`)
	germanDeviceSignature = regexp.MustCompile(`(?i)^von meine[mnr]\s+(\S.*?)(?:\s+aus)?\s+gesendet$`)
	// foreignDeviceSignature matches the lines of Apple, Samsung and Outlook in languages that have no deviceWords.
	foreignDeviceSignature = regexp.MustCompile(
		`(?i)^(?:(?:skickat från|sendt fra|odesláno ze?|odoslané zo?|wysłan[eo] z|отправлено (?:с|из)|надіслано (?:з|із)|изпратено от|` +
			`στάλθηκε από|trimis de pe|poslano (?:iz|z|s|sa)|послато са|saadetud|nosūtīts no|išsiųsta iš|dikirim dari|` +
			`dihantar daripada|(?:đã|được) gửi từ|تم الإرسال من|أُرسلت من|נשלח מ|ส่งจาก|enviat des|发自|發自|從我的|从我的|lähetetty|send frá|sent úr)` +
			`[\s-]*(?:min|mit|mitt|mého|môjho|mojego|моего|мого|моя|το|mog|mojega|mojeg|manu|mana|mano|minu|saya|الـ|ה|del meu|我的)?[\s-]*` +
			`(?:iphone|ipad|galaxy|samsung|android|huawei|xiaomi|outlook)[\pL\d'’-]*` +
			`(?: (?:μου|meu|saya|của tôi|الخاص بي|שלי|ของฉัน|traadita|for|til|för|för|для|dla|pro|pre|用|ios|android|telefonom|传送|傳送|發送|寄出)\S*){0,3}` +
			`|(?:iphone|ipad|galaxy|samsung)\S* (?:gönderildi|küldve|elküldve)|(?:나의 )?(?:iphone|ipad|galaxy)에서 보냄|(?:iphone|ipad|galaxy)\s?から送信)$`)
	angledLink       = regexp.MustCompile(`\s*<[^<>\s]*>`)
	outlookSignature = regexp.MustCompile(
		`(?i)^(?:(?:get|obtenez|téléchargez|télécharger|obtener|scarica|ottieni|download|obter) outlook ` +
			`(?:for|pour|para|per|voor) (?:ios|android|mac)|outlook für (?:ios|android|mac) (?:beziehen|herunterladen)|` +
			`(?:holen sie sich|laden sie|obter o|baixe o|baixar o|hämta|skaffa|hent|få|skaff deg|hanki|lataa|pobierz(?: aplikację)?|získat|stáhnout|` +
			`získať|stiahnuť|descărcați|obțineți|получить|скачать|загрузить|завантажити|отримати|λήψη του|αποκτήστε το|获取|下载|取得|下載|` +
			`dapatkan|tải) outlook[\pL\s'’]{0,20} ?(?:ios|android|mac)[\pL:]{0,6})\s*(?:<[^<>\s]*>)?$`)
	dashedName = regexp.MustCompile(`^[-–—]\p{Lu}[\pL'’-]+(?: \p{Lu}[\pL'’.-]*){1,2}$`)
)

// deviceWords holds the words of lines that telephones and mail programs add. The value is true for names of devices and
// programs, false for other words.
var deviceWords = wordSet(
	`iphone ipad ipod android samsung galaxy huawei honor xiaomi redmi oneplus google pixel nokia lumia motorola moto droid
	xperia sony htc lg oppo fairphone blackberry windows macbook mac imac surface ios
	mobile phone cellphone cell telephone téléphone telefon telefoon teléfono telefono telefone smartphone handy
	mobiltelefon celular móvil portable tablet tablette device
	mail e-mail email courrier correo correio posta outlook yahoo gmail gmx proton protonmail aol`,
	`for für pour para per voor on sur su auf via the wireless verizon t-mobile telekom vodafone orange sprint at&t lte note
	plus pro max mini ultra app network`)

// contactLabels holds the labels that signatures use.
var contactLabels = wordSet(
	`phone telephone tel telefon téléphone tél teléfono telefono telefoon telefone mobile mobil mobiel mob cell fax direct t m f e p
	mail email courriel mailto www web website internet site skype linkedin address adresse
	sitz geschäftsführer geschäftsführung vorstand registergericht handelsregister ust`, "")

// wordSet makes a map of words that are and words that only may stand beside them.
func wordSet(words, more string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(words) {
		set[word] = true
	}
	for _, word := range strings.Fields(more) {
		set[word] = false
	}
	return set
}
