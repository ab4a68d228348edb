package mailbox

import (
	"crypto/tls"
	"crypto/x509"
	"sync"
	"time"
)

// resumptionTime is how long TLS sessions are resumed after a full handshake. The server's certificate and its chain
// are verified in full handshakes only.
const resumptionTime = time.Hour

// TLSSessions keeps the TLS session of an account for its next POP3 session, whose handshake then takes less time on
// both sides (RFC 8446 §2.2, RFC 5077). It forgets the session when it is used with another account: one that differs
// in server, port, security, user or trusted certificates. The zero value is ready to use. Its methods may be called
// from several goroutines.
type TLSSessions struct {
	mu     sync.Mutex
	of     tlsIdentity
	since  time.Time // when the first handshake began
	config *tls.Config
}

// tlsIdentity names the server, the user and the trust that a TLS session began with. It is resumed for the same ones
// only.
type tlsIdentity struct {
	server   string // host and port
	name     string // that the certificate is for
	security Security
	user     string
	roots    *x509.CertPool // nil for the system's
}

// tlsIdentity returns the account's identity.
func (a Account) tlsIdentity() tlsIdentity {
	return tlsIdentity{a.dialAddress(), a.tlsName(), a.Security, a.UserName, a.Roots}
}

// is reports whether two identities are the same. Pools of certificates are compared by what they contain: the caller
// may have read the same file again.
func (i tlsIdentity) is(o tlsIdentity) bool {
	if (i.roots == nil) != (o.roots == nil) || i.roots != nil && !i.roots.Equal(o.roots) {
		return false
	}
	i.roots, o.roots = nil, nil
	return i == o
}

// tlsConfig returns the settings of the account's next handshake.
func (a Account) tlsConfig() *tls.Config {
	if a.TLSSessions == nil {
		return a.newTLSConfig()
	}
	return a.TLSSessions.configFor(a, time.Now())
}

// newTLSConfig returns the settings of a handshake that resumes nothing.
func (a Account) newTLSConfig() *tls.Config {
	return &tls.Config{ServerName: a.tlsName(), RootCAs: a.Roots, MinVersion: tls.VersionTLS12}
}

// configFor returns the settings for an account, with its last session.
func (t *TLSSessions) configFor(a Account, now time.Time) *tls.Config {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id := a.tlsIdentity(); t.config == nil || !t.of.is(id) || now.Sub(t.since) >= resumptionTime {
		if id.roots != nil {
			id.roots = id.roots.Clone() // the caller may add to its pool
		}
		t.of, t.since, t.config = id, now, a.newTLSConfig()
		t.config.RootCAs = id.roots
		t.config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	}
	return t.config
}
