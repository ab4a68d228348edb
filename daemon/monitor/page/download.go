package page

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"mailintegration/store"
)

const (
	// maxDownloads is how many files are read and sent at the same time, and maxDownloadsOfToken how many of these are sent for one token:
	// whoever reads slowly keeps nobody else from a file.
	maxDownloads        = 9
	maxDownloadsOfToken = 3
	// downloadTime limits a download, usualDownloadStep each part of it: a reader who takes less than a part in this time is disconnected.
	downloadTime      = time.Hour
	usualDownloadStep = 20 * time.Second
	// downloadPart is how many octets a reader has to take within the step: 26 KB a second. Three readers share a line of 1 Mbit/s so.
	downloadPart = 512 << 10
	// longestName is how many characters of the name of a file are kept.
	longestName = 120
)

// errDownloads says that a token has as many downloads as it may have at the same time.
var errDownloads = errors.New("too many downloads of one token")

// downloads are the files that are read and sent.
type downloads struct {
	mu    sync.Mutex
	all   int
	of    map[string]int // by the name of a token
	ended chan struct{}  // closed when one has ended; nil: nobody waits for that
}

// begin waits until a token may have one more download. The error is errDownloads or errBusy if that does not come in time.
func (d *downloads) begin(ctx context.Context, token string) error {
	for {
		ended, err := d.tryBegin(token)
		if err == nil {
			return nil
		}
		select {
		case <-ended:
		case <-ctx.Done():
			return err
		}
	}
}

// tryBegin begins a download. With an error, it returns a channel that is closed when it may be possible.
func (d *downloads) tryBegin(token string) (ended <-chan struct{}, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.of[token] >= maxDownloadsOfToken:
		err = errDownloads
	case d.all >= maxDownloads:
		err = errBusy
	default:
		if d.of == nil {
			d.of = map[string]int{}
		}
		d.all++
		d.of[token]++
		return nil, nil
	}
	if d.ended == nil {
		d.ended = make(chan struct{})
	}
	return d.ended, err
}

// end makes room for another download.
func (d *downloads) end(token string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all--
	if d.of[token]--; d.of[token] == 0 {
		delete(d.of, token)
	}
	if d.ended != nil {
		close(d.ended)
		d.ended = nil
	}
}

// filePolicy lets a file from mail do nothing, should a browser show it.
const filePolicy = "default-src 'none'; sandbox; frame-ancestors 'none'"

// download sends a stored file. A browser never shows it: a stranger sent it, and may have given it any type.
func (v *visit) download(open func(Desk) (*store.Octets, error)) error {
	if err := v.page.downloads.begin(v.ctx, v.session.name); err != nil {
		return err
	}
	defer v.page.downloads.end(v.session.name)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.r.Context()), downloadTime)
	defer cancel()
	v.ctx = ctx
	desk, err := v.page.openDesk() // without a turn: the file may be large, and is read first to compare it with its SHA-256
	if err != nil {
		return fmt.Errorf("%w: %w", errNoDatabase, err)
	}
	o, err := open(desk)
	if err != nil {
		return found(err)
	}
	defer o.Close()
	h := v.w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", attachedAs(o.Name))
	h.Set("Content-Length", strconv.FormatInt(o.Size, 10))
	h.Set("Content-Security-Policy", filePolicy)
	if v.r.Method == http.MethodHead {
		return nil
	}
	return v.send(o)
}

// send sends octets part by part. An answer that is not whole ends without its end, so that no browser takes it for the file.
func (v *visit) send(o *store.Octets) error {
	control := http.NewResponseController(v.w)
	for {
		err := control.SetWriteDeadline(time.Now().Add(v.page.downloadStep))
		if err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		_, err = io.CopyN(v.w, o, downloadPart)
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			panic(http.ErrAbortHandler) // the reader is gone, or the file is
		}
	}
}

// attachedAs returns the Content-Disposition of a download (RFC 6266 §4.1). Its name is a hint to the browser: it has no folder, no
// character that is invisible or turns the others around, and for old browsers one in ASCII.
func attachedAs(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) || r < ' ' {
			return '_'
		}
		return r
	}, visible(name, longestName, false))
	if name = strings.Trim(name, ". "); name == "" {
		name = "attachment"
	}
	plain := strings.Map(func(r rune) rune {
		if r > '~' || r == '%' || r == '\'' {
			return '_'
		}
		return r
	}, name)
	return fmt.Sprintf(`attachment; filename="%s"; filename*=UTF-8''%s`, plain, extValue(name))
}

// extValue encodes a text as RFC 8187 §3.2 has it.
func extValue(text string) string {
	return strings.NewReplacer("+", "%20", "*", "%2A", "'", "%27", "(", "%28", ")", "%29").Replace(url.QueryEscape(text))
}
