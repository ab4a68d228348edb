//go:build bench && linux

package bench

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"mailintegration/store/postgres"
)

// minThroughput is the goal for the throughput with many records relative to that with none.
const minThroughput = 0.9

// records compares the throughput of a database that has many receipts and requests with that of an empty one. Both
// record mails in turn: first warm, with all files of PostgreSQL in the operating system's memory, then cold, after a
// restart of PostgreSQL and with none of its files in memory.
func (g *growth) records() {
	const rounds, mails = 3, 2000
	l := startLoad(g.T)
	at := l.listen(Line{})
	empty, full := install(g.T), install(g.T)
	g.seed(full)
	record := func(in *installed, user string) run {
		l.deliver(Delivery{Name: "records", Users: []string{user}, Each: mails})
		file := in.configureDaemon(l, "records", at, Line{}, g.schedule, []string{user})
		before := treeCPU(in.server.PID())
		u, printed := measure(g.T, []string{"MAILINTEGRATION_CONFIG=" + file}, in.binary, "once", user)
		r := run{usage: u, PostgreSQL: treeCPU(in.server.PID()) - before}
		if got := in.receiptsOf(g, user); got != mails {
			g.Fatalf("%d of %d mails were recorded: %s", got, mails, printed)
		}
		return r
	}
	for _, in := range []*installed{empty, full} {
		in.restart(g) // so that no checkpoint of the seed falls into a round
		g.eachFile(in, func(f *os.File) error { _, err := io.Copy(io.Discard, f); return err })
	}
	results := map[*installed][]run{}
	for round := range 1 + rounds {
		order := []*installed{empty, full}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, in := range order {
			r := record(in, fmt.Sprintf("records-%d", round))
			if round > 0 { // the first round makes the attachment directory and the like
				results[in] = append(results[in], r)
			}
		}
	}
	cold := map[*installed]run{}
	for _, in := range []*installed{empty, full} {
		in.restart(g)
		g.eachFile(in, func(f *os.File) error { return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) })
		cold[in] = record(in, "cold")
	}

	rate := func(r run) float64 { return mails / r.Wall.Seconds() }
	cost := func(r run) float64 { return milliseconds(r.PostgreSQL) / mails }
	_, emptyRate, _ := spread(results[empty], rate)
	_, fullRate, _ := spread(results[full], rate)
	_, emptyCost, _ := spread(results[empty], cost)
	_, fullCost, _ := spread(results[full], cost)
	least, middle, most := ratio(results[full], results[empty], rate)
	what := fmt.Sprintf("throughput with %s receipts and %s requests ÷ empty", thousands(g.receipts), thousands(g.requests))
	g.add(middle >= minThroughput, what+", warm", fmt.Sprintf("≥ %g", minThroughput),
		"%.2f (%.2f–%.2f), %.0f ÷ %.0f mails/s", middle, least, most, fullRate, emptyRate)
	g.tell(what+", cold", "%.2f, %.0f ÷ %.0f mails/s", rate(cold[full])/rate(cold[empty]), rate(cold[full]), rate(cold[empty]))
	g.tell("the same: processor of PostgreSQL for a mail, warm", "%.2f ms ÷ %.2f ms", fullCost, emptyCost)
}

// receiptsOf returns the number of receipts of a mailbox.
func (in *installed) receiptsOf(g *growth, name string) (n int) {
	g.Helper()
	err := in.rows.QueryRow(g.Context(), `
		SELECT count(*) FROM receipt WHERE mailbox_id = (SELECT id FROM mailbox WHERE name = $1)`, name).Scan(&n)
	if err != nil {
		g.Fatal(err)
	}
	return n
}

// restart stops PostgreSQL, which then has written everything to the disk, and starts it again.
func (in *installed) restart(g *growth) {
	g.Helper()
	_ = in.rows.Close(g.Context()) // the server ends all connections
	err := in.server.Stop(g.Context())
	if err == nil {
		in.server, err = postgres.Start(g.Context(), postgres.Options{DataDirectory: filepath.Join(in.dir, "postgres")})
	}
	if err == nil {
		in.rows, err = pgx.Connect(g.Context(), in.server.URL())
	}
	if err != nil {
		g.Fatal(err)
	}
}

// eachFile calls f with each file of PostgreSQL's data.
func (g *growth) eachFile(in *installed, f func(*os.File) error) {
	g.Helper()
	err := filepath.WalkDir(filepath.Join(in.dir, "postgres", "cluster", "base"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close() // it was only read
		return f(file)
	})
	if err != nil {
		g.Fatal(err)
	}
}
