package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Errors of CheckPassword.
var (
	// ErrNoPassword says that nobody has set a password for the user.
	ErrNoPassword = errors.New("has no password")
	// ErrWrongPassword says that the password is not the user's.
	ErrWrongPassword = errors.New("has another password")
)

// maxPasswordOctets limits the length of a password. It is far above what a command line of Windows can carry.
const maxPasswordOctets = 1 << 10

// SetPassword keeps the hash of a password for a user, instead of the one before. The error is ErrUnknown if there is no such
// user.
func (s *Store) SetPassword(ctx context.Context, logon, password string) error {
	password = preparePassword(password)
	switch {
	case password == "":
		return errors.New("the password must not be empty")
	case len(password) > maxPasswordOctets:
		return fmt.Errorf("the password must not be longer than %d octets", maxPasswordOctets)
	}
	hash := newPasswordHash(password).String() // before the transaction, because it takes its time
	return s.ofUser(ctx, logon, func(tx pgx.Tx, user int64) error {
		_, err := tx.Exec(ctx, `INSERT INTO user_password (user_id, hash) VALUES ($1, $2)
			ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, set_at = now()`, user, hash)
		return err
	})
}

// RemovePassword removes the password of a user, and reports whether there was one. The error is ErrUnknown if there is no
// such user.
func (s *Store) RemovePassword(ctx context.Context, logon string) (removed bool, err error) {
	err = s.ofUser(ctx, logon, func(tx pgx.Tx, user int64) error {
		tag, err := tx.Exec(ctx, `DELETE FROM user_password WHERE user_id = $1`, user)
		removed = tag.RowsAffected() > 0
		return err
	})
	return removed && err == nil, err
}

// CheckPassword returns nil if the password is the user's. The error is ErrUnknown, ErrNoPassword or ErrWrongPassword if it
// is not; any other error says nothing about the password.
func (s *Store) CheckPassword(ctx context.Context, logon, password string) error {
	var kept string
	err := s.ofUser(ctx, logon, func(tx pgx.Tx, user int64) error {
		err := tx.QueryRow(ctx, `SELECT hash FROM user_password WHERE user_id = $1`, user).Scan(&kept)
		if errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("user %q %w", logon, ErrNoPassword)
		}
		return err
	})
	if err != nil {
		return err
	}
	hash, err := parsePasswordHash(kept)
	if err != nil {
		return fmt.Errorf("the password of user %q: %w", logon, err)
	}
	if password = preparePassword(password); len(password) > maxPasswordOctets || !hash.isOf(password) {
		return fmt.Errorf("user %q %w", logon, ErrWrongPassword)
	}
	return nil
}

// ofUser runs f in a transaction, with the identity of the user who has a logon. The error is ErrUnknown if there is none.
func (s *Store) ofUser(ctx context.Context, logon string, f func(tx pgx.Tx, user int64) error) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		user, err := userNamed(ctx, tx, logon)
		if err == nil {
			err = f(tx, user.ID)
		}
		return err
	})
}
