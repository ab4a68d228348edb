package store

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"mailintegration/processor"
)

// LoopKey returns the key of the problem that a sender of a team opens too many requests.
func LoopKey(team processor.Ref, address string) ProblemKey {
	return ProblemKey{ProblemLoop, capped(team.Name, maxLine/2) + ": " + addressKey(address)}
}

// noteLoops opens a problem for each sender whose messages of this batch were added to its last request because it has
// opened too many, or counts these messages if its problem is open. The rows of the messages must be written.
func (a *acceptance) noteLoops(ctx context.Context, records []*record) error {
	bySender := map[string][]*record{}
	for _, r := range records {
		if s, ok := r.opener(a.now); ok && r.adds != nil {
			bySender[s.address] = append(bySender[s.address], r)
		}
	}
	for _, address := range slices.Sorted(maps.Keys(bySender)) { // in one order, so that no two acceptances wait for each other
		if err := a.noteLoop(ctx, address, bySender[address]); err != nil {
			return err
		}
	}
	return nil
}

// noteLoop does that for one sender.
func (a *acceptance) noteLoop(ctx context.Context, address string, records []*record) error {
	key, first := LoopKey(a.mailbox.Team, address), records[0]
	problem, err := a.FindProblem(ctx, key)
	if err != nil {
		return err
	}
	if problem == nil {
		if problem, err = a.openLoop(ctx, key, first); err != nil {
			return err
		}
		first.loopEvent, records = problem.Event, records[1:]
	}
	return a.onProblem(ctx, problem, `UPDATE problem SET count = count + $2, last_seen_at = greatest(last_seen_at, now()) WHERE id = $1`,
		len(records))
}

// openLoop opens the problem with its event, which carries the message. Where the message cannot be kept as a file, the
// event comes without it: the request has its text.
func (a *acceptance) openLoop(ctx context.Context, key ProblemKey, r *record) (*Problem, error) {
	event := a.loopEvent(r)
	event.Attachments, event.AttachRaw, event.LinkedTo = nil, true, r.request
	opens := a.newRequest(r.newMessage, event, event.Body, "")
	problem, err := a.OpenProblem(ctx, key, *opens)
	if errors.Is(err, ErrFilesNotKept) {
		opens.Files = nil
		problem, err = a.OpenProblem(ctx, key, *opens)
	}
	return problem, err
}

// loopEvent returns the event for a sender that opens too many requests.
func (a *acceptance) loopEvent(r *record) processor.OpenRequest {
	event := a.decidersEvent(r.decision.Why(), func() processor.OpenRequest {
		return a.decider.Loop(r.Delivery, r.decision.(processor.AddActivity))
	})
	event.Subject = cmp.Or(event.Subject, "Possible mail loop")
	return event
}
