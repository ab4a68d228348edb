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

// maxAnswer is more than any endpoint has to say: the largest tokens have some ten thousand octets.
const maxAnswer = 1 << 20

// newTransport makes connections that end with their answer: an hour lies between two requests.
func newTransport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true
	return t
}

// transport is a request to the endpoint and what is known of its answer. It is the transport below x/oauth2.
type transport struct {
	ctx     context.Context // for requests without one: x/oauth2 asks for a device code without
	base    http.RoundTripper
	timeout time.Duration

	status    int // of the last answer, 0 for none
	mediaType string
	timedOut  bool // the time-out passed before the answer was whole
}

// ask runs f, which has x/oauth2 make requests, and makes an *Error of what goes wrong.
func (s *Source) ask(ctx context.Context, op string, secrets []string, f func(ctx context.Context) error) error {
	x := &transport{ctx: ctx, base: s.opts.Transport, timeout: s.opts.Timeout}
	client := &http.Client{
		Transport: x,
		// The body of a request holds secrets, and 307 and 308 would carry it to wherever the answer points.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if err := f(context.WithValue(ctx, oauth2.HTTPClient, client)); err != nil {
		return s.failure(ctx, op, x, secrets, err)
	}
	return nil
}

// RoundTrip implements http.RoundTripper. It reads the answer whole, within the time-out.
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

// readBody reads the body of an answer.
func readBody(answer *http.Response) error {
	defer answer.Body.Close() // it was read
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
