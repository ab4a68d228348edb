package store

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Address returns where a database is, for a person: "db.example.com:5432/mail". It has neither user name nor password. It
// returns "" for a text that is no address of a database.
func Address(url string) string {
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return ""
	}
	hosts := []string{place(config.Host, config.Port)}
	for _, f := range config.Fallbacks { // other servers, and the same ones without TLS
		if other := place(f.Host, f.Port); !slices.Contains(hosts, other) {
			hosts = append(hosts, other)
		}
	}
	return strings.Join(hosts, ",") + "/" + config.Database
}

// place returns a host and its port; a host that is a directory holds a Unix socket.
func place(host string, port uint16) string {
	if strings.HasPrefix(host, "/") {
		return host + ":" + strconv.Itoa(int(port))
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}
