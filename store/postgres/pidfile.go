package postgres

import (
	"fmt"
	"strconv"
	"strings"
)

// pidFile holds the contents of postmaster.pid, which PostgreSQL writes (src/include/utils/pidfile.h).
type pidFile struct {
	pid     int
	started string // when, in seconds since 1970
	at      address
	status  string // "starting", "ready", "stopping", "standby"; "" until the server writes it
}

// ready reports whether the server takes connections. A standby does, to read.
func (p pidFile) ready() bool { return p.status == "ready" || p.status == "standby" }

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
	p.started = line(2)
	p.at.port, _ = strconv.Atoi(line(3))
	if line(4) == d.socketDirectory() { // a server from an older version listens only at a port
		p.at.socket = line(4)
	}
	p.status = line(7)
	return p, nil
}

// preparedFile is the file that names the running server once it is prepared: while it does, the processes that share
// the server need not ask.
const preparedFile = "prepared"

// run returns the text that names this run of the server.
func (p pidFile) run() string { return fmt.Sprintf("%d %s\n", p.pid, p.started) }

// notePrepared notes that the running server has our role and our database.
func (d directory) notePrepared() error {
	pid, err := d.pidFile()
	if err != nil {
		return err
	}
	if noted, err := d.read(preparedFile); err == nil && noted == pid.run() {
		return nil
	}
	return d.write(preparedFile, pid.run())
}

// isPrepared reports whether the server runs and its owner has noted that it is prepared. An owner of an older version
// notes nothing.
func (d directory) isPrepared(pid pidFile) bool {
	noted, err := d.read(preparedFile)
	return err == nil && noted == pid.run() && d.alive(pid.pid)
}
