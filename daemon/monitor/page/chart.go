package page

import (
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

// dayEvery is how often the database counts the messages of the day at most, however many pages show them.
const dayEvery = time.Minute

// dayCount remembers the messages of the day as the database has counted them last.
type dayCount struct {
	mu   sync.Mutex // held while the database counts
	at   time.Time  // of the last answer, zero before the first
	last store.Day
}

// day returns the messages of the day, none if they cannot be counted now.
func (v *visit) day() store.Day {
	d := &v.page.counted
	d.mu.Lock()
	defer d.mu.Unlock()
	if age := v.page.now().Sub(d.at); !d.at.IsZero() && age >= 0 && age < dayEvery {
		return d.last
	}
	desk, err := v.desk()
	if err != nil {
		return store.Day{}
	}
	counted, err := desk.Day(v.ctx)
	if err != nil {
		return store.Day{}
	}
	d.at, d.last = v.page.now(), counted
	return counted
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
