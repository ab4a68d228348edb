package config

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"strings"
)

// listenKind reads an address at which the daemon answers.
func listenKind() kind {
	k := textKind("an address to answer at", "HOST:PORT, such as 127.0.0.1:9464")
	k.parse = func(text string) (any, string, bool) {
		detail := listenFault(text)
		return text, detail, detail == ""
	}
	return k
}

// hostsKind reads the names of hosts, separated by commas.
func hostsKind() kind {
	k := listKind()
	parse := k.parse
	k.noun, k.values = "a list of hosts", "names separated by commas, such as mail.example.com"
	k.parse = func(text string) (any, string, bool) {
		value, detail, isGood := parse(text)
		if !isGood {
			return value, detail, false
		}
		for _, host := range value.([]string) {
			if fault := publicFault(host); fault != "" {
				return value, shown(host) + ": " + fault, false
			}
		}
		return value, "", true
	}
	return k
}

// publicFault returns why a text is not the name that browsers have for a proxy, "" when it may be one.
func publicFault(host string) string {
	if strings.Contains(host, ":") && !strings.Contains(host, "://") {
		return "write the name without a port"
	}
	return hostFault(host)
}

// listenFault returns why nothing can listen at an address, "" when it is good.
func listenFault(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		if strings.Contains(address, "://") {
			return "it is a URL; write host and port alone, such as 127.0.0.1:9464"
		}
		return "write a host and a port, such as 127.0.0.1:9464"
	}
	if _, _, isPort := portKind().parse(port); !isPort {
		return "its port is not one of 1–65535"
	}
	if host == "" {
		return "write the host, too: 127.0.0.1:" + port + ", or 0.0.0.0:" + port + " for all addresses of this machine"
	}
	if _, detail, isHost := hostKind().parse(host); !isHost {
		return detail
	}
	return ""
}

// listening reads the certificate and the key of Listen if both are given, and checks that other machines ask over TLS alone: whoever logs in sends a
// token, and the answers for programs need none.
func (f *filling) listening(s *Service) {
	for _, tag := range []struct {
		name string
		path *string
	}{{"ListenCertificate", &s.ListenCertificate}, {"ListenKey", &s.ListenKey}} {
		if f.good[tag.name] {
			*tag.path = beside(s.File, *tag.path)
		}
	}
	switch certificate, key := f.given("ListenCertificate"), f.given("ListenKey"); {
	case certificate && key:
		if f.given("Listen") {
			listenFiles{f, s}.read()
		}
	case certificate:
		f.mistake(f.at("ListenCertificate"), "ListenCertificate", "needs the private key of the certificate (name its PEM file in ListenKey)")
	case key:
		f.mistake(f.at("ListenKey"), "ListenKey", "needs the certificate of the key (name its PEM file in ListenCertificate)")
	default:
		f.listenPlain(s.Listen)
	}
	if !f.given("Listen") {
		f.unused("without Listen", "ListenCertificate", "ListenKey", "ListenBehindProxy")
	}
}

// listenPlain checks that only this machine can ask at an address without TLS.
func (f *filling) listenPlain(address string) {
	host, port, err := net.SplitHostPort(address)
	if !f.good["Listen"] || err != nil || isLoopback(host) {
		return
	}
	f.mistake(f.at("Listen"), "Listen", f.shown(address)+" lets other machines ask, and without TLS everybody on the way could read tokens and "+
		"mail (name a certificate in ListenCertificate and its key in ListenKey; or write 127.0.0.1:"+port+", and let others ask through "+
		"a proxy of this machine that speaks TLS: see ListenBehindProxy)")
}

// listenFiles are the certificate and the key of Listen. What is wrong with them goes to ListenFault.
type listenFiles struct {
	*filling
	*Service
}

// wrong notes what is wrong with the file that a tag names.
func (l listenFiles) wrong(tag, text string) {
	at := l.at(tag)
	if l.ListenFault == nil {
		l.ListenFault = &Error{}
	}
	l.ListenFault.Mistakes = append(l.ListenFault.Mistakes, Mistake{l.file, at.line, at.column, tag, text})
}

// read reads the certificate and the key.
func (l listenFiles) read() {
	if !l.good["ListenCertificate"] || !l.good["ListenKey"] {
		return
	}
	name := l.shown(l.ListenCertificate)
	chain, key := l.pemFile("ListenCertificate", l.ListenCertificate, name), l.pemFile("ListenKey", l.ListenKey, ofListenKey)
	if isFile(l.ListenKey) {
		l.exposed(l.File, nil, map[string]string{"ListenKey": l.ListenKey})
	}
	if chain == nil || key == nil || !l.isChain(name, chain) || !l.isKey(key) {
		return
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		l.wrong("ListenKey", ofListenKey+" does not go with the certificate of ListenCertificate: "+
			strings.TrimPrefix(err.Error(), "tls: ")+" (name the key that the certificate was made for; in the file of the certificate, the one of this "+
			"machine comes first)")
		return
	}
	if len(pair.Leaf.DNSNames)+len(pair.Leaf.IPAddresses) == 0 {
		l.wrong("ListenCertificate", name+" is for no host, so that no browser accepts it "+
			"(obtain a certificate with a subjectAltName: the name under which this machine is asked)")
		return
	}
	l.ListenTLS = &pair
}

// ofListenKey stands for the file of the key in mistakes: users sometimes put a secret itself where its path belongs.
const ofListenKey = "the file it names"

// pemFile reads the file that a tag names, nil if that fails. name is the path as mistakes show it.
func (l listenFiles) pemFile(tag, path, name string) []byte {
	data, err := systemdCredentials.read(l.document, path)
	if err != nil {
		l.wrong(tag, name+" cannot be read: "+err.Error()+" (name a PEM file that the account of the daemon can read)")
		return nil
	}
	return data
}

// isChain reports whether a file has a certificate that can be read, and says what is wrong otherwise.
func (l listenFiles) isChain(name string, data []byte) bool {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			l.wrong("ListenCertificate", name+" has a certificate that cannot be read: "+
				strings.TrimPrefix(err.Error(), "x509: ")+" (obtain the certificate again)")
			return false
		}
		return true
	}
	l.wrong("ListenCertificate", name+" contains no certificate (name a PEM file with BEGIN CERTIFICATE)")
	return false
}

// isKey reports whether a file has a private key without a passphrase, and says what is wrong otherwise.
func (l listenFiles) isKey(data []byte) bool {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" { // RFC 7468 §11, RFC 1421 §4.6.1.3
			l.wrong("ListenKey", ofListenKey+" is encrypted, and the daemon knows no passphrase (write the key without one: "+
				"openssl pkey -in OLD -out NEW)")
			return false
		}
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return true
		}
	}
	l.wrong("ListenKey", ofListenKey+" contains no private key (name a PEM file with BEGIN PRIVATE KEY)")
	return false
}

// KeepListenTLS gives s the certificate of running, which may be nil, if the files of its own cannot be used.
func (s *Service) KeepListenTLS(running *Service) {
	if s.ListenFault != nil {
		s.ListenTLS = running.ListenTLS
	}
}
