package processor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// ReplyKind is the kind of a mail that the program sends.
type ReplyKind string

// The kinds.
const (
	ReplyDenied          ReplyKind = "denied"          // a message that names no request, where the mailbox opens none
	ReplyAcknowledgement ReplyKind = "acknowledgement" // a request was opened
	ReplyClosed          ReplyKind = "closed"          // a message was added to a closed request
	ReplyNewEvent        ReplyKind = "new_event"       // an event was opened, for those who subscribed; no answer to a message
)

// ReplyKinds holds all kinds.
var ReplyKinds = []ReplyKind{ReplyDenied, ReplyAcknowledgement, ReplyClosed, ReplyNewEvent}

// Reply is the answer to a message that a decision asks for. The store keeps it in its outbox, from which the daemon sends
// it.
type Reply struct {
	Kind          ReplyKind
	To            Address // has a name only if the author is a known user: another name is not ours to repeat
	Language      string  // two or three small letters, "" if nothing says which
	Subject       string  // of the message, without reply prefixes and the number of a request
	OpensRequests bool    // a new message to the mailbox opens a request
	Most          int     // answers of the kind that the address gets within a day: the store counts again
}

// NoSmtp is the reason why nothing is answered where the configuration does not say how mail is sent.
const NoSmtp = "no Smtp is configured, so nothing can be sent"

// ReplyOf returns the answer that a decision asks for, nil for none, and the reason why one that is due is not given.
func ReplyOf(d Decision) (reply *Reply, whyNone string) {
	switch d := d.(type) {
	case OpenRequest:
		return d.Reply, d.NoReply
	case AddActivity:
		return d.Reply, d.NoReply
	case Refuse:
		return d.Reply, d.NoReply
	}
	return nil, ""
}

// withReply returns a decision with the answer to the message, or with the reason why an answer that is due is not given.
// A reason that only the database knows, the fuse, is added to the reason of the decision, so that the history has it.
func (p Policy) withReply(m *Message, dir Directory, d Decision) Decision {
	switch d := d.(type) {
	case Refuse:
		d.Reply, d.NoReply = p.reply(m, dir, ReplyDenied, &d.Reason)
		return d
	case OpenRequest:
		if p.AcknowledgeNewRequests {
			d.Reply, d.NoReply = p.reply(m, dir, ReplyAcknowledgement, &d.Reason)
		}
		return d
	case AddActivity:
		if d.Closed && p.AnswerClosedFollowUp {
			d.Reply, d.NoReply = p.reply(m, dir, ReplyClosed, &d.Reason)
		}
		return d
	}
	return d
}

// reply returns the answer of a kind to a message, or the reason why there is none. The reason of the fuse is added to that of
// the decision.
func (p Policy) reply(m *Message, dir Directory, kind ReplyKind, because *Reason) (reply *Reply, whyNone string) {
	to := replyTo(m)
	if why := p.unanswerable(m, to); why != "" {
		return nil, why
	}
	if why := p.fuse(dir, to, kind); why != "" {
		*because = because.with("not answered: " + why)
		return nil, why
	}
	user, _ := p.sender(m, dir)
	return &Reply{
		Kind: kind, To: Address{Name: user.Name, Addr: to.Addr}, Language: cmp.Or(user.Language, m.Language(), p.TeamLanguage),
		Subject: p.bareSubject(m.Subject), OpensRequests: p.CreateNewRequests || p.Processor == Monitoring,
		Most: p.MaxReplies,
	}, ""
}

// replyTo returns the address that an answer to a message goes to. RFC 3834 §4 has the answers of a service go where the
// sender asks for them (Reply-To), else to the author.
func replyTo(m *Message) Address {
	for _, a := range m.ReplyTo {
		if a.Addr != "" {
			return a
		}
	}
	return m.Author()
}

// unanswerable returns the reason why a message is not answered, "" if it may be. RFC 3834 §2: nothing automatic is
// answered, and nothing that came with the null reverse-path; a mail loop begins with an answer to ourselves.
func (p Policy) unanswerable(m *Message, to Address) string {
	switch {
	case !p.Replies:
		return NoSmtp
	case m.Automatic != Person:
		return "automatic mail is never answered, and this is " + automaticName(m.Automatic)
	case isNullPath(m):
		return "a message with the null reverse-path is never answered"
	case wantsNoAnswer(m.Header):
		return "the sender wants no automatic answer (X-Auto-Response-Suppress)"
	case to.Addr == "":
		return "the message has no address to answer to"
	case !isMailAddress(to.Addr):
		return "no mail can be sent to " + to.Addr
	case hasNoReader(to.Addr):
		return "nobody reads mail to " + to.Addr
	}
	isOwn := p.own(m)
	for _, a := range []Address{to, m.Author(), m.From, m.Sender} {
		if p.isOurs(a.Addr) || isOwn(a.Addr) {
			return "mail from " + a.Addr + " is never answered: it is an address of our own"
		}
	}
	return ""
}

// wantsNoAnswer reports whether the sender asks for no automatic answers, with the field that Exchange and many programs write
// (MS-OXCMAIL): AutoReply names all of them but absence notes.
func wantsNoAnswer(h Header) bool {
	for unwanted := range strings.SplitSeq(h.Get("X-Auto-Response-Suppress"), ",") {
		if unwanted = keyword(unwanted); unwanted == "all" || unwanted == "autoreply" {
			return true
		}
	}
	return false
}

// isOurs reports whether an address is one that we read or send from.
func (p Policy) isOurs(addr string) bool {
	isSame := func(own string) bool { return own != "" && canonical(own) == canonical(addr) }
	return isSame(p.TeamAddress) || slices.ContainsFunc(p.OwnAddresses, isSame)
}

// isMailAddress reports whether mail can be sent to an addr-spec: it has a local-part and a domain, and nothing that ends an
// SMTP command (RFC 5321 §4.1.2).
func isMailAddress(addr string) bool {
	const longest = 254 // octets: a path of RFC 5321 §4.5.3.1.3 without its brackets
	at := strings.LastIndexByte(addr, '@')
	isOdd := func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("<>,;\"\\", r)
	}
	return at > 0 && at < len(addr)-1 && len(addr) <= longest && !strings.ContainsFunc(addr, isOdd)
}

// fuse returns the reason why an address gets no more answers of a kind for now, "" if it does.
func (p Policy) fuse(dir Directory, to Address, kind ReplyKind) string {
	n := dir.MailCount(addressKey(to), kind)
	if n < p.MaxReplies {
		return ""
	}
	return fmt.Sprintf("%s has got %d answers of the kind %s within a day, as many as MaxReplies allows", to.Addr, n, kind)
}

// mayReply reports whether the mailbox may answer a message, so that Decide asks how much mail the address has got.
func (p Policy) mayReply(m *Message) bool {
	isEverDue := p.AcknowledgeNewRequests || p.AnswerClosedFollowUp || !p.CreateNewRequests && p.Processor != Monitoring
	return isEverDue && p.unanswerable(m, replyTo(m)) == ""
}

// bareSubject returns a subject without the prefixes of answers, the tags of gateways and the number of a request.
func (p Policy) bareSubject(subject string) string {
	for {
		subject = trimSpace(subject)
		if tag, _, ok := p.grammar().tag(subject); ok {
			subject = tag.Rest
			continue
		}
		_, after, ok := cutPrefix(subject)
		if !ok {
			inner, behind, isMark := cutMark(subject)
			after, ok = behind, isMark && isOfGateway(inner)
		}
		if !ok {
			return subject
		}
		subject = after
	}
}
