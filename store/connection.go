package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
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

// examination returns the statement that applies the settings to a new connection and describes the server, in one round
// trip. Start-up parameters could do the same, but a pooler refuses them. Its first column tells whether a pooler
// stands in between: the server process has another number then than the one that pid, of the start-up, names. A
// pooler gives the same server connection to other clients too, so that the settings must end with the statement there.
func examination(pid uint32, settings []setting) string {
	sql := `SELECT pooled, pg_is_in_recovery()`
	for _, s := range settings {
		sql += fmt.Sprintf(`, set_config('%s', '%s', pooled)`, s.name, s.value)
	}
	return sql + fmt.Sprintf(` FROM (SELECT pg_backend_pid() <> %d AS pooled) AS server`, pid)
}

// setting is one parameter of a connection that the server keeps.
type setting struct{ name, value string }

// tcpSettings let the server notice a dead client: see keepAlive.
var tcpSettings = []setting{
	{"tcp_keepalives_idle", "30"}, {"tcp_keepalives_interval", "10"}, {"tcp_keepalives_count", "3"}, {"tcp_user_timeout", "60000"},
}

// compression compresses long texts with LZ4: the default, pglz, takes a fifth of the server's time for recording a mail
// of 5 KB, and LZ4 a fraction of that. PostgreSQL has it since version 14, if it was built with it.
var compression = setting{"default_toast_compression", "lz4"}

// server describes what the connections of a store or a migration lead to, as the newest of them has found it.
type server struct {
	pooled atomic.Bool // a pooler, which may give each transaction another session of PostgreSQL
	noLZ4  atomic.Bool // PostgreSQL does not know the setting compression
}

// errStandby says that the server at the address takes no changes.
var errStandby = errors.New("the server is a standby, which takes no changes")

// errPooled says that a connection was made for a session of its own and leads to a pooler. A second try succeeds.
var errPooled = errors.New("the connection leads to a pooler: connect again")

// prepare makes config open connections that wait for no answer longer than limits.patience, that are examined, and that
// do not lead to a standby unless readOnly is set. Where the address names several hosts, the next one is tried then.
func (s *server) prepare(config *pgx.ConnConfig, limits *limits, readOnly bool) {
	config.DialFunc = dial(limits)
	chosen := config.ValidateConnect // target_session_attrs in the address
	config.ValidateConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		if chosen != nil {
			if err := chosen(ctx, conn); err != nil {
				return err
			}
		}
		return s.examine(ctx, conn, readOnly)
	}
}

// examine applies the settings to a new connection and notes what it leads to. It tries without LZ4 if the server refuses
// it: to ask first would take longer than all the rest.
func (s *server) examine(ctx context.Context, conn *pgconn.PgConn, readOnly bool) error {
	settings := slices.Clone(tcpSettings)
	if readOnly {
		settings = append(settings, setting{"default_transaction_read_only", "on"})
	}
	if !s.noLZ4.Load() {
		settings = append(settings, compression)
	}
	results, err := conn.Exec(ctx, examination(conn.PID(), settings)).ReadAll()
	if pg, refused := pgError(err); refused && !s.noLZ4.Load() && slices.Contains([]string{stateNoSuchSetting, stateNoSuchValue}, pg.Code) {
		s.noLZ4.Store(true)
		return s.examine(ctx, conn, readOnly)
	}
	if err != nil {
		return fmt.Errorf("apply the settings of the connection: %w", err)
	}
	if len(results) != 1 || len(results[0].Rows) != 1 || len(results[0].Rows[0]) < 2 {
		return errors.New("apply the settings of the connection: the answer is not PostgreSQL's")
	}
	row := results[0].Rows[0]
	s.pooled.Store(string(row[0]) == "t")
	if string(row[1]) == "t" && !readOnly {
		return errStandby
	}
	return nil
}

// choose chooses how the driver sends statements on the next connection of a pool. It prepares them in the session,
// unless a pooler is known to be in between: the next transaction would not find them there. Instead the driver then
// keeps only their descriptions, and sends each statement whole.
func (s *server) choose(_ context.Context, config *pgx.ConnConfig) error {
	if s.pooled.Load() && config.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	return nil
}

// confirm refuses a connection whose driver would prepare statements in the sessions behind a pooler.
func (s *server) confirm(_ context.Context, conn *pgx.Conn) error {
	if s.pooled.Load() && conn.Config().DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		return errPooled
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
