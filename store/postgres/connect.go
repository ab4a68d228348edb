package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

// login is a role with its password, and the database to log in to.
//
// SCRAM proves the server to us, too (RFC 5802 §3), and does not show it the password. Whoever listens while ours is down
// may ask for another method instead: then nothing is sent, unless anyhow, as tests may, which write the URL into XML.
type login struct {
	role, password, database string

	anyhow bool
}

// as returns how Role logs in to a database.
func (s *Server) as(database string) login {
	return login{role: Role, password: s.password, database: database, anyhow: s.opts.Disposable}
}

// probe tells whether the server that another process owns is there and prepared.
func (s *Server) probe(ctx context.Context) error {
	return s.connected(ctx, s.as(systemDatabase), func(ctx context.Context, conn *pgx.Conn) error {
		owned, err := ownsDatabase(ctx, conn)
		if err == nil && !owned {
			err = errors.New("its database is not there yet")
		}
		return err
	})
}

// systemDatabase is there from the beginning.
const systemDatabase = "postgres"

// ownsDatabase reports whether our database is there and belongs to whom the connection is.
func ownsDatabase(ctx context.Context, conn *pgx.Conn) (owned bool, err error) {
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND pg_has_role(datdba, 'USAGE'))`,
		Database).Scan(&owned)
	return owned, err
}

// connectTimeout bounds what is done with a connection to a server that is ready.
const connectTimeout = 10 * time.Second

// connected logs in and checks that the server is the one of our data directory.
func (s *Server) connected(ctx context.Context, as login, f func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	config, err := pgx.ParseConfig(s.at.url(as))
	if err != nil {
		return err
	}
	if as.role != Role { // who sets passwords does not want them in the server's log when a statement fails
		config.RuntimeParams["log_min_error_statement"] = "panic"
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("log in at %s: %w", s.at, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var path string
	if err := conn.QueryRow(ctx, `SHOW data_directory`).Scan(&path); err != nil {
		return err
	}
	if !sameDirectory(path, s.dir.cluster()) {
		return fmt.Errorf("at %s is the PostgreSQL of %s", s.at, path)
	}
	return f(ctx, conn)
}

func sameDirectory(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
