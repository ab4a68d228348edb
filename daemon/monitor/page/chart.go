package page

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"mailintegration/store"
)

// chart shows the messages of a mailbox in the last 24 hours, a bar for each hour.
type chart struct {
	IsKnown bool
	Path    string // of the bars, as in SVG 1.1 §8.3
	All     int    // messages
	Most    int    // in an hour
	Hours   int    // that are counted
}

// The size of a chart in its own units: 24 bars.
const (
	barWidth    = 10
	barGap      = 2
	chartHeight = 40
)

// newChart draws the messages of the last hours. Index 0 is the last hour, which stands on the right.
func newChart(hours [24]int, known int) chart {
	c := chart{IsKnown: true, Hours: known}
	for _, n := range hours[:known] {
		c.All, c.Most = c.All+n, max(c.Most, n)
	}
	var path strings.Builder
	for ago, n := range hours[:known] {
		if n > 0 {
			height := max(2, n*chartHeight/c.Most) // one message among thousands shows, too
			fmt.Fprintf(&path, "M%d %dv%dh%dv%dz", (23-ago)*barWidth, chartHeight, -height, barWidth-barGap, height)
		}
	}
	c.Path = path.String()
	return c
}

const (
	// dayEvery is how often the database counts the messages of the day at most, however many pages show them.
	dayEvery = time.Minute
	// dayKept is how long a page shows a count while there is no newer one.
	dayKept = 5 * time.Minute
	// dayPatience is how long a page waits for a count. With some thousand messages a day it is there by then.
	dayPatience = 30 * time.Millisecond
)

// dayCount remembers the messages of the day as the database has counted them last. It counts beside the visits, because a busy day
// that PostgreSQL has to read from the disk takes longer than all the rest of a page.
type dayCount struct {
	patience time.Duration // of a visit

	mu    sync.Mutex
	begun time.Time     // the last count, zero before the first
	ended chan struct{} // closed at its end
	at    time.Time     // when the last one that succeeded began, zero before the first
	last  store.Day
}

// day returns the messages of the day, none if they were not counted lately. isCounting reports that they come soon. It is the last
// question of a page: the count needs a turn of its own.
func (v *visit) day() (day store.Day, isCounting bool) {
	v.leave()
	d := &v.page.counted
	ended := d.begin(v.page)
	patience := time.NewTimer(d.patience)
	defer patience.Stop()
	select {
	case <-ended:
	case <-patience.C:
		isCounting = true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.at.IsZero() || !isWithin(v.page.now().Sub(d.at), dayKept) {
		return store.Day{}, isCounting
	}
	return d.last, false
}

// isWithin reports whether an age is below a limit. A clock that was set back makes it negative.
func isWithin(age, limit time.Duration) bool { return age >= 0 && age < limit }

// begin begins a count, if the last one is old and has ended. The channel is closed at the end of the last one.
func (d *dayCount) begin(p *Page) (ended <-chan struct{}) {
	now := p.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.begun.IsZero() && (isWithin(now.Sub(d.begun), dayEvery) || !isClosed(d.ended)) {
		return d.ended
	}
	d.begun, d.ended = now, make(chan struct{})
	go d.count(p, now, d.ended)
	return d.ended
}

func isClosed(ended <-chan struct{}) bool {
	select {
	case <-ended:
		return true
	default:
		return false
	}
}

// count counts the messages of the day, for as long as a visit may take. After an error, the pages have what was counted before.
func (d *dayCount) count(p *Page, begun time.Time, ended chan<- struct{}) {
	defer close(ended)
	ctx, cancel := context.WithTimeout(context.Background(), p.patience)
	defer cancel()
	var counted store.Day
	v := &visit{page: p, ctx: ctx, route: route{isOpen: true, handle: func(v *visit) error {
		desk, err := v.desk()
		if err == nil {
			counted, err = desk.Day(ctx)
		}
		return err
	}}}
	defer v.leave()
	if err := v.run(); err != nil {
		_ = p.noteFault("the messages of the day", err)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at, d.last = begun, counted
}

// countedAt returns when the count began that the pages show, zero if there is none.
func (d *dayCount) countedAt() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

// draw adds the charts of the mailboxes.
func (m *mailboxesView) draw(d store.Day) {
	if d.Hours == 0 {
		return
	}
	counts := map[string][24]int{}
	for name, hours := range d.Mailboxes {
		counts[strings.ToLower(name)] = *hours
	}
	for i := range m.Rows {
		m.Rows[i].Chart = newChart(counts[strings.ToLower(m.Rows[i].Name)], d.Hours)
	}
}
