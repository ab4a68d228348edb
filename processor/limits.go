package processor

import "mailintegration/processor/entity"

// Limits bounds the cost of one message. Beyond a limit a message is read as far as it fits, and a Defect
// says so.
type Limits struct {
	Depth      int // nested multiparts; a deeper one is kept whole as an attachment
	Parts      int // entities; the last one holds all that follows
	Header     int // octets of all header sections of a message together
	Field      int // octets of one header field
	Fields     int // header fields of one entity
	Subject    int // runes
	Text       int // octets of plain text
	HTML       int // octets of HTML
	Recipients int // addresses in To and Cc together
	References int // msg-ids in References and in In-Reply-To; the newest are kept
	MessageID  int // octets of a msg-id; a longer one is dropped (RFC 5322 §2.1.1: no line is longer than 998)
	Name       int // runes of an attachment's name
	Defects    int // defects noted
}

// entity returns the limits on dividing a message into entities.
func (l Limits) entity() entity.Limits {
	return entity.Limits{Depth: l.Depth, Parts: l.Parts, Header: l.Header, Field: l.Field, Fields: l.Fields}
}

// DefaultLimits returns the limits of Parse.
func DefaultLimits() Limits {
	return Limits{
		Depth:      40,
		Parts:      2000,
		Header:     1 << 20,
		Field:      256 << 10,
		Fields:     2000,
		Subject:    998,
		Text:       2 << 20,
		HTML:       2 << 20,
		Recipients: 1000,
		References: 100,
		MessageID:  998,
		Name:       255,
		Defects:    100,
	}
}
