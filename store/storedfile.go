package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"mailintegration/store/disk"
)

// attachmentDirectory is the directory of the stored files. The name of a file is the SHA-256 of its octets, aa/bb/aabb…,
// so that a logo on ten thousand messages is stored once. A file with such a name is complete.
type attachmentDirectory struct {
	root   string
	runner *fileRunner

	reading *atomic.Int32 // reads of messages under way, while keep runs
}

const (
	temporaryPrefix = "tmp-"
	fileMode        = 0o640
	directoryMode   = 0o750

	// smallFile is the size below which the octets are hashed in memory, so that a file that exists is not written again.
	smallFile = 256 << 10
	// keepers is how many files are written at once. Several syncs at once cost little more than one.
	keepers = 4
)

// errNoDirectory says that a store was opened without an attachment directory and cannot keep a file.
var errNoDirectory error = &directoryError{errors.New("no attachment directory is given")}

// CheckAttachmentDirectory returns nil when this process can keep attachments in a directory: it can write there or, when
// the directory does not exist, Open can make it. Otherwise it returns the reason. It leaves nothing behind.
func CheckAttachmentDirectory(directory string) error {
	if directory == "" {
		return errNoDirectory
	}
	err := attachmentDirectory{root: directory, runner: &fileRunner{}}.tryWriting()
	if errors.Is(err, os.ErrNotExist) {
		err = attachmentDirectory{root: filepath.Dir(directory), runner: &fileRunner{}}.tryWriting()
	}
	if errors.Is(err, os.ErrNotExist) { // as Open says it; the file that was tried says nothing to a person
		err = &os.PathError{Op: "mkdir", Path: directory, Err: os.ErrNotExist}
	}
	if err != nil {
		return &attachmentFileError{err}
	}
	return nil
}

// tryWriting creates a file in the directory and removes it.
func (d attachmentDirectory) tryWriting() error {
	f, err := d.temporary()
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// path returns the path of the file with the digest.
func (d attachmentDirectory) path(digest [sha256.Size]byte) string {
	name := hex.EncodeToString(digest[:])
	return filepath.Join(d.root, name[:2], name[2:4], name)
}

func (d attachmentDirectory) temporary() (*os.File, error) {
	return os.CreateTemp(d.root, temporaryPrefix+"*")
}

// keep makes each file durable under its name and sets its digest and size. It fails when the directory is not the one that
// the database has claimed and, in bounded time, when the file system hangs: the abandoned goroutine has copies of the list,
// and can no longer read the messages. A failure leaves at most files that no row names.
func (d attachmentDirectory) keep(ctx context.Context, state attachmentState, list []*storedFile) error {
	if len(list) == 0 {
		return nil
	}
	if d.root == "" {
		return errNoDirectory
	}
	copies, messages, octets := detach(list)
	defer func() {
		for _, source := range messages {
			source.sever()
		}
	}()
	d.reading = new(atomic.Int32)
	err := d.runner.doReading(ctx, octets, d.reading, func(ctx context.Context) error { return d.keepAll(ctx, state, copies) })
	if err != nil {
		return d.markFile(err)
	}
	for i, kept := range copies {
		list[i].digest, list[i].octets = kept.digest, kept.octets
	}
	return nil
}

// detach returns copies of the files that read from severable messages, and how many octets keeping them may have to read
// and write: keep reads a message once for its attachments, which are no larger than the message, and once for itself.
func detach(list []*storedFile) (copies []*storedFile, messages map[[sha256.Size]byte]*severable, octets int64) {
	messages = map[[sha256.Size]byte]*severable{}
	for _, one := range list {
		digest := one.Content.Digest()
		source, ok := messages[digest]
		if !ok {
			source = newSeverable(one.Content)
			messages[digest] = source
			octets += 2 * source.Size()
		}
		copied := *one
		copied.Content = source
		copies = append(copies, &copied)
	}
	return copies, messages, octets
}

// keepAll makes the files durable once the marker has shown that the directory is the one that the database has claimed.
func (d attachmentDirectory) keepAll(ctx context.Context, state attachmentState, list []*storedFile) error {
	if _, err := d.markerOf(state.identity); err != nil {
		return err
	}
	return d.keepEach(ctx, state, list)
}

// keepEach makes the files durable, some at once.
func (d attachmentDirectory) keepEach(ctx context.Context, state attachmentState, list []*storedFile) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(keepers)
	for _, one := range list {
		group.Go(func() error { return d.keepOne(ctx, state, one) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return d.syncDirectories(list)
}

// keepOne makes the octets of one file durable. A panic in a decoder is the message's fault.
func (d attachmentDirectory) keepOne(ctx context.Context, state attachmentState, one *storedFile) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &messageError{reason: panicReason(v)}
		}
	}()
	if one.isWhole() {
		if err := state.mayName(one); err != nil || d.reuse(one) {
			return err
		}
	}
	source := &interruptible{ctx, one.open(), d.reading}
	if one.isWhole() {
		return d.writeNew(state, one, bytes.NewReader(nil), source)
	}
	small := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(small)
	small.Reset()
	if _, err := io.Copy(small, io.LimitReader(source, smallFile)); err != nil {
		return fmt.Errorf("read %q: %w", one.Name, err)
	}
	if small.Len() < smallFile {
		one.digest, one.octets = sha256.Sum256(small.Bytes()), int64(small.Len())
		if err := state.mayName(one); err != nil || d.reuse(one) {
			return err
		}
	}
	return d.writeNew(state, one, small, source)
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// reuse reports whether the file exists already, and sets its time to now, so that CollectOrphans leaves it alone.
func (d attachmentDirectory) reuse(one *storedFile) bool {
	path := d.path(one.digest)
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() != one.octets {
		return false
	}
	now := time.Now()
	return os.Chtimes(path, now, now) == nil
}

// writeNew writes head and rest to a temporary file, syncs it and gives it its name. It removes the temporary file when the
// digest, known only now, shows that the file exists already.
func (d attachmentDirectory) writeNew(state attachmentState, one *storedFile, head, rest io.Reader) error {
	f, err := d.temporary()
	if err != nil {
		return &directoryError{err}
	}
	err = one.write(f, io.MultiReader(head, rest))
	if err == nil {
		err = state.mayName(one)
	}
	if err == nil && d.reuse(one) {
		return errors.Join(f.Close(), os.Remove(f.Name()))
	}
	if err == nil {
		err = errors.Join(f.Chmod(fileMode), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.publish(f.Name(), one)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error is the one to know
	}
	return err
}

// publish gives a complete file its name.
func (d attachmentDirectory) publish(temporary string, one *storedFile) error {
	if err := d.runner.beforeStep("publish"); err != nil {
		return err
	}
	path := d.path(one.digest)
	if err := d.makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	err := os.Rename(temporary, path)
	if err != nil && d.reuse(one) { // Windows refuses to replace a file that another program reads
		return os.Remove(temporary)
	}
	return err
}

// makeFolder makes the folder of a file and the folder above it. It never makes the attachment directory itself, which may
// be missing because its share is no longer mounted.
func (d attachmentDirectory) makeFolder(inner string) error {
	for _, folder := range []string{filepath.Dir(inner), inner} {
		if err := os.Mkdir(folder, directoryMode); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// write copies the octets to w and sets their digest and size. Those of a whole content are known, and write fails when it
// gives another number of octets than it announced.
func (one *storedFile) write(w io.Writer, r io.Reader) error {
	if one.isWhole() {
		n, err := io.Copy(w, r)
		if err == nil && n != one.octets {
			err = fmt.Errorf("copy %q: %d of %d octets: %w", one.Name, n, one.octets, io.ErrUnexpectedEOF)
		}
		return err
	}
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, hash), r)
	if err != nil {
		return fmt.Errorf("copy %q: %w", one.Name, err)
	}
	one.octets = n
	hash.Sum(one.digest[:0])
	return nil
}

// syncDirectories makes the names of the files durable, also of files that existed before: their writer may have been
// stopped before it synced the directories.
func (d attachmentDirectory) syncDirectories(list []*storedFile) error {
	directories := map[string]bool{d.root: true}
	for _, one := range list {
		inner := filepath.Dir(d.path(one.digest))
		directories[inner], directories[filepath.Dir(inner)] = true, true
	}
	var group errgroup.Group
	group.SetLimit(keepers)
	for directory := range directories {
		group.Go(func() error { return disk.SyncDirectory(directory) })
	}
	return group.Wait()
}

// interruptible is a reader that fails once its context has ended, also when that happened during a read, so that
// abandoned work writes no file after a read that hung. It counts the reads that are under way.
type interruptible struct {
	ctx     context.Context
	r       io.Reader
	reading *atomic.Int32
}

func (i *interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	i.reading.Add(1)
	defer i.reading.Add(-1)
	n, err := i.r.Read(p)
	if ended := i.ctx.Err(); ended != nil {
		return 0, ended
	}
	return n, err
}
