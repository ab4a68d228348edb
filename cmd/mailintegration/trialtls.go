package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"mailintegration/mailbox"
)

// certificateTrial judges the TLS of a server.
type certificateTrial struct {
	name  string         // that the certificate must be for
	roots *x509.CertPool // nil for the system's
	then  string         // what happens after the certificate's end: "no message is read"
	now   time.Time
}

// encrypted returns the finding about a handshake that went well.
func (t certificateTrial) encrypted(state *tls.ConnectionState) finding {
	f := concluded(stepTLS, []finding{
		named("protocol", good("%s, %s", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite))),
		named("chain", good("%s", issuers(state))),
		named("name", good("%s is among %s", t.name, namesOf(state.PeerCertificates[0]))),
		named("expiry", t.expiry(state)),
	})
	f.Detail = "certificate of " + subject(state.PeerCertificates[0]) + " good until " + state.PeerCertificates[0].NotAfter.Format(time.DateOnly)
	return f
}

// named returns a finding with its name.
func named(what string, f finding) finding {
	f.What = what
	return f
}

// issuers returns who vouches for the server's certificate.
func issuers(state *tls.ConnectionState) string {
	if len(state.VerifiedChains) == 0 || len(state.VerifiedChains[0]) < 2 {
		return "trusted by itself"
	}
	var names []string
	for _, c := range state.VerifiedChains[0][1:] {
		names = append(names, cmp.Or(c.Subject.CommonName, c.Subject.String()))
	}
	return "issued by " + strings.Join(names, ", by ") + ", which this machine trusts"
}

// namesOf returns the names that a certificate is for, some of them.
func namesOf(leaf *x509.Certificate) string {
	names := leaf.DNSNames
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	const enough = 5
	if len(names) > enough {
		names = append(names[:enough:enough], "…")
	}
	return mailbox.Presentable(strings.Join(names, ", "))
}

// expiry returns the finding about the end of the certificates.
func (t certificateTrial) expiry(state *tls.ConnectionState) finding {
	first := endsFirst(state)
	if first.NotAfter.Sub(t.now) < expiresSoon {
		return doubtful(fmt.Sprintf("the certificate of %s expires on %s, and then %s",
			cmp.Or(subject(first), first.Subject.String()), first.NotAfter.Format(time.DateOnly), t.then), "have it renewed before")
	}
	return good("good until %s", first.NotAfter.Format(time.DateOnly))
}

// refused returns the finding about a handshake that failed: what is wrong with each property of the certificate, if the
// server has sent one.
func (t certificateTrial) refused(failed finding, err error) finding {
	var all *tls.CertificateVerificationError
	if !errors.As(err, &all) || len(all.UnverifiedCertificates) == 0 {
		return failed
	}
	certificates := all.UnverifiedCertificates
	failed.Steps = []finding{
		named("chain", t.chain(certificates)), named("name", t.nameOf(certificates[0])), named("expiry", t.ended(certificates[0])),
	}
	return failed
}

// chain returns the finding about who vouches for a certificate, at a moment at which it is valid itself.
func (t certificateTrial) chain(certificates []*x509.Certificate) finding {
	leaf, between := certificates[0], x509.NewCertPool()
	for _, c := range certificates[1:] {
		between.AddCert(c)
	}
	at := t.now
	switch {
	case at.After(leaf.NotAfter):
		at = leaf.NotAfter
	case at.Before(leaf.NotBefore):
		at = leaf.NotBefore
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: t.roots, Intermediates: between, CurrentTime: at}); err != nil {
		return bad(err, mailbox.CertificateHint(&tls.CertificateVerificationError{UnverifiedCertificates: certificates, Err: err}, t.name))
	}
	return good("this machine trusts the issuer")
}

// nameOf returns the finding about the names of a certificate.
func (t certificateTrial) nameOf(leaf *x509.Certificate) finding {
	if err := leaf.VerifyHostname(t.name); err != nil {
		return bad(err, mailbox.CertificateHint(err, t.name))
	}
	return good("%s is among %s", t.name, namesOf(leaf))
}

// ended returns the finding about the dates of a certificate that was refused.
func (t certificateTrial) ended(leaf *x509.Certificate) finding {
	if t.now.Before(leaf.NotBefore) || t.now.After(leaf.NotAfter) {
		err := x509.CertificateInvalidError{Cert: leaf, Reason: x509.Expired, Detail: fmt.Sprintf("it is good from %s to %s",
			leaf.NotBefore.Format(time.DateOnly), leaf.NotAfter.Format(time.DateOnly))}
		return bad(errors.New(err.Detail), mailbox.CertificateHint(err, t.name))
	}
	return good("good until %s", leaf.NotAfter.Format(time.DateOnly))
}
