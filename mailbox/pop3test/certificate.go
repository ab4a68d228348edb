package pop3test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// Certificate holds the claims of the generated server certificate.
type Certificate struct {
	Names     []string      // host names and addresses; nil means localhost, 127.0.0.1 and ::1
	NotBefore time.Duration // from now; 0 means an hour ago
	NotAfter  time.Duration // from now; 0 means in a day
}

// authority is a certificate authority made for one server.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// Issue returns a new certificate for a server, and the certificate of the authority that issued it.
func Issue(c Certificate) (leaf tls.Certificate, root *x509.Certificate, err error) {
	a, err := newAuthority()
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf, err = a.issue(c)
	return leaf, a.certificate, err
}

// issueCertificate creates the server's certificate.
func (s *Server) issueCertificate() error {
	leaf, root, err := Issue(s.options.Certificate)
	if err != nil {
		return err
	}
	s.root = root
	s.tls = &tls.Config{
		Certificates: []tls.Certificate{leaf},
		MinVersion:   tls.VersionTLS10, // tests need old servers too
		MaxVersion:   s.options.MaxTLS,
	}
	return nil
}

// Roots returns a pool with the authority that issued the server's certificate.
func (s *Server) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.root)
	return pool
}

// RootsPEM returns the authority's certificate in PEM.
func (s *Server) RootsPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.root.Raw})
}

// countHandshake counts a TLS handshake.
func (s *Server) countHandshake(resumed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handshakes++
	if resumed {
		s.resumed++
	}
}

// Handshakes returns how many TLS handshakes have ended well, and how many of them resumed an earlier session.
func (s *Server) Handshakes() (all, resumed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.handshakes, s.resumed
}

// ForgetTLSSessions makes the server unable to resume the TLS sessions that it had so far, as after a restart.
func (s *Server) ForgetTLSSessions() {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	s.tls.SetSessionTicketKeys([][32]byte{key})
}

// newAuthority returns a new authority that is valid for a year.
func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "pop3test authority"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &authority{certificate, key}, err
}

// issue returns a new server certificate.
func (a *authority) issue(c Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "pop3test"},
		NotBefore:    time.Now().Add(cmp.Or(c.NotBefore, -time.Hour)),
		NotAfter:     time.Now().Add(cmp.Or(c.NotAfter, 24*time.Hour)),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if c.Names == nil {
		c.Names = []string{"localhost", "127.0.0.1", "::1"}
	}
	for _, name := range c.Names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
