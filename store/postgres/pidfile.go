package postgres

import (
	"strconv"
	"strings"
)

// pidFile is what PostgreSQL writes to postmaster.pid (src/include/utils/pidfile.h).
type pidFile struct {
	pid    int
	at     address
	status string // "starting", "ready", "stopping", "standby"; "" until it says
}

func (p pidFile) ready() bool { return p.status == "ready" }

// pidFile reads postmaster.pid. The server writes it line by line, so what is not there yet is zero.
func (d directory) pidFile() (pidFile, error) {
	text, err := d.readCluster("postmaster.pid")
	if err != nil {
		return pidFile{}, err
	}
	lines := strings.Split(text, "\n")
	line := func(n int) string {
		if n >= len(lines)-1 { // the last one is not ended by a newline: not whole yet
			return ""
		}
		return strings.TrimSpace(lines[n])
	}
	var p pidFile
	p.pid, _ = strconv.Atoi(line(0)) // negative for a single-user server
	p.at.port, _ = strconv.Atoi(line(3))
	if line(4) == d.socketDirectory() { // a server of before may listen at a port only
		p.at.socket = line(4)
	}
	p.status = line(7)
	return p, nil
}
