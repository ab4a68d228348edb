package processor

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"mailintegration/processor/charset"
)

// The fields of a block that have a meaning; any other is kept as it is.
const (
	fieldType      = "Type"
	fieldRequester = "Requester"
	fieldUser      = "User"
	fieldSite      = "Site"
	fieldPriority  = "Priority"
	fieldGroup     = "Group"
	fieldAssignee  = "Assignee"
	fieldDue       = "Due"
)

var knownFields = []string{fieldType, fieldRequester, fieldUser, fieldSite, fieldPriority, fieldGroup, fieldAssignee, fieldDue}

// listOf holds, for a field, the list that its value is from.
var listOf = map[string]ListName{fieldType: RequestTypes, fieldSite: Sites, fieldPriority: Priorities, fieldGroup: Groups}

// peopleFields holds the fields whose value names a user.
var peopleFields = []string{fieldRequester, fieldUser, fieldAssignee}

// decideServiceRequest decides for EndUserNewSRMailMessageProcessor: an answer becomes an activity, even with a block in
// its text, because answers quote blocks. Any other message must have a block, and opens the service request that the
// block asks for.
func (p Policy) decideServiceRequest(m *Message, dir Directory, now time.Time) Decision {
	if r, why, ok := p.match(m, dir); ok {
		return p.followUp(m, dir, r, why, p.ClosedFollowUp)
	}
	if d := p.declineNew(m); d != nil {
		return d
	}
	o := &order{dir: dir, now: now, block: readBlock(m.Text, p.EnclosingToken), open: p.open(m, dir, ServiceRequest)}
	if o.block.isWhole {
		p.fillIn(o)
	}
	if len(o.block.wrong) > 0 {
		return SetAside{NewReason(ReasonBadBlock, "the block of fields cannot be followed").with(o.block.mistakeClauses()...)}
	}
	o.open.Reason = NewReason(ReasonBlock, "a block of fields asks for "+o.open.Type.Name, "opened for "+o.open.Requester.Name)
	return o.open
}

// blockKeys adds the look-ups that the message's block needs.
func (p Policy) blockKeys(m *Message, k *Keys) {
	k.Lists = append(k.Lists, RequestTypes)
	for _, f := range readBlock(m.Text, p.EnclosingToken).fields {
		switch name := knownField(f.Name); {
		case slices.Contains(peopleFields, name):
			k.People = append(k.People, personKeys(f.Value)...)
		case listOf[name] != "" && !slices.Contains(k.Lists, listOf[name]):
			k.Lists = append(k.Lists, listOf[name])
		}
	}
}

// knownField returns a field's name in our spelling, "" if the field has no meaning.
func knownField(name string) string {
	for _, known := range knownFields {
		if strings.EqualFold(known, name) {
			return known
		}
	}
	return ""
}

// order is a service request that is being read from a block.
type order struct {
	dir   Directory
	now   time.Time
	block block
	open  OpenRequest
	given map[string]blockField // known fields with a value, by name
}

// fillIn sets what the block says. The block takes precedence over the mailbox's configuration, and that over the defaults
// of the type and of the team.
func (p Policy) fillIn(o *order) {
	o.assignFields()
	chosen := o.listed(fieldType)
	if o.given[fieldType].Value == "" {
		o.block.addMistake(0, "Type is missing (write Type: %s)", o.validNames(RequestTypes))
	}
	open := &o.open
	open.Type = chosen.Ref
	open.Priority = cmp.Or(o.listed(fieldPriority).Ref, p.Priority, chosen.Priority, p.DefaultPriority)
	open.Group = cmp.Or(o.listed(fieldGroup).Ref, p.Group, chosen.Group, p.ServiceDesk)
	open.Assignee = cmp.Or(o.user(fieldAssignee), open.Assignee, chosen.assigneeIn(open.Group))
	requester, user := o.user(fieldRequester), o.user(fieldUser)
	open.Requester = cmp.Or(requester, open.Requester)
	open.User = cmp.Or(user, open.Requester)
	if user != (User{}) || requester != (User{}) {
		open.Site = cmp.Or(open.User.Site, p.FallbackSite)
	}
	open.Site = cmp.Or(o.listed(fieldSite).Ref, open.Site)
	open.Due = o.due()
	if o.block.description != "" {
		open.Body = strings.TrimSpace(o.block.description + "\n\n" + o.block.outside)
	}
}

// assigneeIn returns the assignee of a service request type for a request in that group: nobody, if the type has another group.
func (l Listed) assigneeIn(group Ref) User {
	if l.Group != (Ref{}) && l.Group != group {
		return User{}
	}
	return l.Assignee
}

// assignFields separates the known fields from those that are kept, and records those that contradict each other.
func (o *order) assignFields() {
	o.given = map[string]blockField{}
	for _, f := range o.block.fields {
		name := knownField(f.Name)
		first, again := o.given[name]
		switch {
		case name == "":
			o.open.Fields = append(o.open.Fields, f.FormField)
		case f.Value == "":
		case again && normalised(first.Value) != normalised(f.Value):
			o.block.addMistake(f.line, "%s is given again as %s (line %d says %s; remove one)",
				name, quotedShort(f.Value), first.line, quotedShort(first.Value))
		case !again:
			o.given[name] = f
		}
	}
}

// listed returns the row that a field names, zero if the field is not given. If the directory does not have the list, the
// row has only the name.
func (o *order) listed(field string) Listed {
	f, ok := o.given[field]
	if !ok {
		return Listed{}
	}
	all, isKnown := o.dir.List(listOf[field])
	if !isKnown {
		return Listed{Ref: Ref{Name: f.Value}}
	}
	for _, l := range all {
		if normalised(l.Name) == normalised(f.Value) {
			return l
		}
	}
	o.block.addMistake(f.line, "%s %s does not exist (write %s)", field, quotedShort(f.Value), o.validNames(listOf[field]))
	return Listed{}
}

// validNames describes the names of a list for a remedy.
func (o *order) validNames(list ListName) string {
	const most = 12
	all, _ := o.dir.List(list)
	if len(all) == 0 {
		return "one that exists; there is none yet"
	}
	var names []string
	for _, l := range all[:min(len(all), most)] {
		names = append(names, l.Name)
	}
	if len(all) > most {
		return "one that exists, such as " + strings.Join(names, ", ")
	}
	return "one of " + strings.Join(names, ", ")
}

// user returns the user that a field names, zero if the field is not given.
func (o *order) user(field string) User {
	f, ok := o.given[field]
	if !ok {
		return User{}
	}
	for _, key := range personKeys(f.Value) {
		switch users := o.dir.UsersNamed(key); len(users) {
		case 0:
		case 1:
			return users[0]
		default:
			var logons []string
			for _, u := range users {
				logons = append(logons, u.Logon)
			}
			o.block.addMistake(f.line, "%s %s is the name of %d users (write the logon: %s)",
				field, quotedShort(f.Value), len(users), strings.Join(logons, ", "))
			return User{}
		}
	}
	o.block.addMistake(f.line, "%s %s is not known (write the logon, a mail address or the name of a user)",
		field, quotedShort(f.Value))
	return User{}
}

// personKeys returns the names in a value such as "Ann Lee <ann@example.com>", in the form of Keys.People: the address
// first, because only one person has it.
func personKeys(value string) []string {
	name, addr, hasAddr := strings.Cut(strings.TrimSuffix(strings.TrimSpace(value), ">"), "<")
	if !hasAddr {
		return []string{normalised(value)}
	}
	addr = strings.TrimPrefix(normalised(addr), "mailto:")
	keys := []string{addr, normalised(name)}
	return slices.DeleteFunc(keys, func(key string) bool { return key == "" })
}

// dueForms holds the forms of a date that everybody reads as the same day.
var dueForms = []string{
	time.DateOnly, "2006/01/02", "2006.01.02", "2 January 2006", "January 2, 2006", "2 Jan 2006", "Jan 2, 2006",
}

// dueClocks holds the forms of a time after the date.
var dueClocks = []string{
	" 15:04", " 15:04:05", "T15:04", "T15:04:05", "T15:04:05Z07:00", "T15:04Z07:00", " 15:04 -0700", " 15:04:05 -0700",
}

// due returns the time of the field Due: the end of the day if it has no time, in the machine's zone if it has none.
func (o *order) due() time.Time {
	f, ok := o.given[fieldDue]
	if !ok {
		return time.Time{}
	}
	value, zone := charset.CollapseSpace(f.Value), o.now.Location()
	for _, day := range dueForms {
		if t, err := time.ParseInLocation(day, value, zone); err == nil {
			return time.Date(t.Year(), t.Month(), t.Day(), 23, 59, 0, 0, zone)
		}
		for _, clock := range dueClocks {
			if t, err := time.ParseInLocation(day+clock, value, zone); err == nil {
				return t
			}
		}
	}
	o.block.addMistake(f.line, "Due %s is not a date (write 2026-12-31 or 2026-12-31 17:00)", quotedShort(f.Value))
	return time.Time{}
}
