package postgres

import (
	"cmp"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// address is the place where a server listens: a Unix socket and nothing else, or a port of the loopback interface.
type address struct {
	socket string // the socket's directory, "" for a port
	port   int    // the number in the socket's name, or the port
}

// socketNumber ends the name of the socket, .s.PGSQL.5432. PostgreSQL's programs add this name to the directory
// themselves.
const socketNumber = 5432

// known reports whether there is an address.
func (a address) known() bool { return a.port != 0 }

// String returns the socket or the port, for people.
func (a address) String() string {
	return cmp.Or(a.file(), "port "+strconv.Itoa(a.port))
}

// file returns the path of the socket, "" for a port.
func (a address) file() string {
	if a.socket == "" {
		return ""
	}
	return filepath.Join(a.socket, ".s.PGSQL."+strconv.Itoa(a.port))
}

// settings returns the settings that make a server listen here. The list of directories consists of quoted names.
func (a address) settings() []string {
	if a.socket == "" {
		return []string{"listen_addresses=127.0.0.1", "unix_socket_directories="}
	}
	return []string{
		"listen_addresses=",
		`unix_socket_directories="` + strings.ReplaceAll(a.socket, `"`, `""`) + `"`,
		"unix_socket_permissions=0700",
	}
}

// url returns the URL with which pgx logs in here.
func (a address) url(l login) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(l.role, l.password), Path: "/" + l.database}
	query := url.Values{"sslmode": {"disable"}}
	if !l.anyMethod {
		query.Set("require_auth", "scram-sha-256")
	}
	if a.socket == "" {
		u.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(a.port))
	} else {
		query.Set("host", a.socket)
		query.Set("port", strconv.Itoa(a.port))
	}
	u.RawQuery = query.Encode()
	return u.String()
}
