package config

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// hostKind reads the name or address of a server; an IPv6 address may stand in brackets and comes back without.
func hostKind() kind {
	k := textKind("the name or address of a server", "such as mail.example.com, 192.0.2.10 or 2001:db8::10")
	k.parse = func(text string) (any, string, bool) {
		if rest, found := strings.CutPrefix(text, "["); found {
			text, _ = strings.CutSuffix(rest, "]")
		}
		if _, err := netip.ParseAddr(text); err == nil {
			return text, "", true
		}
		return text, hostFault(text), hostFault(text) == ""
	}
	return k
}

// hostFault says what keeps text from being a host name. Letters of any script pass; the resolver judges the rest.
func hostFault(text string) string {
	switch {
	case strings.Contains(text, "://"):
		return "it is a URL, and a bare name is wanted"
	case strings.Contains(text, ":"):
		return "the port belongs into the tag Port"
	case strings.Contains(text, "@"):
		return "it is an address of mail"
	case strings.ContainsAny(text, "/\\ ,;<>\"'()[]") || !isLine(text):
		return "it holds a character that no name of a server has"
	case strings.HasPrefix(text, ".") || strings.Contains(text, "..") || len(text) > 253:
		return "it is not well-formed"
	}
	return ""
}

// passwordKind reads a password: white space belongs to it, the line breaks of a pretty-printed file do not.
func passwordKind() kind {
	return kind{
		noun: "a password", values: "a single line of text; spaces at its ends are kept",
		secret: true,
		parse: func(text string) (any, string, bool) {
			text = unwrap(text)
			return NewSecret(text), "", isLine(strings.ReplaceAll(text, "\t", ""))
		},
		format: func(v any) string { return redacted },
	}
}

var wrapping = regexp.MustCompile(`^[ \t]*[\r\n]\s*|\s*[\r\n][ \t]*$`)

// unwrap removes the white space at either end of text when a line break is in it, since then it comes from the layout of the
// file; spaces alone are kept.
func unwrap(text string) string { return wrapping.ReplaceAllString(text, "") }

var keyword = regexp.MustCompile(`^\s*[A-Za-z_]+\s*=`)

// databaseKind reads a connection to PostgreSQL as libpq does, without connecting: a URL, or keywords and values. It may
// hold a password, so it is a secret.
func databaseKind() kind {
	return kind{
		noun: "a connection to PostgreSQL", values: "postgres://USER@HOST:PORT/DATABASE or host=… dbname=… user=…",
		secret: true,
		parse: func(text string) (any, string, bool) {
			text = strings.TrimSpace(text)
			return NewSecret(text), "", isLine(text) && isConnection(text)
		},
		format: func(v any) string { return redacted },
	}
}

func isConnection(text string) bool {
	if !strings.Contains(text, "://") {
		return keyword.MatchString(text)
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql")
}

// authorityKind reads the base of a token endpoint's addresses. Secrets go there, so that it must be HTTPS, except on this
// machine.
func authorityKind() kind {
	k := textKind("the address of a token endpoint", "such as https://login.microsoftonline.com")
	k.parse = func(text string) (any, string, bool) {
		u, err := url.Parse(text)
		switch {
		case err != nil || !isLine(text) || u.Host == "":
			return nil, "", false
		case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?# "):
			return nil, "it has more than a scheme, a name and a path", false
		case u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())):
			return nil, "secrets are sent there, so that it must begin with https://", false
		}
		return strings.TrimRight(text, "/"), "", true
	}
	return k
}
