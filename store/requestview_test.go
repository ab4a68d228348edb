package store_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"mailintegration/store"
)

func TestAViewShowsTheSameOfASmallRequestAsRequest(t *testing.T) {
	t.Parallel()
	s, _ := filled(t)
	want, err := s.Request(t.Context(), 2)
	must(t, err)
	got, err := s.RequestView(t.Context(), 2, store.ViewFrom{})
	must(t, err)
	equal(t, want.RequestSummary, got.RequestSummary)
	equal(t, store.Excerpt{Text: want.Body}, got.Body)
	equal(t, want.Defects, got.Defects)
	equal(t, store.FileList{Files: want.Attachments}, got.Files)
	equal(t, want.Participants, got.Participants)
	a := got.Activities[0]
	equal(t, store.Excerpt{Text: want.Activities[0].Body}, a.Excerpt)
	equal(t, store.FileList{Files: want.Activities[0].Attachments}, a.Files)
	equal(t, want.Activities[0].Sender, a.Sender)
	equal(t, want.Activities[0].Defects, a.Defects)
	equal(t, []string{"activity_added", "opened"}, []string{got.History[0].What, got.History[1].What})
	if !got.HasHTML || a.HasHTML || got.Older != 0 || got.Earlier != 0 || got.Problem != nil || len(got.Asides) > 0 {
		t.Errorf("%+v", got)
	}
	text, html, err := s.RequestText(t.Context(), 2, 0)
	equal(t, []any{want.Body, want.HTML, error(nil)}, []any{text, html, err})
	text, _, err = s.RequestText(t.Context(), 2, a.ID)
	equal(t, []any{"Now it burns.", error(nil)}, []any{text, err})
	id, err := s.ImageNamed(t.Context(), 2, 0, "cid@x", 5)
	equal(t, []any{int64(2), error(nil)}, []any{id, err})
	_, err = s.ImageNamed(t.Context(), 2, 0, "cid@x", 4)
	fails(t, err, store.ErrUnknown)
}

func TestAViewOfWhatDoesNotExistSaysSo(t *testing.T) {
	t.Parallel()
	s, _ := filled(t)
	_, err := s.RequestView(t.Context(), 4711, store.ViewFrom{})
	fails(t, err, store.ErrUnknown, "request 4711")
	_, _, err = s.RequestFiles(t.Context(), 4711, 0)
	fails(t, err, store.ErrUnknown)
	for _, of := range [][2]int64{{4711, 0}, {1, 1}, {2, 99}} { // activity 1 is on request 2
		_, _, err = s.RequestText(t.Context(), of[0], of[1])
		fails(t, err, store.ErrUnknown)
	}
}

// swell gives request 2 very many activities, files, entries of history, participants and defects, some with much text.
const swell = `
	UPDATE request SET body = repeat('word ', 800000), defects = array_fill(repeat('d', 10000), ARRAY[5000]) WHERE number = 2;
	INSERT INTO activity (request_id, body, sender_address, recorded_at, recorded_by_id, html)
		SELECT 2, repeat('é', CASE WHEN i > $many - 30 THEN 2000000 ELSE 10 END), 'x@x.org', now(), 1, '<p>' FROM generate_series(1, $many) AS i;
	INSERT INTO history (request_id, activity_id, at, author_id, what, reason, detail)
		SELECT 2, id, now(), 1, 'activity_added', 'subject', repeat('h', 5000) FROM activity WHERE sender_address = 'x@x.org';
	INSERT INTO attachment (request_id, activity_id, position, name, media_type, octets, sha256)
		SELECT 2, NULL, i, 'file ' || i, 'text/plain', i, sha256(i::text::bytea) FROM generate_series(1, 5000) AS i;
	INSERT INTO attachment (request_id, activity_id, position, name, media_type, octets, sha256)
		SELECT 2, (SELECT max(id) FROM activity), i, 'late ' || i, 'text/plain', i, sha256(i::text::bytea) FROM generate_series(1, 5000) AS i;
	INSERT INTO participant (request_id, address) SELECT 2, i || '@x.org' FROM generate_series(1, 5000) AS i;
	ANALYZE;`

func TestAViewOfAHugeRequestIsBounded(t *testing.T) {
	t.Parallel()
	const many = 3000
	s, db := filled(t)
	db.Exec(t, strings.ReplaceAll(swell, "$many", fmt.Sprint(many)))
	v, err := s.RequestView(t.Context(), 2, store.ViewFrom{})
	must(t, err)
	octets := len(v.Body.Text)
	for _, d := range v.Defects {
		octets += len(d)
	}
	for _, a := range v.Activities {
		octets += len(a.Excerpt.Text)
	}
	for _, h := range v.History {
		octets += len(h.Detail)
	}
	if octets > 1<<20 || !v.Body.IsCut || !v.Activities[0].Excerpt.IsCut || v.ActivityCount != 1000 || v.AttachmentCount != 1000 {
		t.Errorf("%d octets of text, %d activities, %d files", octets, v.ActivityCount, v.AttachmentCount)
	}
	equal(t, []int{50, 20, 30, 50, 10, 10}, []int{
		len(v.Defects), len(v.Activities), len(v.History), len(v.Participants), len(v.Files.Files), len(v.Activities[0].Files.Files)})
	if !v.Files.HasMore || !v.Activities[0].Files.HasMore || v.Activities[1].Files.HasMore {
		t.Error("it is not said of which message there are more files")
	}
}

func TestAllOfAHugeRequestIsFoundPageByPage(t *testing.T) {
	t.Parallel()
	const many = 100
	s, db := filled(t)
	db.Exec(t, strings.ReplaceAll(swell, "$many", fmt.Sprint(many)))
	activities, history, files := map[int64]bool{}, 0, map[int64]bool{}
	for from, pages := (store.ViewFrom{}), 0; ; pages++ {
		v, err := s.RequestView(t.Context(), 2, from)
		must(t, err)
		for _, a := range v.Activities {
			activities[a.ID] = true
		}
		history += len(v.History)
		if from.Activity, from.History = max(v.Older, 1), max(v.Earlier, 1); v.Older == 0 && v.Earlier == 0 || pages > 20 {
			break
		}
	}
	for after := int64(0); ; {
		list, hasMore, err := s.RequestFiles(t.Context(), 2, after)
		must(t, err)
		for _, f := range list {
			files[f.ID] = true
			after = f.ID
		}
		if !hasMore {
			break
		}
	}
	equal(t, []int{many + 1, many + 2, 10_003}, []int{len(activities), history, len(files)})
}

// BenchmarkRequestView measures the view of a request with 50,000 activities and 10,000 attachments.
func BenchmarkRequestView(b *testing.B) {
	d := newDesk(b)
	d.manyRequests(b, 2)
	d.exec(b, strings.ReplaceAll(swell, "$many", "50000"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n := 0
	for b.Loop() {
		_, err := d.store.RequestView(b.Context(), 2, store.ViewFrom{})
		must(b, err)
		n++
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(n), "octets/view")
}
