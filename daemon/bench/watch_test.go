//go:build bench && linux

package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"mailintegration/store/postgres"
)

// window has the resources that a daemon and PostgreSQL used within a time.
type window struct {
	From, To   time.Time
	Daemon     float64 // processor time of the daemon, in percent of a core
	PostgreSQL float64 // the same of all processes of PostgreSQL
	MaxRSS     int64   // peak memory of the daemon since its start, in octets
	Opened     int     // connections to PostgreSQL that were opened
}

// watch counts the connections to PostgreSQL until end is called: the backends among the processes, every few
// milliseconds. Queries would take processor time of PostgreSQL.
type watch struct {
	end  func()
	most chan int
}

// sampling is the time between two counts of the connections.
const sampling = 20 * time.Millisecond

// startWatch begins to watch.
func (in *installed) startWatch() *watch {
	stop, most := make(chan struct{}), make(chan int, 1)
	w := &watch{most: most, end: func() { close(stop) }}
	go func() {
		tick := time.NewTicker(sampling)
		defer tick.Stop()
		peak := 0
		for {
			select {
			case <-tick.C:
				peak = max(peak, in.backends())
			case <-stop:
				most <- peak
				return
			}
		}
	}()
	return w
}

// peak ends the watch and returns the most connections at once.
func (w *watch) peak() int {
	w.end()
	return <-w.most
}

// backends returns the number of connections to PostgreSQL, without the one of the benchmark.
func (in *installed) backends() (n int) {
	postmaster := in.server.PID()
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", postmaster))
	own := strconv.Itoa(int(in.rows.PgConn().PID()))
	for _, pid := range strings.Fields(string(children)) {
		title, _ := os.ReadFile("/proc/" + pid + "/cmdline") // empty when it has ended
		if pid != own && bytes.HasPrefix(title, []byte("postgres: "+postgres.Role+" ")) {
			n++
		}
	}
	return n
}

// opened returns how many connections were opened since the statistics began, as far as PostgreSQL has counted them.
func (in *installed) opened(l *load) (n int) {
	l.Helper()
	if err := in.rows.QueryRow(l.Context(), `SELECT sessions FROM pg_stat_database WHERE datname = current_database()`).Scan(&n); err != nil {
		l.Fatal(err)
	}
	return n
}

// measure measures a daemon and PostgreSQL for that long.
func (in *installed) measure(l *load, r *running, length time.Duration) (w window) {
	l.Helper()
	opened := in.opened(l)
	pid, server := r.cmd.Process.Pid, in.server.PID()
	w.From = time.Now()
	daemon, database := treeCPU(pid), treeCPU(server)
	<-time.After(length)
	w.To = time.Now()
	percent := 100 / w.To.Sub(w.From).Seconds()
	w.Daemon = (treeCPU(pid) - daemon).Seconds() * percent
	w.PostgreSQL = (treeCPU(server) - database).Seconds() * percent
	w.MaxRSS, w.Opened = peakMemory(l, pid), in.opened(l)-opened
	return w
}

// peakMemory returns VmHWM of a process in octets (proc(5)).
func peakMemory(l *load, pid int) int64 {
	l.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		l.Fatalf("the daemon has ended: %v", err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		l.Fatal(err)
	}
	return kilobytes << 10
}
