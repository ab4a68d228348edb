package daemon

import (
	"fmt"
	"testing"
)

// TestAnAnswerToARequestOfOctopusLandsOnNoneOfOurs moves in as README says: the first number is above all those of Octopus.
func TestAnAnswerToARequestOfOctopusLandsOnNoneOfOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.store.SetFirstNumber(t.Context(), 5000); err != nil {
		t.Fatal(err)
	}
	for i := range 15 { // without a first number, one of them would be request 12
		w.add(fmt.Sprintf("From: ann@acme.example\nSubject: Question %d\nMessage-ID: <q%d@acme.example>\n\nHelp!\n", i, i))
	}
	w.add("From: ann@acme.example\nSubject: RE: [Incident] 12 - printer\nMessage-ID: <a1@acme.example>\n" +
		"In-Reply-To: <4711@octopus.example>\nReferences: <4711@octopus.example>\n\nIt burns again.\n")
	w.add("From: ann@acme.example\nSubject: RE: [Incident] 12 - printer\nMessage-ID: <a2@acme.example>\n" +
		"In-Reply-To: <4711@octopus.example>\n\nNow the table too.\n")
	w.pollUntilGood()
	w.wantEachOnce(17)
	opened := w.count(`SELECT count(*) FROM request WHERE number >= 5000 AND subject LIKE '%[Incident] 12 - printer'`)
	if opened != 1 {
		t.Errorf("the first answer opened %d requests", opened)
	}
	// The second one finds the first by In-Reply-To, although nobody here has seen the message that both answer.
	added := w.count(`SELECT count(*) FROM activity a JOIN request r ON r.number = a.request_id
		WHERE r.subject LIKE '%[Incident] 12 - printer' AND a.body LIKE 'Now the table too.%'`)
	if added != 1 {
		t.Errorf("the second answer is %d activities on the request of the first", added)
	}
	if n := w.count(`SELECT count(*) FROM activity`); n != 1 {
		t.Errorf("%d activities on requests of ours", n)
	}
}
