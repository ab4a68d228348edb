package postgres

import (
	"cmp"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// address is where a server listens: at a Unix socket, and nowhere else, or at a port of the loopback interface.
type address struct {
	socket string // the socket's directory, "" for a port
	port   int    // the number in the socket's name, or the port
}

// socketNumber ends the name of the socket, .s.PGSQL.5432, which programs add to the directory by themselves.
const socketNumber = 5432

func (a address) known() bool { return a.port != 0 }

// String says where it is, for people.
func (a address) String() string {
	return cmp.Or(a.file(), "port "+strconv.Itoa(a.port))
}

// file is the socket.
func (a address) file() string {
	if a.socket == "" {
		return ""
	}
	return filepath.Join(a.socket, ".s.PGSQL."+strconv.Itoa(a.port))
}

// settings are those of the server that listens here. The list of directories is one of quoted names.
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

// url is for pgx.
func (a address) url(as login) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(as.role, as.password), Path: "/" + as.database}
	query := url.Values{"sslmode": {"disable"}}
	if !as.anyhow {
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
