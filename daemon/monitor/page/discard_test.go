package page

import (
	"net/http"
	"strings"
	"testing"
)

func TestAMessageIsDiscardedWithAReasonAfterAQuestion(t *testing.T) {
	t.Parallel()
	o, log := newCase(t, 1)
	o.wants("/setaside/1/discard", "Discard message 1?", "Fire 1", `action="/setaside/1/discard"`, `name="reason"`, `href="/setaside/1"`)
	contains(t, o.get("/setaside/1/discard", "Accept-Language", "fr"), "Écarter le message 1 ?")
	for _, reason := range []string{"", " \n\t ", "\u200b"} {
		o.wantAnswer(o.acts("1/discard", "reason", reason), http.StatusUnprocessableEntity, "write why the message is not recorded")
	}
	o.wants("/setaside/1", "waits for a decision")
	o.wantDone(o.acts("1/discard", "reason", "it is <spam>\x00"), "/setaside/1", "The message is discarded.")
	o.wants("/setaside/1", "discarded", "Ann Lee", "it is &lt;spam&gt;", "(on the page, with the token of Anna)", "None waits any more")
	o.wants("/requests/1", "processed", "message 1: it is &lt;spam&gt;", "Ann Lee")
	o.wants("/trouble", "Nothing is wrong.")
	o.wantIncidents(0, 1)
	if len(log.done) != 1 || log.done[0] != "Anna as ann: POST /setaside/{number}/discard /setaside/1/discard" {
		t.Errorf("the log has %q", log.done)
	}
}

func TestAMessageIsDiscardedOnceAndRecordedOnlyWhenAPersonInsists(t *testing.T) {
	t.Parallel()
	o, _ := newCase(t, 1)
	o.mend()
	o.wantDone(o.acts("1/discard", "reason", strings.Repeat("long ", 1000)), "/setaside/1", "The message is discarded.")
	o.wantAnswer(o.acts("1/discard", "reason", "again"), http.StatusConflict, "somebody has decided about this message already", "discarded")
	o.wants("/setaside/1/discard", "somebody has decided about this message already")
	o.wantAnswer(o.acts("1/replay"), http.StatusConflict)
	o.wants("/setaside/1", `name="again" value="1"`, "The message was discarded. It is kept, and can be recorded all the same.")
	o.wantDone(o.acts("1/replay", "again", "1"), "/setaside/1", "The message is recorded.")
	o.wantIncidents(1, 1)
}
