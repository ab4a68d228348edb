package store_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// hang makes a step of a store's work on files block until the test ends or calls letGo. The limit of the work passes
// meanwhile, if the test says so, and never otherwise.
func hang(t *testing.T, s *store.Store, step string, passes bool) (reached <-chan struct{}, letGo func()) {
	t.Helper()
	within, proceed, passed := make(chan struct{}, 100), make(chan struct{}), make(chan struct{})
	var over atomic.Bool
	s.OnFiles(func(name string) error {
		if name == step && !over.Load() {
			select {
			case within <- struct{}{}:
			default:
			}
			if passes {
				passed <- struct{}{}
			}
			<-proceed
		}
		return nil
	})
	s.EndFiles(passed)
	letGo = func() {
		if !over.Swap(true) {
			close(proceed)
		}
	}
	t.Cleanup(func() {
		letGo()
		returned(s)
	})
	return within, letGo
}

// returned waits until the abandoned work has returned.
func returned(s *store.Store) {
	for s.IsStuck() {
		runtime.Gosched()
	}
}

func TestAShareThatHangsHoldsUpOnlyMessagesWithFiles(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"read marker", "publish"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			_, letGo := hang(t, d.store, step, true)
			batch := []store.Delivery{mail("1", "a", with(attachment("x", "content"))), mail("2", "b")}
			for range 3 {
				outcomes := d.accept(t, d.clerk(), batch...)
				if err := outcomes[0].Err; !errors.Is(err, store.ErrHanging) || !errors.Is(err, store.ErrDirectory) {
					t.Errorf("a message with a file: %v", err)
				}
				if outcomes[1].Result != store.Opened {
					t.Errorf("a message without a file was held up: %+v", outcomes[1])
				}
			}
			d.accept(t, d.clerk(), mail("3", "without a file"))
			if n := d.count(t, "receipt"); n != 2 {
				t.Errorf("%d receipts", n)
			}
			letGo()
			returned(d.store)
			d.accept(t, d.clerk(), batch...)
		})
	}
}

func TestAStopDoesNotWaitForAShareThatHangs(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	reached, _ := hang(t, d.store, "publish", false)
	ctx, stop := context.WithCancel(t.Context())
	go func() { <-reached; stop() }()
	_, err := d.store.Accept(ctx, d.mailbox, []store.Delivery{mail("1", "a", with(attachment("x", "content")))}, d.clerk())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

// TestAbandonedWorkNoLongerReadsTheMessage runs a decoder that reads on after its batch has failed, when the
// caller may have closed the message.
func TestAbandonedWorkNoLongerReadsTheMessage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	passed := make(chan struct{})
	d.store.EndFiles(passed)
	proceed, read := make(chan struct{}), make(chan error, 2) // together and alone
	late := processor.Attachment{Name: "late"}.WithContent(func(raw io.ReaderAt) io.Reader {
		return readerFunc(func(p []byte) (int, error) {
			passed <- struct{}{}
			<-proceed
			n, err := raw.ReadAt(p[:1], 0)
			read <- err
			return n, err
		})
	})
	got := d.accept(t, d.clerk(), mail("1", "a", with(late)), mail("2", "b", with(attachment("x", "content"))))
	if !store.IsUnexplained(got[0].Err) || got[1].Err != nil || d.store.IsStuck() {
		t.Errorf("the file system was blamed instead of the message: %+v", got)
	}
	close(proceed)
	if err := <-read; !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the decoder could still read: %v", err)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestACollectionOnAShareThatHangsHoldsUpNoMail(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	other := d.open(t, d.url)
	writeOld(t, d.path("orphan"), "orphan", 48*time.Hour)
	reached, letGo := hang(t, d.store, "unlink", true)
	collected := make(chan error)
	go func() {
		_, err := d.store.CollectOrphans(t.Context(), time.Hour)
		collected <- err
	}()
	storetest.Await(t, "the collection removes a file", reached)
	accept := func(uidl, content string) error {
		outcomes, err := other.Accept(t.Context(), d.mailbox, []store.Delivery{mail(uidl, uidl, with(attachment("x", content)))}, d.clerk())
		if err != nil {
			return err
		}
		return outcomes[0].Err
	}
	must(t, accept("1", "another content"))
	if err := accept("2", "orphan"); !errors.Is(err, store.ErrLocked) || store.IsUnexplained(err) {
		t.Errorf("accepting a file that is being removed: %v", err)
	}
	if err := <-collected; !errors.Is(err, store.ErrHanging) {
		t.Errorf("the collection: %v", err)
	}
	// As long as the call may still succeed, no program goes on: neither this one nor another one that took over.
	if _, err := d.store.CollectOrphans(t.Context(), time.Hour); !errors.Is(err, store.ErrHanging) {
		t.Errorf("the next collection: %v", err)
	}
	if n, err := other.CollectOrphans(t.Context(), time.Hour); n != 0 || err != nil || d.count(t, "removal") != 1 {
		t.Errorf("another program collected %d, %v", n, err)
	}
	if left := one[float64](t, d, `SELECT extract(epoch FROM collector_until - now())::float8 FROM attachment_directory`); left < 20*3600 {
		t.Errorf("the lease ends in %v s", left)
	}
	letGo()
	returned(d.store)
	_, err := d.store.CollectOrphans(t.Context(), time.Hour)
	must(t, err)
	if isThere(d.path("orphan")) || d.count(t, "removal") != 0 {
		t.Error("the removal was not finished")
	}
	must(t, accept("2", "orphan"))
	wantFilesOfRows(t, d)
}

func TestALargeFileHasMoreTime(t *testing.T) {
	t.Parallel()
	if small, large := store.FileLimit(1000), store.FileLimit(100<<20); small != 30*time.Second || large != 130*time.Second {
		t.Errorf("limits are %v and %v", small, large)
	}
}
