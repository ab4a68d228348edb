package mailbox

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"
)

// FindOptions are the settings of FindSecurity; zero values stand for the defaults.
type FindOptions struct {
	Roots       *x509.CertPool // trusted certificates, nil for the system's
	StepTimeout time.Duration  // for each step on the network; 0 means 10 s
	// Dial makes the TCP connections; nil means net.Dialer's DialContext.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// defaultFindStep is long enough for a server that looks up its client's name before it greets.
const defaultFindStep = 10 * time.Second

// findSteps is how many steps FindSecurity may take altogether, in units of StepTimeout: a server that stays silent at
// both of its connections takes four.
const findSteps = 5

// Found says how a server wants its connection to be protected.
type Found struct {
	Security   Security // the first of SslOnConnect, StartTLS and None with which the server speaks POP3
	Untrusted  error    // with TLS: why this machine does not trust the certificate, nil if it does
	WithoutTLS error    // with None: why there is no TLS
}

// FindSecurity finds out how a POP3 server wants its connection to be protected. It tries TLS from the first octet, then
// STLS, then no TLS, and sends no credentials: the server learns nothing but that somebody asks. A certificate that is
// not trusted does not keep it from answering. The error says why the port is of no use; another port may be.
func FindSecurity(ctx context.Context, server string, port int, o FindOptions) (Found, error) {
	step := cmp.Or(o.StepTimeout, defaultFindStep)
	a := Account{
		Server: server, Port: port, Security: None, Roots: o.Roots, Dial: o.Dial,
		StepTimeout: step, GreetingPatience: 2 * step, // TLS has been tried when a greeting is waited for
	}.withDefaults()
	if err := a.checkServer(); err != nil {
		return Found{}, (&Session{account: a}).failure("open", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, findSteps*step, ErrTimeout)
	defer cancel()
	found, err := find(ctx, a)
	if err != nil && errors.Is(context.Cause(ctx), ErrTimeout) {
		err = (&Session{account: a}).failure("greeting", ErrTimeout)
	}
	return found, err
}

// find tries each kind of security.
func find(ctx context.Context, a Account) (Found, error) {
	found, err := a.probe(ctx, (*probe).implicitTLS)
	if err == nil || ctx.Err() != nil || errors.Is(err, ErrUnreachable) || speaksTLS(err) {
		return found, err
	}
	return a.probe(ctx, (*probe).plain)
}

// speaksTLS reports whether the server answered in TLS, although the attempt failed: then it does not speak plain text.
func speaksTLS(err error) bool {
	var e *Error
	var notTLS tls.RecordHeaderError
	return errors.As(err, &e) && e.Op == "greeting" || errors.Is(err, ErrTLS) && !errors.As(err, &notTLS)
}

// probe is one connection of FindSecurity.
type probe struct {
	*Session
	found Found
}

// probe opens a connection and takes the steps of one attempt.
func (a Account) probe(ctx context.Context, attempt func(*probe, context.Context) error) (Found, error) {
	p := &probe{Session: &Session{account: a}}
	defer p.Close()
	if err := p.connect(ctx); err != nil {
		return Found{}, err
	}
	if err := attempt(p, ctx); err != nil {
		return Found{}, err
	}
	return p.found, nil
}

// implicitTLS tries TLS from the first octet.
func (p *probe) implicitTLS(ctx context.Context) error {
	if err := p.handshake(ctx); err != nil {
		return err
	}
	if err := p.greeting(ctx); err != nil {
		return err
	}
	p.found.Security = SslOnConnect
	return nil
}

// plain reads the greeting without TLS, and tries STLS. A server whose STLS fails for ever has no TLS for a session; if
// the connection broke, nobody can tell.
func (p *probe) plain(ctx context.Context) error {
	if err := p.greeting(ctx); err != nil {
		return err
	}
	if err := p.AskCapabilities(ctx); err != nil {
		return err
	}
	err := p.stls(ctx)
	switch {
	case err == nil:
		p.found.Security = StartTLS
	case errors.Is(err, ErrTLSRefused), errors.Is(err, ErrTLS):
		p.found = Found{Security: None, WithoutTLS: err}
	default:
		return err
	}
	return nil
}

// stls starts TLS with STLS.
func (p *probe) stls(ctx context.Context) error {
	if err := p.sendSTLS(ctx); err != nil {
		return err
	}
	return p.handshake(ctx)
}

// handshake starts TLS and notes whether the certificate is trusted.
func (p *probe) handshake(ctx context.Context) error {
	config := p.account.newTLSConfig()
	config.InsecureSkipVerify = true // nothing secret is sent; the certificate is verified below
	config.VerifyConnection = func(state tls.ConnectionState) error {
		p.found.Untrusted = p.verify(state.PeerCertificates)
		return nil
	}
	return p.run(ctx, "TLS", func() error { return p.conn.startTLS(config) })
}

// verify returns why the server's certificate is not trusted, as a session would say it.
func (p *probe) verify(chain []*x509.Certificate) error {
	intermediates := x509.NewCertPool()
	for _, c := range chain[1:] {
		intermediates.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		DNSName: p.account.tlsName(), Roots: p.account.Roots, Intermediates: intermediates,
	})
	if err == nil {
		return nil
	}
	return p.failure("TLS", fmt.Errorf("%w: %w", ErrCertificate, err))
}
