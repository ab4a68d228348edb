package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"mailintegration/config/key"
)

// certificate returns a new certificate of an authority, as DER and as PEM.
func certificate(t *testing.T) (der []byte, text string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail CA"}, IsCA: true, BasicConstraintsValid: true,
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestTrustedCertificatesAreReadBesideTheFileThatNamesThem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	der, text := certificate(t)
	write(t, dir, "tls/ca.pem", "the mail server's\n"+text)
	m, _, err := LoadMailbox(write(t, dir, "m.xml", minimal(password+"<TrustedCertificate>tls/ca.pem</TrustedCertificate>")), key.Source{})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: m.Roots}); err != nil {
		t.Error(err)
	}
	if want := filepath.Join(dir, "tls", "ca.pem"); m.TrustedCertificate != want {
		t.Errorf("path %s, want %s", m.TrustedCertificate, want)
	}
}
