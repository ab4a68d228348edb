package processor

import "time"

// Ref names one row of reference data; the zero Ref is none.
type Ref struct {
	ID   int64
	Name string
}

// User is a person the service desk knows; the zero User is none.
type User struct {
	ID    int64
	Logon string
	Name  string // display name
	Site  Ref
}

// RequestState is the state of a request. Incidents and service requests are new, open, resolved or closed;
// events are new, in_progress or processed.
type RequestState string

// The states.
const (
	StateNew        RequestState = "new"
	StateOpen       RequestState = "open"
	StateResolved   RequestState = "resolved"
	StateClosed     RequestState = "closed"
	StateInProgress RequestState = "in_progress"
	StateProcessed  RequestState = "processed"
)

// IsDone reports whether nobody works on a request in this state any more. A resolved request is done but not closed:
// it takes activities and no new request continues it, but an answer to it may reopen it.
func (s RequestState) IsDone() bool { return s.isClosed() || s == StateResolved }

// isClosed reports whether a request in this state normally takes no more activities.
func (s RequestState) isClosed() bool { return s == StateClosed || s == StateProcessed }

// Request is what deciding needs to know of a request that exists.
type Request struct {
	Number       int64
	Kind         RequestKind
	State        RequestState
	Participants []int64  // IDs of the users that may follow up: requester, user, assignee, authors, recipients
	Addresses    []string // addr-specs in lower case that took part without being a user's
}

// Keys is what Decide will ask the Directory for one message, so that a whole batch is looked up at once.
type Keys struct {
	Numbers    []int64
	MessageIDs []string
	Addresses  []string // in lower case

	People []string   // by which UsersNamed will be asked: in lower case, words joined by one space
	Lists  []ListName // that List will be asked for
}

// ListName is one list of a team's reference data.
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
	Priority Ref // the default of a service request type, zero for none
	Group    Ref // the default of a service request type, zero for none
}

// Directory is what Decide may look up. Its answers are those of the team that the mailbox belongs to:
// another team's request is not there. Implementations answer from what was looked up by Keys.
type Directory interface {
	Request(number int64) (Request, bool)
	RequestOf(messageID string) (Request, bool) // by a Message-ID or reference seen or sent
	UserByAddress(addr string) (User, bool)     // addr in lower case
	// UsersNamed are the users with that logon or else address or else display name; name as in Keys.People.
	UsersNamed(name string) []User
	// List is a whole list. isKnown is false when the directory cannot tell what there is.
	List(name ListName) (all []Listed, isKnown bool)
}

// Names are the names that a mailbox's configuration uses; the store resolves them to References.
// Only Team and Login are mandatory here; the rest may be "".
type Names struct {
	Team, Login                       string
	FallbackUser, FallbackSite        string
	Source, Priority, Group, Assignee string
	GroupTag                          string        // the tag that names Group, for errors; "" for IncidentGroup
	Filters                           []FilterNames // one for each filter of Rules
}

// FilterNames are the names that a filter sets, "" for what it does not set.
type FilterNames struct {
	Filter                          string // its own name
	Group, Priority, Assignee, Site string
}

// References are the rows that Names stand for.
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

	FilterSettings []FilterReferences // one for each filter of Rules

	// Unresolved says that nothing is looked up (Names.Unresolved): a request that the Directory does not know may exist.
	Unresolved bool
}

// FilterReferences are the rows that a filter sets, zero for what it does not set.
type FilterReferences struct {
	Group, Priority, Site Ref
	Assignee              User
}

// Rules are what one mailbox's configuration says about deciding.
type Rules struct {
	Processor          Processor
	Names              Names
	IgnoredAttachments []string // file names, compared without regard to case
	CreateNewRequests  bool
	AttachRaw          bool
	UnknownFollowUp    FollowUp // AcceptAndFlag by default
	ClosedFollowUp     FollowUp // AddActivity by default
	CommunicationTypes []string // in addition to the known ones
	EnclosingToken     string   // what encloses the block of a message that asks for a service request
	Filters            []Filter // in the order in which they are tried
	SubjectNames       []string // names of the database or team that may stand between type and number
}

// Processor is what a mailbox makes of its messages.
type Processor string

// The processors, by their name in MessageProcessorTypeName.
const (
	EndUserIncident       Processor = "EndUserIncidentMailMessageProcessor"
	EndUserServiceRequest Processor = "EndUserNewSRMailMessageProcessor"
	Monitoring            Processor = "EventMailMessageProcessor"
)

// FollowUp is what becomes of a message that names a request it may not simply be added to.
type FollowUp string

// The values of UnknownFollowUp (Accept, AcceptAndFlag, NewRequest) and ClosedFollowUp (AddActivityOnly, Reopen, NewRequest).
const (
	Accept          FollowUp = "Accept"
	AcceptAndFlag   FollowUp = "AcceptAndFlag"
	NewRequest      FollowUp = "NewRequest"
	AddActivityOnly FollowUp = "AddActivity"
	Reopen          FollowUp = "Reopen"
)

// Decider is what the store asks for each message of a batch, within its transaction; it may be asked twice.
type Decider interface {
	Keys(m *Message) Keys
	Decide(m *Message, dir Directory, now time.Time) Decision
}
