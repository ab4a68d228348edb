package store

import (
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A host that dies does not close its connections. So each side probes an idle connection after 30 s, three times 10 s
// apart, and gives up when its octets are not acknowledged within a minute. The defaults are two hours and a quarter of
// an hour; a dead daemon's locks would stay that long.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3}

const userTimeout = time.Minute // TCP_USER_TIMEOUT: RFC 5482

// settings sets those parameters of a connection that the server keeps. Start-up parameters could do the same, but a
// pooler refuses them. LZ4 compresses long texts where the server has it (PostgreSQL 14, if built with it): the
// default, pglz, takes a fifth of the server's time for recording a mail of 5 KB, and LZ4 a fraction of that.
const settings = `SELECT set_config(s.name, v.value, false) FROM pg_settings AS s JOIN (VALUES
		('default_toast_compression', 'lz4'), ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'),
		('tcp_keepalives_count', '3'), ('tcp_user_timeout', '60000')) AS v (name, value) ON v.name = s.name
	WHERE s.name <> 'default_toast_compression' OR 'lz4' = ANY (s.enumvals)`

// applySettings applies the settings to a new connection, in one round trip.
func applySettings(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, settings); err != nil {
		return fmt.Errorf("apply the settings of the connection: %w", err)
	}
	return nil
}

// dial returns a function that connects to the server and waits for no answer longer than limits.patience.
func dial(limits *limits) pgconn.DialFunc {
	dialer := &net.Dialer{KeepAliveConfig: keepAlive, Control: func(network, _ string, c syscall.RawConn) error {
		if network == "unix" {
			return nil
		}
		return limitSilence(c, userTimeout)
	}}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return newPatientConn(conn, limits), nil
	}
}

// silentError says that the server has not answered for as long as patience.
type silentError struct{ patience time.Duration }

func (e *silentError) Error() string {
	return fmt.Sprintf("the server has not answered for %s", e.patience)
}

// slowestTransfer is the rate, in octets per second, at which even a distant server receives from us.
const slowestTransfer = 64 << 10

// patientConn closes itself when the other side neither sends nor receives an octet for longer than patience while a
// read or write waits for it. It sets no deadline on the connection: the driver sets deadlines, to end a statement.
type patientConn struct {
	net.Conn
	*limits

	mu      sync.Mutex
	waiting int       // reads and writes under way
	until   time.Time // when they will have taken too long
	timer   *time.Timer
	silent  bool // they have taken too long, so expire closed the connection
}

func newPatientConn(conn net.Conn, limits *limits) *patientConn {
	c := &patientConn{Conn: conn, limits: limits}
	c.timer = time.AfterFunc(limits.patience(), c.expire)
	c.timer.Stop()
	return c
}

// Read implements net.Conn.
func (c *patientConn) Read(p []byte) (int, error) {
	c.begin(0)
	n, err := c.Conn.Read(p)
	return n, c.end(err)
}

// Write implements net.Conn.
func (c *patientConn) Write(p []byte) (int, error) {
	c.begin(len(p))
	n, err := c.Conn.Write(p)
	return n, c.end(err)
}

func (c *patientConn) begin(octets int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting++; c.waiting == 1 {
		c.until = time.Time{}
	}
	c.extend(octets)
}

// end returns the error of a read or write, as a silentError if expire has closed the connection. Octets that were read
// or written are progress for the other direction too.
func (c *patientConn) end(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting--
	switch {
	case err != nil && c.silent:
		return &silentError{c.patience()}
	case c.waiting == 0:
		c.timer.Stop()
	case err == nil:
		c.extend(0)
	}
	return err
}

func (c *patientConn) extend(octets int) {
	wait := c.patience() + time.Duration(octets)*(time.Second/slowestTransfer)
	if until := time.Now().Add(wait); until.After(c.until) {
		c.until = until
		c.timer.Reset(wait)
	}
}

// expire closes the connection, unless the wait ended or was extended while the timer went off.
func (c *patientConn) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting > 0 && !time.Now().Before(c.until) {
		c.silent = true
		_ = c.Conn.Close() // the reads and writes under way return
	}
}
