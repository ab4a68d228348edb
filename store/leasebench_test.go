package store_test

import (
	"fmt"
	"testing"
	"time"

	"mailintegration/store"
)

// BenchmarkABeat measures the beat of a daemon beside two others. A poll a minute of each mailbox makes a twelfth of them report in
// a beat, every 5 s.
func BenchmarkABeat(b *testing.B) {
	for _, n := range []int{1000, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := newDesk(b)
			names := numbered(n)
			p, others := d.program("one", names...), []*program{d.program("two", names...), d.program("three", names...)}
			for range 4 {
				for _, p := range append(others, p) {
					p.beat(b)
				}
			}
			mine := held(p.beat(b))
			if len(mine) > n/3+1 {
				b.Fatalf("it has %d mailboxes", len(mine))
			}
			var reports []store.PollReport
			for _, name := range mine[:len(mine)/12] {
				reports = append(reports, store.PollReport{Mailbox: name, Succeeded: true, DueIn: time.Minute})
			}
			for b.Loop() {
				p.beat(b, reports...)
			}
		})
	}
}
