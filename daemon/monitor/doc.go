// Package monitor tells over HTTP how a daemon is: for container probes, load balancers and scripts (/livez, /readyz), and for
// Prometheus (/metrics).
//
// Whoever can connect may ask, so the answers tell no mail: no address, no subject, no text, and of an error only its class.
//
// # Health
//
// /livez says whether the daemon makes progress ((*daemon.Daemon).Stuck); only a new process helps if it does not, so a
// database that is down is no reason. /readyz says whether mail can be recorded now. The status code is 200 or 503; the answer is a
// line of text, or JSON if Accept or ?format=json asks for it. A daemon that does not even say how it is counts as stuck, after
// some seconds, and costs one goroutine.
//
// # Metrics
//
// A scrape computes nearly all metrics from one look at the status of the daemon, so that the numbers of a poll belong together
// (collector.go). What takes time is measured where it happens (Meter). The database is asked for what only it knows, in one round
// trip and at most every 15 s, however many servers scrape; while it is down, these metrics are missing, and no scrape waits for it. One that
// comes before the daemon knows waits for two seconds at most.
// The values of the labels are words of the program, and names of the configuration: no mail can make a series. deploy/metrics.md
// is generated from metric.go, and a test finds each metric in a scrape.
//
// deploy/prometheus has alert rules for these metrics, and deploy/grafana a dashboard. The tests play outages of a daemon, and have
// promtool say which alerts fire (alerts_test.go).
//
// # Who may ask
//
// Host must name this machine, or a name of the listener's certificate, so that no web page can read an answer through a browser (DNS
// rebinding). Of programs, only GET
// and HEAD are answered. All other paths are those of package page, for people who have logged in. A request and its answer have
// time limits, and the connections are bounded: a new one ends the one that has done nothing for the longest time, so that a
// client that never sends or never reads keeps nobody else from an answer.
//
// # Files
//
//	monitor.go    Monitor: a daemon, and how it is told
//	listener.go   the server at an address, which may change; limits on time and connections
//	entrance.go   … its TLS, with a certificate that may change, too
//	listenerror.go, listenerror_*.go  … why it cannot answer there, in words
//	proxy.go      hosts that a proxy passes on
//	handler.go    the paths; who may ask, and in which form the answer comes
//	health.go     the states of /livez and /readyz
//	inspector.go  asks the daemon, which may not answer
//	metric.go     every metric: its name, and what it means
//	collector.go  … computed from the state of the daemon
//	meter.go      … measured by the daemon
//	figures.go    … counted by the database
//	scrape.go     answers scrapes
//	ask.go        asks the monitor of another process
package monitor
