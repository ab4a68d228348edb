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

// prepare makes sure that the server is ours and has our database.
func (s *Server) prepare(ctx context.Context) error {
	return s.connected(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		there, err := hasDatabase(ctx, conn)
		if err != nil || there {
			return err
		}
		_, err = conn.Exec(ctx, `CREATE DATABASE `+Database)
		return err
	})
}

// probe tells whether the server that another process owns is there and prepared.
func (s *Server) probe(ctx context.Context) error {
	return s.connected(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		there, err := hasDatabase(ctx, conn)
		if err == nil && !there {
			err = errors.New("its database is not there yet")
		}
		return err
	})
}

func hasDatabase(ctx context.Context, conn *pgx.Conn) (there bool, err error) {
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, Database).Scan(&there)
	return there, err
}

// connectTimeout bounds a connection over loopback to a server that is ready.
const connectTimeout = 10 * time.Second

// connected logs in and checks that the server is the one of our data directory.
func (s *Server) connected(ctx context.Context, f func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return fmt.Errorf("log in at port %d: %w", s.port, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var path string
	if err := conn.QueryRow(ctx, `SHOW data_directory`).Scan(&path); err != nil {
		return err
	}
	if !sameDirectory(path, s.dir.cluster()) {
		return fmt.Errorf("at port %d is the PostgreSQL of %s", s.port, path)
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
