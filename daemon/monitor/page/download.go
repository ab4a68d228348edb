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
	"time"

	"mailintegration/store"
)

const (
	// maxDownloads is how many files are read and sent at the same time.
	maxDownloads = 3
	// downloadTime limits a download, downloadStep each part of it: a reader who stops reading is disconnected after that.
	downloadTime = time.Hour
	downloadStep = 20 * time.Second
	// downloadPart is how many octets a reader has to take within downloadStep.
	downloadPart = 64 << 10
	// longestName is how many characters of the name of a file are kept.
	longestName = 120
)

// filePolicy lets a file from mail do nothing, should a browser show it.
const filePolicy = "default-src 'none'; sandbox; frame-ancestors 'none'"

// download sends a stored file. A browser never shows it: a stranger sent it, and may have given it any type.
func (v *visit) download(open func(Desk) (*store.Octets, error)) error {
	select {
	case v.page.downloads <- struct{}{}:
		defer func() { <-v.page.downloads }()
	case <-v.ctx.Done():
		return errBusy
	}
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
		err := control.SetWriteDeadline(time.Now().Add(downloadStep))
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
