package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// chooseCompression has the connection compress long texts with LZ4 where the server can (PostgreSQL 14, if it was built
// with it). What is the default otherwise, pglz, takes a fifth of the server's time of recording a mail of 5 KB, and LZ4
// a fraction of that. Each value says how it was compressed, so that old and new can be read side by side.
func chooseCompression(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config(name, 'lz4', false) FROM pg_settings
		WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)`)
	if err != nil {
		return fmt.Errorf("choose the compression: %w", err)
	}
	return nil
}
