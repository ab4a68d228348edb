package daemon

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"mailintegration/store"
)

// rawMessages writes messages in trouble to files, for a person who looks into the trouble (Mailbox.RawMessageFile). That is
// an aid: a write that fails, or does not return, costs its mailbox some seconds and nothing else. One of them at most is
// abandoned at a time; until it returns, nothing is written.
type rawMessages struct {
	limit time.Duration                                           // for one write; 0: 5 s
	write func(path string, octets io.ReaderAt, size int64) error // tests replace it
	stuck atomic.Int32                                            // writes that were abandoned and have not returned
}

// rawMessageTime is the default limit for one write.
const rawMessageTime = 5 * time.Second

var errRawMessageStuck = errors.New("the write of an earlier message has not returned")

// put writes the octets of a message to a file, instead of the message that was there.
func (w *rawMessages) put(path string, raw octets) error {
	if w.stuck.Load() > 0 {
		return errRawMessageStuck
	}
	source := &severable{raw: raw}
	done := make(chan error, 1)
	var ended atomic.Bool // the write has returned, or was abandoned: whichever came first
	go func() {
		done <- w.write(path, source, raw.Size())
		if !ended.CompareAndSwap(false, true) {
			w.stuck.Add(-1)
		}
	}()
	limit := cmp.Or(w.limit, rawMessageTime)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
	}
	if !ended.CompareAndSwap(false, true) {
		return <-done
	}
	w.stuck.Add(1)
	source.sever()
	return fmt.Errorf("%s: the write did not return within %s", path, limit)
}

// writeRawMessage writes the octets beside the file and then renames, so that nobody finds half a message. Only this
// account may read the file, since it is mail.
func writeRawMessage(path string, octets io.ReaderAt, size int64) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.NewSectionReader(octets, 0, size))
	if err = cmp.Or(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// keepRawMessage writes a message in trouble to the file for that, if the mailbox has one. A failure is only logged.
func (r *sessionRun) keepRawMessage(raw store.Raw, o store.Outcome) {
	isTrouble := o.Err != nil || o.Result == store.SetAside && !o.Known
	if r.mailbox.RawMessageFile == "" || !isTrouble {
		return
	}
	if err := r.opts.rawMessages.put(r.mailbox.RawMessageFile, raw); err != nil {
		r.log.rawMessageNotWritten(r.mailbox.RawMessageFile, err)
	}
}
