package processor

import (
	"io"
	"strings"
	"time"

	"mailintegration/processor/entity"
)

// Address is one mailbox of RFC 5322 §3.4: a display-name and an addr-spec, both decoded to UTF-8.
type Address struct {
	Name string // display-name, "" when absent
	Addr string // addr-spec as written, "" when none could be read
}

// Message holds what one mail says; Parse reads it from the octets. It does not hold the content of attachments: an
// Attachment reads its octets from the raw message when it is stored.
type Message struct {
	MessageID  string   // msg-id without angle brackets, "" when absent
	InReplyTo  []string // msg-ids without angle brackets, in the order of the field
	References []string // msg-ids without angle brackets, oldest first as RFC 5322 §3.6.4 has them

	Date    time.Time // zero when absent or unreadable
	From    Address   // the author; zero when unreadable
	Sender  Address
	ReplyTo []Address
	To      []Address
	Cc      []Address
	// ReturnPath is the reverse-path that the final delivery recorded (RFC 5321 §4.4), nil if there is none. The empty
	// string is the null reverse-path "<>".
	ReturnPath *string

	Subject string // decoded, one line
	Text    string // the text that the service desk reads: the plain body, or the HTML body as text
	HTML    string // the HTML body, sanitised; "" if there is none
	// ReplyText is the part of Text that the author wrote, without quoted mail and signature. In doubt nothing is cut, and
	// ReplyText is equal to Text.
	ReplyText string

	Attachments []Attachment
	Automatic   Automatic
	Report      *Report // what the message reports about another one, nil if it is no report
	Header      Header  // all header fields, within Limits
	Defects     []Defect
	Octets      int64 // of the raw message
	// ReadError is the error that stopped reading the raw message early, nil if all of it was read. It is no property of
	// the message: another attempt may read all of it.
	ReadError error
}

// Field is one header field, its value unfolded and decoded.
type Field = entity.Field

// Header is the header section in its original order. Get, Has and Values look up its fields.
type Header = entity.Header

// Defect describes one fault of a message, and how the message was read nevertheless, or what makes its author look like another.
type Defect struct {
	Part string // "" for the message itself, else the part's path: "2.1"
	What string // "base64 ends within a quantum"
}

// Attachment is one body part that is not the text of the message. Its name is data and must not be used as a path.
type Attachment struct {
	Name      string // decoded; never empty: a part without a name gets one from its place and media type
	MediaType string // "type/subtype" in lower case
	ContentID string // without angle brackets, "" when absent
	Inline    bool   // to be shown within the HTML body

	open func(raw io.ReaderAt) io.Reader
}

// Open returns the decoded octets of the attachment, streamed from the raw message that it was parsed from. A damaged
// encoding ends the stream early and is no error. Reading returns an error of raw unchanged.
func (a Attachment) Open(raw io.ReaderAt) io.Reader {
	if a.open == nil {
		return strings.NewReader("")
	}
	return a.open(raw)
}

// WithContent returns the attachment with the content that open returns: decoded octets, streamed from the raw message.
func (a Attachment) WithContent(open func(raw io.ReaderAt) io.Reader) Attachment {
	a.open = open
	return a
}
