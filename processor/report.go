package processor

import (
	"fmt"
	"strings"

	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
)

// Report holds what a mail system reports about another message: by a delivery status notification (RFC 3464), a
// disposition notification (RFC 8098), a feedback report (RFC 5965), or in its own words.
type Report struct {
	MessageID  string      // of the message that the report is about, "" if the report does not name it
	References []string    // msg-ids to which that message refers, oldest first
	Subject    string      // of that message, decoded, one line
	Recipients []Recipient // of that message, each with its result
}

// Recipient is the result of delivering a message to one address.
type Recipient struct {
	Addr string // the address to which the message was sent, as written
	// Action is the result: "failed", "delayed", "delivered", "relayed" or "expanded" (RFC 3464 §2.3.3), for a
	// disposition notification "displayed", "deleted", "dispatched" or "processed" (RFC 8098 §3.2.6).
	Action     string
	Status     string // "5.1.1" (RFC 3463), "" if the report has none
	Diagnostic string // the mail system's explanation, in one line
}

// Bounds on reading a report; reports about a message to many people are cut off.
const (
	reportOctets     = 64 << 10 // of one part
	reportRecipients = 100
	diagnosticRunes  = 300
)

// report reads the report that a message holds about another one. It returns nil if there is nothing to report.
func (r *reader) report(root *entity.Part, m *Message) *Report {
	var status, original *entity.Part
	for p := range root.Leaves {
		switch p.MediaType {
		case "message/delivery-status", "message/global-delivery-status", "message/feedback-report",
			"message/disposition-notification", "message/global-disposition-notification":
			status = firstPart(status, p)
		case "message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers":
			original = firstPart(original, p)
		}
		if status != nil && original != nil {
			break
		}
	}
	found := &Report{}
	if status != nil {
		r.readStatus(found, status)
	}
	if original != nil {
		found.fillFromOriginal(r.section(original), r.limits)
	}
	found.fillFromText(m, status == nil, r.limits)
	if found.MessageID == "" && found.Subject == "" && len(found.Recipients) == 0 {
		return nil
	}
	return found
}

func firstPart(known, p *entity.Part) *entity.Part {
	if known != nil {
		return known
	}
	return p
}

// section reads the first header section in a part's body.
func (r *reader) section(p *entity.Part) Header {
	sections := entity.ReadHeaders(p.Open(r.raw), min(p.Body.Size(), reportOctets), r.limits.entity(), 1)
	if len(sections) == 0 {
		return nil
	}
	return sections[0]
}

// readStatus reads the part for programs: the fields of the message, then those of each recipient (RFC 3464 §2.1). A
// disposition notification has only the fields of the message (RFC 8098 §3.1).
func (r *reader) readStatus(found *Report, p *entity.Part) {
	for _, fields := range entity.ReadHeaders(p.Open(r.raw), min(p.Body.Size(), reportOctets), r.limits.entity(), reportRecipients+1) {
		if found.MessageID == "" {
			found.MessageID, _ = parseMessageID(fields.Get("Original-Message-ID"), r.limits.MessageID)
		}
		addr := recipientAddr(fields)
		if addr == "" || len(found.Recipients) >= reportRecipients {
			continue
		}
		action := keyword(fields.Get("Action"))
		if disposition := fields.Get("Disposition"); action == "" && disposition != "" {
			action = dispositionType(disposition)
		}
		if action == "" {
			action = keyword(fields.Get("Feedback-Type"))
		}
		status := keyword(fields.Get("Status"))
		if end := strings.IndexAny(status, " \t"); end >= 0 {
			status = status[:end]
		}
		found.Recipients = append(found.Recipients, Recipient{
			Addr: addr, Action: charset.OneLine(action), Status: charset.OneLine(status), Diagnostic: diagnosticOf(fields),
		})
	}
}

// recipientAddr returns the address to which the author sent the message, if the report names it, else the final one.
func recipientAddr(fields Header) string {
	for _, name := range []string{"Original-Recipient", "Final-Recipient", "X-Actual-Recipient", "Original-Rcpt-To"} {
		value := fields.Get(name)
		if _, typed, ok := strings.Cut(value, ";"); ok {
			value = typed
		}
		if addr := first(parseAddresses(value, "", 1)).Addr; addr != "" {
			return charset.OneLine(addr)
		}
	}
	return ""
}

// dispositionType returns the disposition-type of a field like "manual-action/MDN-sent-manually; displayed".
func dispositionType(field string) string {
	_, kind, ok := strings.Cut(field, ";")
	if !ok {
		kind = field
	}
	kind, _, _ = strings.Cut(kind, "/")
	return keyword(kind)
}

// diagnosticOf returns the diagnostic of a mail system, without its type.
func diagnosticOf(fields Header) string {
	value := fields.Get("Diagnostic-Code")
	if _, said, ok := strings.Cut(value, ";"); ok {
		value = said
	}
	value, _ = charset.CutRunes(charset.CollapseSpace(charset.OneLine(entity.DecodeField(value, ""))), diagnosticRunes)
	return value
}

// fillFromOriginal reads the header of the message that a report is about.
func (found *Report) fillFromOriginal(fields Header, limits Limits) {
	if len(fields) == 0 {
		return
	}
	if found.MessageID == "" {
		found.MessageID, _ = parseMessageID(fields.Get("Message-ID"), limits.MessageID)
	}
	if found.Subject == "" {
		found.Subject, _ = charset.CutRunes(charset.OneLine(entity.DecodeField(fields.Get("Subject"), "")), limits.Subject)
	}
	if len(found.References) == 0 {
		refs, _ := parseMessageIDs(fields.Get("References")+" "+fields.Get("In-Reply-To"), limits.MessageID)
		found.References, _ = newest(refs, limits.References)
	}
	if to := parseAddresses(fields.Get("To"), "", 2); len(found.Recipients) == 0 && len(to) == 1 && to[0].Addr != "" {
		found.Recipients = []Recipient{{Addr: to[0].Addr}}
	}
}

// isReport reports whether a message is a report about another one.
func isReport(m *Message, root *entity.Part) bool {
	return m.Automatic == Bounce || m.Automatic == Receipt || m.Automatic == Notice && reportType(root, 0) != ""
}

// automaticClauses returns the clauses of a reason for automatic mail: its kind and, for a report, the result for each
// recipient.
func automaticClauses(m *Message) []string {
	clauses := []string{automaticName(m.Automatic)}
	if m.Report == nil {
		return clauses
	}
	const most = 3 // a reason is a line, not a list
	for i, r := range m.Report.Recipients {
		if i == most {
			return append(clauses, fmt.Sprintf("and %d more", len(m.Report.Recipients)-most))
		}
		clauses = append(clauses, r.outcome())
	}
	return clauses
}

// outcome returns the result for the recipient in a sentence.
func (r Recipient) outcome() string {
	said := map[string]string{
		"delivered": " was reached", "relayed": " was passed on to another mail system", "expanded": " was passed on to several addresses",
		"delayed": " could not be reached so far", "displayed": " had the message displayed", "deleted": " deleted the message",
		"dispatched": " passed the message on", "processed": " processed the message", "abuse": " complained of the message",
		"failed": " could not be reached", "": " could not be reached",
	}[r.Action]
	if said == "" {
		said = ": " + r.Action
	}
	var details []string
	for _, detail := range []string{r.Status, r.Diagnostic} {
		if detail != "" {
			details = append(details, detail)
		}
	}
	if len(details) == 0 {
		return r.Addr + said
	}
	return r.Addr + said + " (" + strings.Join(details, ": ") + ")"
}
