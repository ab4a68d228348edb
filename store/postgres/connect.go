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
// With SCRAM the server proves itself to us too (RFC 5802 §3), and does not learn the password. Another program that
// listens while our server is down may ask for another method: then we send nothing, except with anyMethod. Tests may
// use it, because they write the URL into XML.
type login struct {
	role, password, database string

	anyMethod bool // log in with whatever method the server asks for
}

// login returns the login of Role to a database.
func (s *Server) login(database string) login {
	return login{role: Role, password: s.password, database: database, anyMethod: s.opts.Disposable}
}

// probe returns an error unless the server that another process owns answers and is prepared.
func (s *Server) probe(ctx context.Context) error {
	return s.connected(ctx, s.login(systemDatabase), func(ctx context.Context, conn *pgx.Conn) error {
		owned, err := ownsDatabase(ctx, conn)
		if err == nil && !owned {
			err = errors.New("its owner has not made the database yet")
		}
		return err
	})
}

// systemDatabase is the database that initdb makes.
const systemDatabase = "postgres"

// ownsDatabase reports whether our database exists and belongs to the role of the connection.
func ownsDatabase(ctx context.Context, conn *pgx.Conn) (owned bool, err error) {
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND pg_has_role(datdba, 'USAGE'))`,
		Database).Scan(&owned)
	return owned, err
}

// connectTimeout limits everything that connected does. The server is ready.
const connectTimeout = 10 * time.Second

// connected logs in, checks that the server is the one of our data directory, and calls f with the connection.
func (s *Server) connected(ctx context.Context, l login, f func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	config, err := pgx.ParseConfig(s.at.url(l))
	if err != nil {
		return err
	}
	if l.role != Role { // it sets passwords, which the server would log when a statement fails
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
		return fmt.Errorf("the PostgreSQL at %s is the one of %s", s.at, path)
	}
	return f(ctx, conn)
}

// sameDirectory reports whether two paths name one directory.
func sameDirectory(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
