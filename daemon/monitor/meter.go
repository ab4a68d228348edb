package monitor

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mailintegration/daemon"
)

var _ daemon.Meter = (*Meter)(nil)

// Meter keeps how long the steps of the polls took. The daemon has it from its start on, before there is a monitor.
type Meter struct{ poll, parse, commit prometheus.Histogram }

// NewMeter returns a meter that has measured nothing yet.
func NewMeter() *Meter {
	return &Meter{poll: pollDuration.histogram(), parse: parseDuration.histogram(), commit: commitDuration.histogram()}
}

const (
	// bucketFactor is the resolution of the native histograms: each bucket is up to a tenth wider than the one below.
	bucketFactor = 1.1
	// maxBuckets limits how many buckets a native histogram has, whatever it measures.
	maxBuckets = 100
)

// histogram returns a histogram that is native for servers that ask for that, and classic for the others.
func (m *metric) histogram() prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: m.name, Help: m.help, Buckets: quantities,
		NativeHistogramBucketFactor: bucketFactor, NativeHistogramMaxBucketNumber: maxBuckets, NativeHistogramMinResetDuration: time.Hour,
	})
}

// Polled implements daemon.Meter.
func (m *Meter) Polled(took time.Duration) { m.poll.Observe(took.Seconds()) }

// Parsed implements daemon.Meter.
func (m *Meter) Parsed(took time.Duration) { m.parse.Observe(took.Seconds()) }

// Committed implements daemon.Meter.
func (m *Meter) Committed(took time.Duration) { m.commit.Observe(took.Seconds()) }
