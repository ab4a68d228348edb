package postgres

import (
	"strconv"
	"strings"
)

// pidFile holds the contents of postmaster.pid, which PostgreSQL writes (src/include/utils/pidfile.h).
type pidFile struct {
	pid    int
	at     address
	status string // "starting", "ready", "stopping", "standby"; "" until the server writes it
}

// ready reports whether the server takes connections.
func (p pidFile) ready() bool { return p.status == "ready" }

// pidFile reads postmaster.pid. The server writes it line by line, so fields that are not there yet are zero.
func (d directory) pidFile() (pidFile, error) {
	text, err := d.readCluster("postmaster.pid")
	if err != nil {
		return pidFile{}, err
	}
	lines := strings.Split(text, "\n")
	line := func(n int) string {
		if n >= len(lines)-1 { // no newline ends the last line: it may be incomplete
			return ""
		}
		return strings.TrimSpace(lines[n])
	}
	var p pidFile
	p.pid, _ = strconv.Atoi(line(0)) // negative for a single-user server
	p.at.port, _ = strconv.Atoi(line(3))
	if line(4) == d.socketDirectory() { // a server from an older version listens only at a port
		p.at.socket = line(4)
	}
	p.status = line(7)
	return p, nil
}
