package oauth

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"golang.org/x/oauth2"
)

// maxAnswer is more than any endpoint sends: the largest tokens have some ten thousand octets.
const maxAnswer = 1 << 20

// newTransport returns a transport that closes each connection after its answer: there is an hour between two requests.
func newTransport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true
	return t
}

// transport sends the requests of x/oauth2 and remembers the last answer.
type transport struct {
	ctx     context.Context // for requests without one: x/oauth2 requests a device code without a context
	base    http.RoundTripper
	timeout time.Duration

	status    int // of the last answer, 0 for none
	mediaType string
	timedOut  bool // the time-out passed before the answer was complete
}

// ask runs f, which makes requests through x/oauth2, and turns its error into an *Error.
func (s *Source) ask(ctx context.Context, op string, secrets []string, f func(ctx context.Context) error) error {
	x := &transport{ctx: ctx, base: s.opts.Transport, timeout: s.opts.Timeout}
	client := &http.Client{
		Transport: x,
		// The body of a request contains secrets, and redirects of status 307 and 308 would send it to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if err := f(context.WithValue(ctx, oauth2.HTTPClient, client)); err != nil {
		return s.failure(ctx, op, x, secrets, err)
	}
	return nil
}

// RoundTrip implements http.RoundTripper. It reads the whole answer within the time-out.
func (x *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if ctx.Done() == nil {
		ctx = x.ctx
	}
	timed, cancel := context.WithTimeout(ctx, x.timeout)
	defer cancel()
	x.status, x.mediaType, x.timedOut = 0, "", false
	answer, err := x.base.RoundTrip(r.WithContext(timed))
	if err == nil {
		x.status = answer.StatusCode
		x.mediaType, _, _ = mime.ParseMediaType(answer.Header.Get("Content-Type"))
		err = readBody(answer)
	}
	if err != nil {
		x.timedOut = ctx.Err() == nil && timed.Err() != nil
		return nil, err
	}
	return answer, nil
}

// readBody reads the body of an answer into memory.
func readBody(answer *http.Response) error {
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return err
	}
	if len(body) > maxAnswer {
		return fmt.Errorf("the answer has more than %d octets", maxAnswer)
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}
