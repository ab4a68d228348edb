package config

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// hostKind reads the name or address of a server. An IPv6 address may stand in brackets, which the value is without.
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

// hostFault returns why text is not a host name, "" when it may be one. Letters of any script pass: the resolver
// decides.
func hostFault(text string) string {
	switch {
	case strings.Contains(text, "://"):
		return "it is a URL; write the name alone"
	case strings.Contains(text, ":"):
		return "write the port in the tag Port"
	case strings.Contains(text, "@"):
		return "it is a mail address"
	case strings.ContainsAny(text, "/\\ ,;<>\"'()[]") || !isLine(text):
		return "it contains a character that no server's name has"
	case strings.HasPrefix(text, ".") || strings.Contains(text, "..") || len(text) > 253:
		return "it is not well-formed"
	}
	return ""
}

// passwordKind reads a password. White space belongs to it, but not the line breaks of an indented file.
func passwordKind() kind {
	return kind{
		noun: "a password", values: "one line of text; spaces at either end are kept",
		secret: true,
		parse: func(text string) (any, string, bool) {
			text = unwrap(text)
			return NewSecret(text), "", isLine(strings.ReplaceAll(text, "\t", ""))
		},
		format: func(v any) string { return redacted },
	}
}

var wrapping = regexp.MustCompile(`^[ \t]*[\r\n]\s*|\s*[\r\n][ \t]*$`)

// unwrap removes white space with a line break in it from either end of text: it comes from the layout of the file.
// Spaces without a line break stay.
func unwrap(text string) string { return wrapping.ReplaceAllString(text, "") }

var keyword = regexp.MustCompile(`^\s*[A-Za-z_]+\s*=`)

// databaseKind reads a PostgreSQL connection string as libpq does, without connecting: a URL, or keywords and values.
// It may contain a password, so it is a secret.
func databaseKind() kind {
	return kind{
		noun: "a PostgreSQL connection string", values: "postgres://USER@HOST:PORT/DATABASE or host=… dbname=… user=…",
		secret: true,
		parse: func(text string) (any, string, bool) {
			text = strings.TrimSpace(text)
			return NewSecret(text), "", isLine(text) && isConnection(text)
		},
		format: func(v any) string { return redacted },
	}
}

// isConnection reports whether text looks like a connection string.
func isConnection(text string) bool {
	if !strings.Contains(text, "://") {
		return keyword.MatchString(text)
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql")
}

// authorityKind reads the base of a token endpoint's addresses. The daemon sends secrets there, so the base must be
// HTTPS, except on this machine.
func authorityKind() kind {
	k := textKind("the address of a token endpoint", "such as https://login.microsoftonline.com")
	k.parse = func(text string) (any, string, bool) {
		u, err := url.Parse(text)
		switch {
		case err != nil || !isLine(text) || u.Host == "":
			return nil, "", false
		case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?# "):
			return nil, "write only a scheme, a name and a path", false
		case u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())):
			return nil, "the daemon sends secrets there, so it must begin with https://", false
		}
		return strings.TrimRight(text, "/"), "", true
	}
	return k
}
