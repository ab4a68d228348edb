package processor

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
)

// Explanation describes a parsed message and the decision about it for programs. Its JSON is a contract: a name keeps
// its meaning and its type; new names may be added. No array is null; an unknown value is "", 0 or false. Encode it
// without escaping HTML (json.Encoder.SetEscapeHTML) to keep it readable.
//
//	{"message":{"message_id","date","from":{"name","address"},"sender":{…},"reply_to":[…],"to":[…],"cc":[…],
//	"return_path","subject","text","html","reply_text","in_reply_to":[…],"references":[…],"attachments":[{"name",
//	"media_type","octets","sha256","inline","content_id"}],"automatic","report":{"message_id","references":[…],
//	"subject","recipients":[{"address","action","status","diagnostic"}]},"defects":[…]},
//	"decision":{"kind","request_kind","request","reason","fields":{…}}}
type Explanation struct {
	Message  ExplainedMessage  `json:"message"`
	Decision ExplainedDecision `json:"decision"`
}

// ExplainedMessage describes a Message: text is UTF-8, names and addresses are decoded.
type ExplainedMessage struct {
	MessageID   string                `json:"message_id"` // without angle brackets, like in_reply_to and references
	Date        string                `json:"date"`       // RFC 3339, "" if the message has no readable date
	From        ExplainedAddress      `json:"from"`
	Sender      ExplainedAddress      `json:"sender"`
	ReplyTo     []ExplainedAddress    `json:"reply_to"`
	To          []ExplainedAddress    `json:"to"`
	Cc          []ExplainedAddress    `json:"cc"`
	ReturnPath  string                `json:"return_path"` // "<>" for the null reverse-path, "" if the message has none
	Subject     string                `json:"subject"`
	Text        string                `json:"text"`       // the text that the service desk reads; "" only if no body is readable
	HTML        string                `json:"html"`       // sanitised; "" if the message has none
	ReplyText   string                `json:"reply_text"` // text without quoted mail and signature; equal to text where nothing is cut
	InReplyTo   []string              `json:"in_reply_to"`
	References  []string              `json:"references"` // oldest first
	Attachments []ExplainedAttachment `json:"attachments"`
	Automatic   Automatic             `json:"automatic"`        // "" for a person's mail, else one of the constants of Automatic
	Report      *ExplainedReport      `json:"report,omitempty"` // left out if the message is no report
	Defects     []string              `json:"defects"`          // "2.1: what was wrong"; without a part's path for the message itself
}

// ExplainedAddress describes an Address.
type ExplainedAddress struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

// ExplainedReport describes a Report.
type ExplainedReport struct {
	MessageID  string               `json:"message_id"`
	References []string             `json:"references"` // oldest first
	Subject    string               `json:"subject"`
	Recipients []ExplainedRecipient `json:"recipients"`
}

// ExplainedRecipient describes a Recipient.
type ExplainedRecipient struct {
	Address    string `json:"address"`
	Action     string `json:"action"` // as in Recipient.Action
	Status     string `json:"status"`
	Diagnostic string `json:"diagnostic"`
}

// ExplainedAttachment describes an Attachment. Octets and SHA-256 are those of the decoded content.
type ExplainedAttachment struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Octets    int64  `json:"octets"`
	SHA256    string `json:"sha256"` // in lower-case hexadecimal
	Inline    bool   `json:"inline"`
	ContentID string `json:"content_id"`
}

// ExplainedDecision describes a Decision.
type ExplainedDecision struct {
	Kind        string          `json:"kind"`         // open_request, add_activity, refuse, ignore or set_aside
	RequestKind RequestKind     `json:"request_kind"` // kind of the request that is opened or added to, else ""
	Request     int64           `json:"request"`      // number of the request that is added to, else 0
	Reason      string          `json:"reason"`       // a sentence for people; fields.reason_code is for programs
	Fields      ExplainedFields `json:"fields"`
}

// ExplainedFields holds what a decision sets; other fields are left out. People are given by their logon.
type ExplainedFields struct {
	ReasonCode  ReasonCode           `json:"reason_code"`
	Subject     string               `json:"subject,omitempty"`
	Requester   string               `json:"requester,omitempty"`
	User        string               `json:"user,omitempty"`
	Site        string               `json:"site,omitempty"`
	Source      string               `json:"source,omitempty"`
	Priority    string               `json:"priority,omitempty"`
	Group       string               `json:"group,omitempty"`
	Assignee    string               `json:"assignee,omitempty"`
	Type        string               `json:"type,omitempty"`      // service request type
	Due         string               `json:"due,omitempty"`       // RFC 3339
	Form        []ExplainedFormField `json:"form,omitempty"`      // fields of the block that are kept as written
	Body        string               `json:"body,omitempty"`      // the request's text, where it is not the message's
	Filters     []string             `json:"filters,omitempty"`   // names of the filters that set a field
	Own         []string             `json:"own,omitempty"`       // addresses of our own, which take no part in the request that is opened
	FromOwn     bool                 `json:"from_own,omitempty"`  // the message comes from an address of our own
	LinkedTo    int64                `json:"linked_to,omitempty"` // number of the request that the new one is linked to
	Author      string               `json:"author,omitempty"`    // author of an activity
	Reopen      bool                 `json:"reopen,omitempty"`
	Flagged     bool                 `json:"flagged,omitempty"`     // a person should check: the author does not take part in the request
	Attachments []string             `json:"attachments,omitempty"` // names of the attachments that are stored
	AttachRaw   bool                 `json:"attach_raw,omitempty"`  // the raw message is also stored as an attachment
	Reply       *ExplainedReply      `json:"reply,omitempty"`       // the answer that is sent
	NoReply     string               `json:"no_reply,omitempty"`    // why an answer that is due is not sent
}

// ExplainedReply describes a Reply.
type ExplainedReply struct {
	Kind     ReplyKind        `json:"kind"`
	To       ExplainedAddress `json:"to"`
	Language string           `json:"language"` // "" if nothing says which
	Subject  string           `json:"subject"`  // of the message, as the answer repeats it
}

// ExplainedFormField describes a FormField.
type ExplainedFormField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Explain describes a message and the decision about it. It reads the attachments from raw, and returns only errors of
// raw.
func Explain(m *Message, raw io.ReaderAt, d Decision) (Explanation, error) {
	attachments := make([]ExplainedAttachment, len(m.Attachments))
	for i, a := range m.Attachments {
		var err error
		if attachments[i], err = explainAttachment(a, raw); err != nil {
			return Explanation{}, fmt.Errorf("read attachment %d of the message: %w", i+1, err)
		}
	}
	return Explanation{Message: explainMessage(m, attachments), Decision: explainDecision(d)}, nil
}

func explainMessage(m *Message, attachments []ExplainedAttachment) ExplainedMessage {
	e := ExplainedMessage{
		MessageID:   m.MessageID,
		From:        explainAddress(m.From),
		Sender:      explainAddress(m.Sender),
		ReplyTo:     explainAddresses(m.ReplyTo),
		To:          explainAddresses(m.To),
		Cc:          explainAddresses(m.Cc),
		Subject:     m.Subject,
		Text:        m.Text,
		HTML:        m.HTML,
		ReplyText:   m.ReplyText,
		InReplyTo:   append([]string{}, m.InReplyTo...),
		References:  append([]string{}, m.References...),
		Attachments: attachments,
		Automatic:   m.Automatic,
		Report:      explainReport(m.Report),
		Defects:     m.DefectLines(),
	}
	if !m.Date.IsZero() {
		e.Date = m.Date.Format(time.RFC3339)
	}
	if m.ReturnPath != nil {
		e.ReturnPath = cmp.Or(*m.ReturnPath, "<>")
	}
	return e
}

// DefectLines returns the defects of a message as lines: "2.1: what was wrong", without a part's path for the message itself.
func (m *Message) DefectLines() []string {
	all := make([]string, len(m.Defects))
	for i, d := range m.Defects {
		all[i] = strings.TrimPrefix(d.Part+": "+d.What, ": ")
	}
	return all
}

func explainReport(r *Report) *ExplainedReport {
	if r == nil {
		return nil
	}
	e := ExplainedReport{
		MessageID:  r.MessageID,
		References: append([]string{}, r.References...),
		Subject:    r.Subject,
		Recipients: make([]ExplainedRecipient, len(r.Recipients)),
	}
	for i, to := range r.Recipients {
		e.Recipients[i] = ExplainedRecipient{Address: to.Addr, Action: to.Action, Status: to.Status, Diagnostic: to.Diagnostic}
	}
	return &e
}

func explainAttachment(a Attachment, raw io.ReaderAt) (ExplainedAttachment, error) {
	hash := sha256.New()
	n, err := io.Copy(hash, a.Open(raw))
	return ExplainedAttachment{
		Name:      a.Name,
		MediaType: a.MediaType,
		Octets:    n,
		SHA256:    hex.EncodeToString(hash.Sum(nil)),
		Inline:    a.Inline,
		ContentID: a.ContentID,
	}, err
}

func explainAddress(a Address) ExplainedAddress { return ExplainedAddress{a.Name, a.Addr} }

func explainAddresses(all []Address) []ExplainedAddress {
	explained := make([]ExplainedAddress, len(all))
	for i, a := range all {
		explained[i] = explainAddress(a)
	}
	return explained
}

func explainDecision(d Decision) ExplainedDecision {
	why := d.Why()
	e := ExplainedDecision{Reason: why.Detail(), Fields: ExplainedFields{ReasonCode: why.Code}}
	f := &e.Fields
	switch d := d.(type) {
	case OpenRequest:
		e.Kind, e.RequestKind = "open_request", d.Kind
		f.Subject, f.Requester, f.User, f.Assignee = d.Subject, logon(d.Requester), logon(d.User), logon(d.Assignee)
		f.Site, f.Source, f.Priority, f.Group, f.LinkedTo = d.Site.Name, d.Source.Name, d.Priority.Name, d.Group.Name, d.LinkedTo
		f.Attachments, f.AttachRaw = namesOf(d.Attachments), d.AttachRaw
		f.Type, f.Body, f.Filters = d.Type.Name, d.Body, d.Filters
		f.Own, f.FromOwn = d.Own, d.FromOwn
		if !d.Due.IsZero() {
			f.Due = d.Due.Format(time.RFC3339)
		}
		for _, field := range d.Fields {
			f.Form = append(f.Form, ExplainedFormField(field))
		}
		f.Reply, f.NoReply = explainReply(d.Reply), d.NoReply
	case AddActivity:
		e.Kind, e.RequestKind, e.Request = "add_activity", d.Kind, d.Request
		f.Author, f.Reopen, f.Flagged, f.FromOwn = logon(d.Author), d.Reopen, d.Flagged, d.FromOwn
		f.Attachments, f.AttachRaw = namesOf(d.Attachments), d.AttachRaw
		f.Reply, f.NoReply = explainReply(d.Reply), d.NoReply
	case Refuse:
		e.Kind = "refuse"
		f.Reply, f.NoReply = explainReply(d.Reply), d.NoReply
	case Ignore:
		e.Kind = "ignore"
	case SetAside:
		e.Kind = "set_aside"
	}
	return e
}

func explainReply(r *Reply) *ExplainedReply {
	if r == nil {
		return nil
	}
	return &ExplainedReply{Kind: r.Kind, To: explainAddress(r.To), Language: r.Language, Subject: r.Subject}
}

// logon returns the name by which programs know a user.
func logon(u User) string { return cmp.Or(u.Logon, u.Name) }

func namesOf(attachments []Attachment) []string {
	names := make([]string, len(attachments))
	for i, a := range attachments {
		names[i] = a.Name
	}
	return names
}
