package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"mailintegration/config"
)

// listening checks Listen: its address is free, or a daemon answers there; its certificate is valid for some time.
func (c *checking) listening() {
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	const what = "listen"
	r := askListen(ctx, c.service)
	switch {
	case r == nil:
		return
	case r.err != nil: // also if a daemon answers with an older certificate
		c.failed(exitConfiguration, what, r.err, r.Hint)
	case r.Answers:
		c.ok(what, fmt.Sprintf("the daemon answers at %s: %s", c.service.Listen, r.health.State))
	default:
		c.ok(what, c.service.Listen+" is free; the daemon answers there once it runs")
	}
	if c.service.ListenTLS != nil {
		c.add(exitConfiguration, named("listen certificate", listenCertificate(c.service, r)))
	}
}

// listenCertificate returns the finding about the certificate of Listen.
func listenCertificate(s *config.Service, r *listenReport) finding {
	const renew = "renew it, and write the new one with its key into the files that ListenCertificate and ListenKey name"
	pair, now := s.ListenTLS, time.Now()
	end, leaf := earliestEnd(pair), pair.Leaf
	switch {
	case now.Before(leaf.NotBefore):
		return bad(fmt.Errorf("the certificate of %s is not valid before %s, and browsers refuse the page until then",
			subject(leaf), leaf.NotBefore.Format(time.DateOnly)), "check the clock of this machine")
	case now.After(end):
		return bad(fmt.Errorf("the certificate of %s expired on %s, and browsers refuse the page", subject(leaf), end.Format(time.DateOnly)), renew)
	case end.Sub(now) < expiresSoon:
		return doubtful(fmt.Sprintf("the certificate of %s expires on %s, and then browsers refuse the page",
			subject(leaf), end.Format(time.DateOnly)), renew)
	case r.Answers && (!r.isTLS || !r.health.Certificate.Equal(leaf)):
		return doubtful("the daemon does not use the certificate of "+s.ListenCertificate+" yet",
			"it reads changed files within seconds; if this stays, its log says why")
	case isChainCut(pair):
		return doubtful("the certificate of "+subject(leaf)+" comes from an authority that this machine does not know",
			"if browsers do not know it either, put the certificates between it and their authority into the file, below it")
	}
	return good("certificate of %s good until %s, for %s", subject(leaf), end.Format(time.DateOnly), namesOf(leaf))
}

// isChainCut reports whether neither this machine nor the file has the authority of a certificate.
func isChainCut(pair *tls.Certificate) bool {
	chain := chainOf(pair)
	if last := chain[len(chain)-1]; last.CheckSignatureFrom(last) == nil || len(chain) == 1 && string(last.RawIssuer) == string(last.RawSubject) {
		return false // it is its own
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := pair.Leaf.Verify(x509.VerifyOptions{Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return errors.As(err, new(x509.UnknownAuthorityError))
}

// chainOf returns the certificates of a pair, its own first.
func chainOf(pair *tls.Certificate) []*x509.Certificate {
	chain := []*x509.Certificate{pair.Leaf}
	for _, der := range pair.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			chain = append(chain, c)
		}
	}
	return chain
}

// earliestEnd returns when the first certificate of a chain ends.
func earliestEnd(pair *tls.Certificate) time.Time {
	chain := chainOf(pair)
	return endsFirst(&tls.ConnectionState{PeerCertificates: chain, VerifiedChains: [][]*x509.Certificate{chain}}).NotAfter
}
