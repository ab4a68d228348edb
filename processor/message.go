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

// Message is what one mail says, read from its octets by Parse. It holds no attachment's content:
// an Attachment reads its octets again from the raw message when it is stored.
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
	// ReturnPath is the reverse-path the final delivery noted (RFC 5321 §4.4), nil when there is none;
	// an empty string is the null reverse-path "<>".
	ReturnPath *string

	Subject string // decoded, one line
	Text    string // what the service desk reads: the plain body, or the HTML body as text
	HTML    string // the HTML body, sanitised; "" when there is none
	// ReplyText is what the author wrote: Text without the mail that it quotes and without the signature. When in doubt
	// nothing is cut; where nothing is cut it is Text.
	ReplyText string

	Attachments []Attachment
	Automatic   Automatic
	Report      *Report // what the message says of another one, nil when it is no report
	Header      Header  // all header fields, within Limits
	Defects     []Defect
	Octets      int64 // of the raw message
	// ReadError is the error that ended the reading of the raw message early, nil when all of it was read. It says
	// nothing about the message: the same one may be read whole another time.
	ReadError error
}

// Field is one header field, its value unfolded and decoded.
type Field = entity.Field

// Header is the header section in its original order.
type Header = entity.Header

// Defect is one thing that was wrong with a message and how it was read nevertheless.
type Defect struct {
	Part string // "" for the message itself, else the part's path: "2.1"
	What string // "base64 ends within a quantum"
}

// Attachment is one body part that is not the text of the message. Its name is data, never a path.
type Attachment struct {
	Name      string // decoded; never empty: a part without a name gets one from its media type
	MediaType string // "type/subtype" in lower case
	ContentID string // without angle brackets, "" when absent
	Inline    bool   // meant to be shown within the HTML body

	open func(raw io.ReaderAt) io.Reader
}

// Open returns the decoded octets of the attachment, streamed from the raw message that it was parsed from.
// A damaged encoding ends the stream early; it is not an error. An error of raw is returned as it is.
func (a Attachment) Open(raw io.ReaderAt) io.Reader {
	if a.open == nil {
		return strings.NewReader("")
	}
	return a.open(raw)
}

// WithContent returns the attachment with its octets: open gives them decoded, streamed from the raw message.
func (a Attachment) WithContent(open func(raw io.ReaderAt) io.Reader) Attachment {
	a.open = open
	return a
}
