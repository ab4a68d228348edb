package store

import (
	"slices"

	"mailintegration/processor"
)

// thread is one row of the table thread: a Message-ID leads to a request.
type thread struct {
	messageID string
	request   int64
	via       string
}

// The values of thread.via: how a Message-ID came to lead to a request.
const (
	viaSeen       = "seen"       // a message with this Message-ID was seen
	viaReferenced = "referenced" // a message that was seen refers to it
)

// directory answers the look-ups of a decision: from the findings, and from the effects of the decisions before it in
// the same batch.
type directory struct {
	*findings
	changed    map[int64]*processor.Request
	newThreads map[string]thread
	opened     map[string][]openedAt // by the sender's address
	answered   map[mailKey]int       // how many answers these decisions give
}

var _ processor.Directory = (*directory)(nil)

func newDirectory(f *findings) *directory {
	return &directory{
		findings: f, changed: map[int64]*processor.Request{}, newThreads: map[string]thread{}, opened: map[string][]openedAt{},
		answered: map[mailKey]int{},
	}
}

// Request implements processor.Directory.
func (d *directory) Request(number int64) (processor.Request, bool) {
	r, ok := d.changed[number]
	if !ok {
		r, ok = d.requests[number]
	}
	if !ok {
		return processor.Request{}, false
	}
	return *r, true
}

// RequestOf implements processor.Directory.
func (d *directory) RequestOf(messageID string) (processor.Request, bool) {
	t, ok := d.thread(threadKey(messageID))
	if !ok {
		return processor.Request{}, false
	}
	return d.Request(t.request)
}

// UserByAddress implements processor.Directory.
func (d *directory) UserByAddress(addr string) (processor.User, bool) {
	u, ok := d.users[addressKey(addr)]
	return u, ok
}

// UsersNamed implements processor.Directory.
func (d *directory) UsersNamed(name string) []processor.User { return d.people[personKey(name)] }

// List implements processor.Directory. The directory has only the lists that processor.Keys named.
func (d *directory) List(name processor.ListName) ([]processor.Listed, bool) {
	list, ok := d.lists[name]
	return list, ok
}

// thread returns the thread of a Message-ID by the rule of threadQuery.
func (d *directory) thread(id string) (thread, bool) {
	found, ok := d.threads[id]
	added, isNew := d.newThreads[id]
	if !isNew || ok && added.via == viaReferenced && found.via != viaReferenced {
		return found, ok
	}
	return added, true
}

// takesPart reports whether p is a participant of its request already.
func (d *directory) takesPart(p participant) bool {
	r, _ := d.Request(p.request)
	if p.user != 0 {
		return slices.Contains(r.Participants, p.user)
	}
	return slices.Contains(r.Addresses, p.address)
}

// show makes the effects of a record visible to the decisions after it.
func (d *directory) show(r *record) {
	if reply, _ := processor.ReplyOf(r.decision); reply != nil {
		d.answered[mailKey{addressKey(reply.To.Addr), reply.Kind}]++
	}
	if r.request == 0 {
		return
	}
	request := d.after(r)
	for _, p := range r.participants {
		if p.user != 0 {
			request.Participants = append(request.Participants, p.user)
		} else {
			request.Addresses = append(request.Addresses, p.address)
		}
	}
	d.changed[r.request] = request
	if s, ok := r.opener(d.now); ok {
		d.opened[s.address] = append(d.opened[s.address], openedAt{s.sentAt, r.request})
	}
	for _, t := range r.threads {
		if old, ok := d.newThreads[t.messageID]; !ok || old.via == viaReferenced || t.via != viaReferenced {
			d.newThreads[t.messageID] = t
		}
	}
}

// after returns the request of a record as the record leaves it, its participants aside.
func (d *directory) after(r *record) *processor.Request {
	if r.opens != nil {
		people := []int64{r.opens.Requester.ID, r.opens.User.ID}
		if r.opens.Assignee.ID != 0 {
			people = append(people, r.opens.Assignee.ID)
		}
		return &processor.Request{Number: r.request, Kind: r.opens.Kind, State: processor.StateNew, Participants: people}
	}
	request, _ := d.Request(r.request)
	request.Participants, request.Addresses = slices.Clip(request.Participants), slices.Clip(request.Addresses)
	if r.change != nil {
		request.State = r.change.State
	}
	return &request
}
