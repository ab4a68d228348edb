package processor

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
	"mailintegration/processor/language"
)

// isBounce reports whether a message is a bounce in a form from before RFC 3464, which some mail systems still use: it
// comes from a mail system and has a typical subject. People use such subjects too, and a postmaster is a person who may
// ask for help: unless only a mail system can have sent the message, it must also return one or quote an SMTP reply.
func isBounce(m *Message, root *entity.Part) bool {
	isDaemon := isFromDaemon(m)
	isFromSystem := isDaemon || isFromMailSystem(m)
	if isFromSystem && isBounceSubject(m.Subject) && (isDaemon || !isSentence(m.Subject) && returnsMessage(m, root)) {
		return true
	}
	// Amazon's notification service reports bounces as JSON.
	return m.Header.Has("x-amz-sns-message-id") && strings.Contains(m.Text, `notificationType\":\"Bounce\"`)
}

// isFromDaemon reports whether a message with the subject of a bounce can only come from a mail system.
func isFromDaemon(m *Message) bool {
	if isMailerDaemon(m) || m.From.Addr == "" && isMailSystemName(strings.ToLower(m.From.Name)) {
		return true
	}
	if m.ReturnPath == nil || localPart(m.From.Addr) != "postmaster" {
		return false
	}
	path := localPart(*m.ReturnPath)
	return path == "mailer-daemon" || path == "mailerdaemon"
}

// isFromMailSystem reports whether a message comes from a mail system, or pretends to. A postmaster by name alone is a
// person.
func isFromMailSystem(m *Message) bool {
	for _, a := range []Address{m.From, m.Sender} {
		name := strings.ToLower(a.Name)
		if isMailSystemName(localPart(a.Addr)) || name != "postmaster" && isMailSystemName(name) {
			return true
		}
	}
	return m.ReturnPath != nil && (*m.ReturnPath == "" || isMailSystemName(localPart(*m.ReturnPath)))
}

// localPart returns the part of an address before the "@", in lower case.
func localPart(addr string) string {
	local, _, _ := strings.Cut(strings.ToLower(addr), "@")
	return local
}

// returnsMessage reports whether a message returns another one, or quotes an SMTP reply and names the failed recipient.
func returnsMessage(m *Message, root *entity.Part) bool {
	for p := range root.Leaves {
		switch p.MediaType {
		case "message/delivery-status", "message/global-delivery-status", "message/rfc822", "message/global",
			"text/rfc822-headers", "message/global-headers":
			if p.Disposition != "attachment" { // as an attachment, a person shows it
				return true
			}
		}
	}
	text, _ := charset.CutOctets(m.Text, reportOctets)
	notice, returned := cutReturned(text)
	return returned != "" || replyWithStatus.MatchString(notice) && len(failedIn(m, notice)) > 0
}

func isMailSystemName(name string) bool {
	switch name {
	case "mailer-daemon", "mailerdaemon", "mailer daemon", "postmaster", "mail delivery system", "mail delivery subsystem",
		"mail delivery service", "mail system":
		return true
	}
	return false
}

// isBounceSubject reports whether a subject begins as those of bounces do, in the languages of mail systems.
func isBounceSubject(subject string) bool {
	subject = language.Fold(subject)
	isWarning := strings.HasPrefix(subject, "warning: ")
	return bounceBeginning(subject) > 0 ||
		isWarning && (strings.Contains(subject, " delayed") || strings.Contains(subject, "could not send")) ||
		strings.HasPrefix(subject, "[postmaster] email delivery fail")
}

// bounceBeginning returns the length of the longest beginning of a bounce's subject that a folded subject has.
func bounceBeginning(subject string) int {
	longest := 0
	for _, beginnings := range [][]string{bounceStems, knownWords().returned} {
		for _, beginning := range beginnings {
			if strings.HasPrefix(subject, beginning) {
				longest = max(longest, len(beginning))
			}
		}
	}
	return longest
}

// isSentence reports whether the subject of a bounce goes on like a person's sentence: "undeliverable mail to our
// supplier". A mail system ends there, or separates what it adds: "undeliverable mail: printer".
func isSentence(subject string) bool {
	subject = language.Fold(subject)
	rest := strings.TrimLeftFunc(subject[bounceBeginning(subject):], unicode.IsLetter)
	for {
		rest = trimSpace(rest)
		word := rest[:len(rest)-len(strings.TrimLeftFunc(rest, func(r rune) bool { return unicode.IsLetter(r) || r == '-' }))]
		if !slices.Contains(bounceWords, word) {
			return startsWord(rest)
		}
		rest = rest[len(word):]
	}
}

// bounceWords may follow the beginning of a bounce's subject without changing its meaning.
var bounceWords = []string{
	"mail", "email", "e-mail", "message", "notice", "notification", "status", "failed", "failure", "returned", "to", "sender",
}

// bounceStems holds beginnings of the subjects of bounces that go on in several ways; processor/language has the words.
var bounceStems = []string{"undeliver", "mail delivery fail", "email delivery fail"}

// fillFromText adds to the report what the text of a bounce says and its parts do not. isAlone means that the bounce has
// no part for programs.
func (found *Report) fillFromText(m *Message, isAlone bool, limits Limits) {
	text, _ := charset.CutOctets(m.Text, reportOctets)
	notice, returned := cutReturned(text)
	if found.MessageID == "" && returned != "" {
		const sections = 3 // lines that are not folded correctly divide a header section
		size := int64(min(len(returned), reportOctets))
		for _, fields := range entity.ReadHeaders(strings.NewReader(returned), size, limits.entity(), sections) {
			found.fillFromOriginal(fields, limits)
		}
	}
	if !isAlone || m.Automatic != Bounce {
		return
	}
	status, diagnostic := statusIn(notice)
	action := "failed"
	if isDelay(m.Subject, notice) {
		action = "delayed"
	}
	if addrs := failedIn(m, notice); len(addrs) > 0 {
		found.Recipients = nil
		for _, addr := range addrs {
			found.Recipients = append(found.Recipients, Recipient{Addr: addr})
		}
	}
	for i := range found.Recipients {
		found.Recipients[i].Action, found.Recipients[i].Status, found.Recipients[i].Diagnostic = action, status, diagnostic
	}
}

func isDelay(subject, notice string) bool {
	subject, notice = normalised(subject), strings.ToLower(notice)
	return strings.Contains(subject, "delay") || strings.HasPrefix(subject, "warning:") ||
		strings.Contains(notice, "warning message only") || strings.Contains(notice, "will be retried")
}

// cutReturned cuts a text before the header section of the message that it returns: at least three lines that are header
// fields, two of them common ones.
func cutReturned(text string) (notice, returned string) {
	begin, fields, common := -1, 0, 0
	for off := 0; off < len(text); {
		end := strings.IndexByte(text[off:], '\n')
		next := off + end + 1
		if end < 0 {
			next = len(text)
		}
		ln := strings.TrimRight(text[off:next], "\r\n")
		switch name, ok := entity.FieldName([]byte(ln)); {
		case ok:
			if begin < 0 {
				begin = off
			}
			fields++
			if entity.IsCommonField(name) {
				common++
			}
		case begin >= 0 && ln != "" && (ln[0] == ' ' || ln[0] == '\t'):
			// a folded line of the field above
		default:
			begin, fields, common = -1, 0, 0
		}
		if fields >= 3 && common >= 2 {
			return text[:begin], text[begin:]
		}
		off = next
	}
	return text, ""
}

// failedIn returns the addresses of failed recipients: those in X-Failed-Recipients, else the first address in the text
// that is not the sender, a recipient or a mail system of the notice itself.
func failedIn(m *Message, notice string) []string {
	var addrs []string
	for _, a := range parseAddresses(strings.Join(m.Header.Values("X-Failed-Recipients"), ", "), "", reportRecipients) {
		if a.Addr != "" {
			addrs = append(addrs, a.Addr)
		}
	}
	if len(addrs) > 0 {
		return addrs
	}
	for _, addr := range addressInText.FindAllString(notice, 20) {
		isOwn := func(a Address) bool { return strings.EqualFold(a.Addr, addr) }
		local, _, _ := strings.Cut(strings.ToLower(addr), "@")
		if !isOwn(m.From) && !slices.ContainsFunc(m.To, isOwn) && !isMailSystemName(local) {
			return []string{addr}
		}
	}
	return nil
}

// statusIn finds an enhanced status code (RFC 3463) in a notice, and the line with it or else with an SMTP reply.
func statusIn(notice string) (status, diagnostic string) {
	at := -1
	if found := enhancedStatus.FindStringSubmatchIndex(notice); found != nil {
		status, at = notice[found[2]:found[3]], found[2]
	} else if found := smtpReply.FindStringSubmatchIndex(notice); found != nil {
		at = found[2]
	} else {
		return "", ""
	}
	begin := strings.LastIndexByte(notice[:at], '\n') + 1
	ln, _, _ := strings.Cut(notice[begin:], "\n")
	diagnostic, _ = charset.CutRunes(charset.CollapseSpace(ln), diagnosticRunes)
	return status, diagnostic
}

var (
	addressInText  = regexp.MustCompile(`[\pL\pN._%+=-]+@[\pL\pN-]+(?:\.[\pL\pN-]+)+`)
	enhancedStatus = regexp.MustCompile(`(?:^|[^\d.])([245]\.\d{1,3}\.\d{1,3})(?:[^\d.]|\.?\s|\.?$)`)
	// replyWithStatus matches text that hardly anything but a mail system writes: "550 5.1.1", "(#5.1.1)".
	replyWithStatus = regexp.MustCompile(`(?:^|[^\d.])[45]\d\d[- ]#?[45]\.\d{1,3}\.\d{1,3}(?:[^\d.]|$)|#[45]\.\d{1,3}\.\d{1,3}(?:[^\d.]|$)`)
	smtpReply       = regexp.MustCompile(`(?m)(?:^|[^\d.:])([45][0-5]\d)[- ]\S`)
)
