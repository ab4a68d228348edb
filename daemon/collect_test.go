package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"mailintegration/store"
)

// sweeping is a sweeper made of functions.
type sweeping struct {
	purge   func(olderThan time.Duration) (int, error)
	mail    func(olderThan time.Duration) (int, error) // nil: there is no mail
	collect func() (int, error)
}

func (s sweeping) PurgeReceipts(_ context.Context, olderThan time.Duration) (int, error) {
	return s.purge(olderThan)
}

func (s sweeping) PurgeMail(_ context.Context, olderThan time.Duration) (int, error) {
	if s.mail == nil {
		return 0, nil
	}
	return s.mail(olderThan)
}

func (s sweeping) CollectOrphans(context.Context, time.Duration) (int, error) { return s.collect() }

func nothing() (int, error) { return 0, nil }

// collectorOf returns a collector and its log.
func collectorOf(s sweeping, opts Options) (*collector, *observer.ObservedLogs) {
	core, logged := observer.New(zap.DebugLevel)
	opts.Logger = zap.New(eventsLogged.Core(core))
	c := newCollector(opts)
	c.store = s
	return c, logged
}

func TestReceiptsAndMailAreKeptForTheRetentionTime(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		retention time.Duration
		want      []time.Duration
	}{
		{"400 days by default", 0, []time.Duration{400 * 24 * time.Hour, 400 * 24 * time.Hour}},
		{"for the time that is set", time.Hour, []time.Duration{time.Hour, time.Hour}},
		{"for ever", -1, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []time.Duration
			purge := func(olderThan time.Duration) (int, error) {
				got = append(got, olderThan)
				return 0, nil
			}
			c, _ := collectorOf(sweeping{purge: purge, mail: purge, collect: nothing}, Options{Retention: test.retention})
			c.collect(t.Context())
			if !slices.Equal(got, test.want) {
				t.Errorf("receipts and mail are purged after %v, want %v", got, test.want)
			}
		})
	}
}

func TestACollectionRepeatsSoonerWhenMoreIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var at []time.Duration
		started := time.Now()
		collect := func() (int, error) {
			if at = append(at, time.Since(started)); len(at) == 4 {
				stop()
			}
			if len(at) == 1 {
				return store.MaxCollectedFiles, nil
			}
			return 1, nil
		}
		c, _ := collectorOf(sweeping{purge: func(time.Duration) (int, error) { return 0, nil }, collect: collect}, Options{})
		c.run(ctx)
		want := []time.Duration{collectEvery, collectEvery + collectSoon, 2*collectEvery + collectSoon, 3*collectEvery + collectSoon}
		if !slices.Equal(at, want) {
			t.Errorf("collected at %v, want %v", at, want)
		}
	})
}

func TestARepeatedFailureOfCollectionsIsLoggedOnce(t *testing.T) {
	t.Parallel()
	down := fmt.Errorf("purge receipts: %w", store.ErrUnavailable)
	results := []error{store.ErrCopy, store.ErrCopy, down, store.ErrCopy, nil, nil, store.ErrNoMarker}
	collect := func() (int, error) {
		err := results[0]
		results = results[1:]
		return 0, err
	}
	c, logged := collectorOf(sweeping{purge: func(time.Duration) (int, error) { return 0, nil }, collect: collect}, Options{})
	for range results {
		c.collect(t.Context())
	}
	var got []string
	for _, e := range logged.FilterLevelExact(zap.DebugLevel).All() {
		if e.ContextMap()["hint"] == "" {
			t.Error("no hint")
		}
	}
	for _, e := range logged.All() {
		got = append(got, e.Level.String()+": "+e.Message)
	}
	const failed = "receipts and attachments not swept"
	want := []string{"error: " + failed, "debug: " + failed + " again", "warn: " + failed, "error: " + failed,
		"info: receipts and attachments swept again", "error: " + failed}
	if !slices.Equal(got, want) {
		t.Errorf("logged %q, want %q", got, want)
	}
}

func TestAPanicEndsOneCollectionButNotTheDaemon(t *testing.T) {
	t.Parallel()
	files := 0
	c, logged := collectorOf(sweeping{
		purge:   func(time.Duration) (int, error) { panic("purge") },
		collect: func() (int, error) { files++; return files, nil },
	}, Options{})
	c.collect(t.Context())
	c.store = sweeping{purge: func(time.Duration) (int, error) { return 0, nil }, collect: func() (int, error) { panic("collect") }}
	c.collect(t.Context())
	if files != 1 {
		t.Error("files are not collected where receipts cannot be purged")
	}
	panics := logged.FilterMessage("collection panicked").All()
	if len(panics) != 2 || panics[0].Level != zapcore.ErrorLevel || panics[0].ContextMap()["stack"] == "" {
		t.Errorf("logged %+v", logged.All())
	}
}

func TestAStoppedCollectionIsNotAFailure(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	purge := func(time.Duration) (int, error) { stop(); return 0, ctx.Err() }
	c, logged := collectorOf(sweeping{purge: purge, collect: func() (int, error) { return 0, errors.New("x") }}, Options{})
	c.collect(ctx)
	if logged.Len() != 0 {
		t.Errorf("logged %+v", logged.All())
	}
}
