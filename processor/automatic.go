package processor

import (
	"strings"

	"mailintegration/processor/entity"
)

// Automatic is the kind of automatic mail that a message is, by its header (RFC 3834 §2, RFC 3464, RFC 2919).
type Automatic string

// The kinds. Person stands for every message that no header marks as automatic.
const (
	Person      Automatic = ""
	AutoReply   Automatic = "auto_reply"  // out-of-office and the like
	Notice      Automatic = "auto_notice" // generated, but not an answer
	Bounce      Automatic = "bounce"      // delivery status notification, null reverse-path
	Receipt     Automatic = "disposition" // message disposition notification
	MailingList Automatic = "list"
)

// automaticKind returns the kind of a message. Precedence: report type, then headers of automatic answers, then headers of
// bulk mail.
func automaticKind(m *Message, root *entity.Part) Automatic {
	h := m.Header
	report := reportType(root, 0)
	if !isFromMachine(m) && (!hasReport(root, 0) || isForward(m.Subject)) {
		report = "" // a person forwards a report
	}
	switch {
	case report == "disposition-notification":
		return Receipt
	case report == "feedback-report":
		return Notice // a complaint about our mail; nothing was returned
	case report != "", isDeliveryFailure(m), isBounce(m, root):
		return Bounce
	case isAutoReply(h), isAbsenceNote(m):
		return AutoReply
	case isMailerDaemon(m) && !isOfUnknownType(root):
		return Bounce
	case isNotice(h), isOfUnknownType(root) && !isForward(m.Subject):
		return Notice
	case h.Has("List-Id"), h.Has("List-Post"), h.Has("Mailing-List"):
		return MailingList // whatever its precedence: ezmlm and Majordomo send people's mail as "bulk"
	case isSentInBulk(h):
		return Notice
	case h.Has("List-Unsubscribe"), precedence(h, "list"):
		return MailingList
	}
	return Person
}

// reportType returns the report-type of a multipart/report, or that of a part that belongs into one, "" if there is none
// that is about another message. RFC 6522 §3 leaves the set of types open: a report of another type tells something new.
// Lists and virus scanners put another multipart around a report.
func reportType(p *entity.Part, depth int) string {
	const deepestReport = 3
	switch p.MediaType {
	case "multipart/report":
		if report := strings.ToLower(p.Param("report-type")); isAboutMessage(report) {
			return report
		}
	case "message/delivery-status", "message/global-delivery-status":
		return "delivery-status"
	case "message/disposition-notification", "message/global-disposition-notification":
		return "disposition-notification"
	case "message/feedback-report":
		return "feedback-report"
	}
	if depth == deepestReport {
		return ""
	}
	for _, child := range p.Children {
		if report := reportType(child, depth+1); report != "" {
			return report
		}
	}
	return ""
}

// isAboutMessage reports whether reports of a type are about a message: RFC 3464, RFC 8098, RFC 5965.
func isAboutMessage(report string) bool {
	return report == "delivery-status" || report == "disposition-notification" || report == "feedback-report"
}

// isOfUnknownType reports whether a message is a report that says of itself that it is about something else.
func isOfUnknownType(root *entity.Part) bool {
	report := root.Param("report-type")
	return root.MediaType == "multipart/report" && report != "" && !isAboutMessage(strings.ToLower(report))
}

// hasReport reports whether a message is a multipart/report, also one that lists and virus scanners have wrapped. They
// add their text after it: text before a report is a person's.
func hasReport(p *entity.Part, depth int) bool {
	const deepestReport = 3
	if p.MediaType == "multipart/report" || depth == 0 && strings.HasPrefix(p.MediaType, "message/") {
		return true
	}
	return depth < deepestReport && p.IsMultipart() && hasReport(p.Children[0], depth+1)
}

// isFromMachine reports whether a message comes from a mail system or is marked as automatic.
func isFromMachine(m *Message) bool {
	auto := keyword(m.Header.Get("Auto-Submitted"))
	return isMailerDaemon(m) || isNullPath(m) || auto != "" && auto != "no"
}

func isNullPath(m *Message) bool { return m.ReturnPath != nil && *m.ReturnPath == "" }

// isDeliveryFailure reports whether a message has a field that only failed deliveries have.
func isDeliveryFailure(m *Message) bool {
	return m.Header.Has("X-Failed-Recipients")
}

// isMailerDaemon reports whether a mail system sent a message of its own: RFC 5321 §4.5.5 gives such messages the null
// reverse-path, and tradition gives them their author.
func isMailerDaemon(m *Message) bool {
	local := localPart(m.From.Addr)
	if local == "mailer-daemon" || local == "mailerdaemon" {
		return true
	}
	return isNullPath(m) && local == "postmaster"
}

// isAutoReply reports whether a program answered another message (RFC 3834 §5, and fields that are older than it).
// X-MS-Exchange-Inbox-Rules-Loop is no sign: a person's message that a rule redirects has it too.
func isAutoReply(h Header) bool {
	switch auto := keyword(h.Get("Auto-Submitted")); {
	case auto == "auto-replied", strings.HasPrefix(auto, "vacation"):
		return true
	}
	for _, name := range []string{
		"X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Autoresponse", "X-AutoReply-From", "X-Auto-Reply",
		"X-Mail-Autoreply", "X-Auto-Reply-From", "X-Vacation",
	} {
		if value := keyword(h.Get(name)); value != "" && value != "no" && value != "false" {
			return true
		}
	}
	return keyword(h.Get("X-Autogenerated")) == "reply" || keyword(h.Get("Delivered-To")) == "autoresponder" ||
		precedence(h, "auto_reply", "auto-reply")
}

// isAnswerOfRule reports whether a rule of an Exchange mailbox wrote a message. The agent for rules also names itself in
// messages that it redirects, which keep their author, and in those that it forwards, which have a prefix like people's.
func isAnswerOfRule(m *Message) bool {
	h := m.Header
	if !strings.Contains(h.Get("X-MS-Exchange-Generated-Message-Source"), "Mailbox Rules Agent") || len(m.InReplyTo) == 0 {
		return false
	}
	const mailbox = "X-MS-Exchange-Inbox-Rules-Loop" // whose rule it is
	isRedirected := h.Has(mailbox) && !strings.EqualFold(strings.TrimSpace(h.Get(mailbox)), m.From.Addr)
	_, _, isPassedOn := firstPrefix(m.Subject)
	return !isRedirected && !isPassedOn
}

// isNotice reports whether a program wrote a message that answers no other.
func isNotice(h Header) bool {
	if auto := keyword(h.Get("Auto-Submitted")); auto != "" && auto != "no" {
		return true
	}
	for _, name := range []string{
		"X-Autogenerated", "X-Auto-Generated", "X-FC-Machinegenerated", "X-AMAZON-MAIL-RELAY-TYPE", "X-OTRS-Loop",
		"X-RT-Loop-Prevention", "X-JIRA-FingerPrint", "X-Libredesk-Loop-Prevention",
	} {
		if value := keyword(h.Get(name)); value != "" && value != "no" && value != "false" {
			return true
		}
	}
	loop := keyword(h.Get("X-Loop"))
	return loop == "yes" || loop == "true" // any other value is an address that forwards
}

// isSentInBulk reports whether a message has a precedence of automatic mail. Another one, such as "first-class", is no
// sign of a program; nor is any, if the message is marked as a person's (RFC 3834 §5).
func isSentInBulk(h Header) bool {
	return precedence(h, "bulk", "junk") && keyword(h.Get("Auto-Submitted")) != "no"
}

// precedence reports whether a Precedence field has one of the values.
func precedence(h Header, values ...string) bool {
	for _, name := range []string{"Precedence", "X-Precedence"} {
		for _, value := range values {
			if keyword(h.Get(name)) == value {
				return true
			}
		}
	}
	return false
}

// keyword returns a field's value without parameters and comments, in lower case.
func keyword(value string) string {
	if end := strings.IndexAny(value, ";("); end >= 0 {
		value = value[:end]
	}
	return strings.ToLower(strings.TrimSpace(value))
}
