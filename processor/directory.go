package processor

import "time"

// Ref names one row of reference data; the zero Ref stands for no row.
type Ref struct {
	ID   int64
	Name string
}

// User is a person the service desk knows; the zero User stands for nobody.
type User struct {
	ID    int64
	Logon string
	Name  string // display name
	Site  Ref

	Language string // of mail to the user: two or three small letters, "" if it is not known
}

// RequestState is the state of a request. Incidents and service requests are new, open, pending, suspended, resolved, closed
// or cancelled; events are new, in_progress or processed.
type RequestState string

// The states.
const (
	StateNew        RequestState = "new"
	StateOpen       RequestState = "open"
	StatePending    RequestState = "pending"   // somebody else has to do something first
	StateSuspended  RequestState = "suspended" // nobody works on it for some time
	StateResolved   RequestState = "resolved"
	StateClosed     RequestState = "closed"
	StateCancelled  RequestState = "cancelled" // nobody will do it; it is never erased
	StateInProgress RequestState = "in_progress"
	StateProcessed  RequestState = "processed"
)

// IsDone reports whether nobody works on a request in this state any more. A resolved request is done but not closed:
// it takes activities and no new request continues it, but an answer to it may reopen it.
func (s RequestState) IsDone() bool { return s.isClosed() || s == StateResolved }

// isClosed reports whether a request in this state normally takes no more activities.
func (s RequestState) isClosed() bool {
	return s == StateClosed || s == StateCancelled || s == StateProcessed
}

// Request holds what deciding needs to know of an existing request.
type Request struct {
	Number       int64
	Kind         RequestKind
	State        RequestState
	Participants []int64  // IDs of the users that may follow up: requester, user, assignee, authors, recipients
	Addresses    []string // addr-specs, in lower case, of participants who are not users
}

// Keys lists what Decide will look up for one message, so that the caller can look up a whole batch at once.
type Keys struct {
	Numbers    []int64
	MessageIDs []string
	Addresses  []string // in lower case

	Senders []SenderKey // arguments for OpenedBy
	MailTo  []string    // arguments for MailCount, in lower case

	People []string   // names for UsersNamed: in lower case, words joined by one space
	Lists  []ListName // arguments for List
}

// SenderKey asks how many requests the sender of a message opened at about its time.
type SenderKey struct {
	Address string    // in lower case
	Date    time.Time // of the message that asks, zero if it has none
	Limit             // the number of requests beyond which nobody needs to count, and the time before and after the message
}

// ListName names one list of a team's reference data.
type ListName string

// The lists.
const (
	RequestTypes ListName = "service request type"
	Priorities   ListName = "priority"
	Groups       ListName = "group"
	Sites        ListName = "site" // of all teams
)

// Listed is one row of a list.
type Listed struct {
	Ref
	Priority Ref  // the default of a service request type, zero for none
	Group    Ref  // the default of a service request type, zero for none
	Assignee User // the default of a service request type, zero for nobody
}

// Directory answers the look-ups of Decide for the team that the mailbox belongs to: it does not know another team's
// requests. An implementation only needs to answer what Keys listed.
type Directory interface {
	Request(number int64) (Request, bool)
	RequestOf(messageID string) (Request, bool) // by a Message-ID or reference seen or sent
	UserByAddress(addr string) (User, bool)     // addr in lower case
	// OpenedBy returns how many messages of a sender opened a request of the team, or would have without the limit, and were
	// sent within the time of the key before or after its message: messages may arrive in another order. It counts at most up to the limit. last is the request of the newest of them; it is only needed
	// when the limit is reached, and then false says that the request is gone.
	OpenedBy(key SenderKey) (count int, last Request, ok bool)
	// MailCount returns how many mails of a kind an address, in lower case, has got within a day, those that wait included.
	MailCount(addr string, kind ReplyKind) int
	// UsersNamed returns the users with that logon; if there are none, those with that address; if there are none, those
	// with that display name. name is written as in Keys.People.
	UsersNamed(name string) []User
	// List returns a whole list. isKnown is false if the directory does not have it.
	List(name ListName) (all []Listed, isKnown bool)
}

// Names holds the names in a mailbox's configuration; the store resolves them to References. Only Team and Login are
// mandatory here; the others may be "".
type Names struct {
	Team, Login                       string
	FallbackUser, FallbackSite        string
	Source, Priority, Group, Assignee string
	GroupTag                          string        // the tag that names Group, for errors; "" for IncidentGroup
	Filters                           []FilterNames // one for each filter of Rules
}

// FilterNames holds the names that a filter sets, "" for what it does not set.
type FilterNames struct {
	Filter                          string // its own name
	Group, Priority, Assignee, Site string
}

// References holds the rows that Names stand for.
type References struct {
	Team         Ref
	Login        User // author of everything the daemon records
	FallbackUser User
	FallbackSite Ref
	Source       Ref
	Priority     Ref // of the configuration, zero when it names none
	Group        Ref // of the configuration, zero when it names none
	Assignee     User

	DefaultPriority Ref // the team's
	ServiceDesk     Ref // the team's service desk group

	TeamAddress  string // of mail from the team, "" if it has none
	TeamLanguage string // of mail to people whose language is not known, "" if nobody has said

	DeliveredTo []string // addresses to which mail servers delivered the mail of the team's mailboxes

	FilterSettings []FilterReferences // one for each filter of Rules

	// Unresolved reports that nothing was looked up (Names.Unresolved): a request that the Directory does not know may exist.
	Unresolved bool
}

// FilterReferences holds the rows that a filter sets, zero for what it does not set.
type FilterReferences struct {
	Group, Priority, Site Ref
	Assignee              User
}

// Rules holds what one mailbox's configuration says about deciding.
type Rules struct {
	Processor          Processor
	Names              Names
	IgnoredAttachments []string // file names, compared without regard to case
	CreateNewRequests  bool
	MaxNewRequests     Limit // the most requests that one sender opens; zero for no limit
	AttachRaw          bool
	UnknownFollowUp    FollowUp // AcceptAndFlag by default
	ClosedFollowUp     FollowUp // AddActivity by default
	CommunicationTypes []string // in addition to the known ones
	EnclosingToken     string   // encloses the block of fields that asks for a service request
	Filters            []Filter // in the order in which they are tried

	Replies                bool     // mail can be sent: an Smtp account is configured
	AcknowledgeNewRequests bool     // answer a message that opens a request
	AnswerClosedFollowUp   bool     // answer a message that is added to a closed request
	MaxReplies             int      // answers of a kind that an address gets within a day
	OwnAddresses           []string // addresses that the daemon reads or sends from, in any case: mail from them is never answered
	DeskAddresses          []string // those of them that serve the team: they take no part in its requests

	SubjectNames []string // names of the database or team that may stand between a subject's type and number
}

// Processor says what a mailbox makes of its messages.
type Processor string

// The processors, by their name in MessageProcessorTypeName.
const (
	EndUserIncident       Processor = "EndUserIncidentMailMessageProcessor"
	EndUserServiceRequest Processor = "EndUserNewSRMailMessageProcessor"
	Monitoring            Processor = "EventMailMessageProcessor"
)

// FollowUp says what to do with a message about a request to which it cannot simply be added.
type FollowUp string

// The values of UnknownFollowUp are Accept, AcceptAndFlag and NewRequest; those of ClosedFollowUp are AddActivityOnly,
// Reopen and NewRequest.
const (
	Accept          FollowUp = "Accept"
	AcceptAndFlag   FollowUp = "AcceptAndFlag"
	NewRequest      FollowUp = "NewRequest"
	AddActivityOnly FollowUp = "AddActivity"
	Reopen          FollowUp = "Reopen"
)

// Decider decides for the store, about each message of a batch and within the store's transaction. The store may ask
// twice about a message.
type Decider interface {
	Keys(m *Message) Keys
	Decide(m *Message, dir Directory, now time.Time) Decision
}
