package store_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"testing"

	"mailintegration/processor"
	"mailintegration/store"
)

// octetsOf returns the octets of an open file.
func octetsOf(t *testing.T, o *store.Octets, err error) string {
	t.Helper()
	must(t, err)
	defer o.Close()
	all, err := io.ReadAll(o)
	must(t, err)
	return string(all)
}

// kept accepts a message with an attachment, and one that is set aside. The attachments of the first are textFile and rawMessage; its event came
// first.
func (d *desk) kept(t *testing.T, content string) {
	t.Helper()
	aside := d.exceptFor("about bad", func() processor.Decision { return processor.SetAside{Reason: processor.NewReason("unreadable", "odd")} })
	aside.attachRaw = true
	d.accept(t, aside, mail("1", "good", with(attachment("../a.txt", content))), mail("2", "bad"))
}

// The numbers of attachments after kept.
const textFile, rawMessage = 2, 3

func TestStoredFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 256 << 10, 3<<20 + 1} {
		d := newDesk(t)
		content := noise(size)
		d.kept(t, content)
		o, err := d.store.OpenAttachment(t.Context(), textFile)
		must(t, err)
		equal(t, []any{"../a.txt", "text/plain", int64(size)}, []any{o.Name, o.MediaType, o.Size})
		if octetsOf(t, o, nil) != content {
			t.Errorf("%d octets are not the same", size)
		}
		o, err = d.store.OpenAttachment(t.Context(), rawMessage)
		equal(t, "good", octetsOf(t, o, err))
		o, err = d.store.OpenAsideOctets(t.Context(), 1)
		equal(t, "bad", octetsOf(t, o, err))
		for _, raw := range []string{"good", "bad"} {
			o, err = d.store.OpenMessage(t.Context(), store.MessageName{Digits: fmt.Sprintf("%x", octets(raw).Digest())})
			equal(t, raw, octetsOf(t, o, err))
		}
	}
}

func TestAFileThatIsNotToBeHadSaysWhy(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	content := noise(300 << 10)
	d.kept(t, content)
	_, err := d.store.OpenAttachment(t.Context(), 4711)
	fails(t, err, store.ErrUnknown, "attachment 4711")
	_, err = d.store.OpenAsideOctets(t.Context(), 4711)
	fails(t, err, store.ErrUnknown)
	changed := []byte(content)
	changed[len(changed)-1] ^= 1
	for name, spoilt := range map[string][]byte{"torn": []byte(content[:1000]), "changed": changed, "longer": []byte(content + "x")} {
		must(t, os.WriteFile(d.path(content), spoilt, 0o600))
		_, err = d.store.OpenAttachment(t.Context(), textFile)
		if !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, os.Remove(d.path(content)))
	_, err = d.store.OpenAttachment(t.Context(), textFile)
	fails(t, err, fs.ErrNotExist)
	without, err := openAt(t, store.Options{URL: d.url, ReadOnly: true})
	must(t, err)
	_, err = without.OpenAttachment(t.Context(), textFile)
	fails(t, err, store.ErrDirectory)
}

func TestAReaderOfAShareThatHangsHoldsUpNoAcceptance(t *testing.T) {
	t.Parallel()
	for _, hangs := range []string{"open", "read"} {
		d := newDesk(t)
		d.kept(t, "content")
		_, letGo := hang(t, d.store, hangs, true)
		o, err := d.store.OpenAttachment(t.Context(), 1)
		if hangs == "read" {
			must(t, err)
			_, err = io.ReadAll(o)
			must(t, o.Close())
		}
		fails(t, err, store.ErrHanging)
		_, err = d.store.OpenAttachment(t.Context(), 2)
		fails(t, err, store.ErrHanging) // at once: the first call has not returned
		if d.store.IsStuck() {
			t.Error("acceptances think that the share hangs")
		}
		d.accept(t, d.clerk(), mail("3", "next "+hangs, with(attachment("b", "other"))))
		letGo()
	}
}
