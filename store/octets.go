package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// Octets are those of a file of the attachment directory, open for reading. Opening has compared them with their SHA-256. Each read ends
// in bounded time, even if the share of the directory hangs. The caller must close them.
type Octets struct {
	Name      string // as a message gave it: never a path
	MediaType string // as a message gave it: a browser must not believe it
	Size      int64
	SHA256    string

	ctx    context.Context
	file   *os.File
	runner *fileRunner
	rest   []byte // read and not returned yet
}

// ErrDamaged says that the attachment directory has other octets under a name than those that belong there.
var ErrDamaged = errors.New("the file does not hold the octets that belong there: it is damaged, or only the header was kept")

// OpenAttachment opens an attachment, or a raw message that is one. The error is ErrUnknown if there is none with the number;
// fs.ErrNotExist, ErrDamaged or ErrHanging if the file cannot be read.
func (s *Store) OpenAttachment(ctx context.Context, id int64) (*Octets, error) {
	o := &Octets{}
	var digest []byte
	err := s.pool.QueryRow(ctx, `SELECT name, media_type, octets, sha256 FROM attachment WHERE id = $1`, id).
		Scan(&o.Name, &o.MediaType, &o.Size, &digest)
	return s.openOctets(ctx, fmt.Sprintf("attachment %d", id), o, digest, err)
}

// OpenAsideOctets opens the octets of a message that was set aside. Its errors are those of OpenAttachment.
func (s *Store) OpenAsideOctets(ctx context.Context, id int64) (*Octets, error) {
	o := rawOctets()
	var digest []byte
	err := s.pool.QueryRow(ctx, `SELECT r.octets, r.digest FROM set_aside AS s JOIN receipt AS r USING (mailbox_id, digest) WHERE s.id = $1`, id).
		Scan(&o.Size, &digest)
	return s.openOctets(ctx, fmt.Sprintf("the message %d that was set aside", id), o, digest, err)
}

// OpenMessage opens the octets of a message. Its errors are those of Message and of OpenAttachment; a message whose octets were not
// kept has fs.ErrNotExist.
func (s *Store) OpenMessage(ctx context.Context, name MessageName) (*Octets, error) {
	m, err := s.Message(ctx, name)
	if err != nil {
		return nil, err
	}
	o, cursor := rawOctets(), m.cursor()
	o.Size = m.Octets
	return s.openOctets(ctx, "message "+m.ID, o, cursor.digest[:], nil)
}

// rawOctets returns octets that are those of a message.
func rawOctets() *Octets { return &Octets{Name: RawName, MediaType: "message/rfc822"} }

// openOctets opens the file with a digest. err is that of the query for it.
func (s *Store) openOctets(ctx context.Context, what string, o *Octets, digest []byte, err error) (*Octets, error) {
	o.ctx, o.runner, o.SHA256 = ctx, s.readers, hex.EncodeToString(digest)
	if o.file, err = s.openFile(ctx, what, digest, o.Size, err); err != nil {
		return nil, err
	}
	return o, nil
}

// openFile opens the file with a digest and a size, in bounded time. err is that of the query for it.
func (s *Store) openFile(ctx context.Context, what string, digest []byte, size int64, err error) (*os.File, error) {
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, fmt.Errorf("%s %w", what, ErrUnknown)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", what, unavailable(ctx, err))
	case s.attachments.root == "":
		return nil, fmt.Errorf("%s: %w", what, errNoDirectory)
	}
	f, err := onFiles(ctx, s.readers, size, func(ctx context.Context) (*os.File, error) {
		return s.attachments.openWhole(ctx, s.readers, [sha256.Size]byte(digest), size)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, s.attachments.markFile(err))
	}
	return f, nil
}

// openWhole opens a file and compares its octets with its name. The caller may have given up meanwhile; then it closes the file.
func (d attachmentDirectory) openWhole(ctx context.Context, runner *fileRunner, digest [sha256.Size]byte, size int64) (_ *os.File, err error) {
	if err := runner.beforeStep("open"); err != nil {
		return nil, err
	}
	f, err := os.Open(d.path(digest))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	hash := sha256.New()
	n, err := io.Copy(hash, &interruptible{ctx, f, new(atomic.Int32)})
	switch {
	case err != nil:
		return nil, err
	case n != size, [sha256.Size]byte(hash.Sum(nil)) != digest:
		return nil, fmt.Errorf("%s: %w", f.Name(), ErrDamaged)
	}
	if _, err = f.Seek(0, io.SeekStart); err == nil {
		err = ctx.Err()
	}
	return f, err
}

// readAtOnce is how many octets one read of a share takes.
const readAtOnce = 256 << 10

// Read implements io.Reader.
func (o *Octets) Read(p []byte) (int, error) {
	if len(o.rest) == 0 {
		var err error
		o.rest, err = onFiles(o.ctx, o.runner, readAtOnce, func(context.Context) ([]byte, error) {
			if err := o.runner.beforeStep("read"); err != nil {
				return nil, err
			}
			octets := make([]byte, readAtOnce)
			n, err := o.file.Read(octets)
			return octets[:n], err
		})
		if err != nil {
			return 0, err
		}
	}
	n := copy(p, o.rest)
	o.rest = o.rest[n:]
	return n, nil
}

// Close implements io.Closer. A read that hangs keeps the file open until it returns.
func (o *Octets) Close() error { return o.file.Close() }
