package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// PageToken lets a person log in to the page of a daemon. The token itself is told once, to whoever creates it.
type PageToken struct {
	Name      string     `json:"name"`  // whose it is
	Logon     string     `json:"logon"` // of the user who acts with it, for the history; "" for none
	MayAct    bool       `json:"may_act"`
	State     TokenState `json:"state"` // PageTokens and PageTokensInForce set it, and all below
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at"`    // when somebody logged in with it last, nil for never
	ExpiresAt *time.Time `json:"expires_at"` // nil: never
	RevokedAt *time.Time `json:"revoked_at"` // nil: it is not revoked

	ID   int64  `json:"-"`
	Hash []byte `json:"-"` // of the token, see HashPageToken
}

// TokenState says whether somebody can log in with a token.
type TokenState string

// The states of a token.
const (
	TokenInForce TokenState = "in force"
	TokenExpired TokenState = "expired"
	TokenRevoked TokenState = "revoked"
)

const (
	// pageTokenPrefix makes a token known as one, to people and to programs that search files for secrets.
	pageTokenPrefix = "mailintegration_"
	// pageTokenOctets is how many random octets a token has.
	pageTokenOctets = 32
	// maxPageTokens limits how many tokens are in force, because a daemon keeps their hashes in memory.
	maxPageTokens = 1000
)

// ErrTooManyTokens says that no other token can be in force.
var ErrTooManyTokens = errors.New("too many tokens are in force")

// HashPageToken returns the hash of a token, as the database keeps it. White space around it is not part of a token.
func HashPageToken(token string) [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.TrimSpace(token)))
}

// newPageToken returns a token that nobody can guess.
func newPageToken() string {
	octets := make([]byte, pageTokenOctets)
	rand.Read(octets) // never fails
	return pageTokenPrefix + base64.RawURLEncoding.EncodeToString(octets)
}

// CreatePageToken keeps the hash of a new token and returns the token. ExpiresAt may be nil, for a token that never expires. The
// error is ErrExists if a token with the name is not revoked, ErrUnknown if there is no user with the logon, and ErrTooManyTokens.
func (s *Store) CreatePageToken(ctx context.Context, t PageToken) (token string, err error) {
	if t.Name, err = cleanName("name of the token", t.Name); err != nil {
		return "", err
	}
	if t.MayAct && t.Logon == "" {
		return "", errors.New("a token for acting needs a user, for the history")
	}
	token = newPageToken()
	hash := HashPageToken(token)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		return addPageToken(ctx, tx, t, hash[:])
	})
	if err != nil {
		return "", fmt.Errorf("create a token: %w", err)
	}
	return token, nil
}

// addPageToken writes the row of a token.
func addPageToken(ctx context.Context, tx pgx.Tx, t PageToken, hash []byte) error {
	var user processor.User
	if t.Logon != "" {
		var err error
		if user, err = userNamed(ctx, tx, t.Logon); err != nil {
			return err
		}
	}
	if err := checkPageToken(ctx, tx, t); err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, `INSERT INTO page_token (name, hash, user_id, may_act, expires_at) VALUES ($1, $2, nullif($3::bigint, 0), $4, $5)
		ON CONFLICT (lower(name)) WHERE revoked_at IS NULL DO NOTHING`, t.Name, hash, user.ID, t.MayAct, t.ExpiresAt)
	if err == nil && tag.RowsAffected() == 0 {
		err = fmt.Errorf("a token named %q %w", t.Name, ErrExists)
	}
	return err
}

// checkPageToken returns an error if a token would have expired already, or would be one too many.
func checkPageToken(ctx context.Context, tx pgx.Tx, t PageToken) error {
	var inForce int
	var isOver bool
	err := tx.QueryRow(ctx, `SELECT count(*), coalesce($1::timestamptz <= now(), false) FROM page_token WHERE `+isInForce, t.ExpiresAt).
		Scan(&inForce, &isOver)
	switch {
	case err != nil:
		return err
	case isOver:
		return fmt.Errorf("the time at which it would expire is over: %s", t.ExpiresAt.Format(time.RFC3339))
	case inForce >= maxPageTokens:
		return fmt.Errorf("%w: %d", ErrTooManyTokens, inForce)
	}
	return nil
}

// RevokePageToken ends a token, and with it each log-in that was made with it. The error is ErrUnknown if no token has the name, or
// it is revoked already.
func (s *Store) RevokePageToken(ctx context.Context, name string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE page_token SET revoked_at = now() WHERE lower(name) = lower($1) AND revoked_at IS NULL`, clean(name))
		if err == nil && tag.RowsAffected() == 0 {
			err = ErrUnknown
		}
		if err != nil {
			return fmt.Errorf("a token in force named %q %w", name, err)
		}
		return nil
	})
}

// NotePageTokenUse notes that somebody has logged in with a token.
func (s *Store) NotePageTokenUse(ctx context.Context, id int64) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE page_token SET used_at = now() WHERE id = $1`, id)
		return err
	})
}

// isInForce is the condition that a token is in force, by the clock of the database.
const isInForce = `revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`

// selectPageTokens selects tokens.
const selectPageTokens = `SELECT t.id, t.name, coalesce(u.logon, '') AS logon, t.may_act, t.created_at, t.used_at, t.expires_at,
		t.revoked_at, t.hash, CASE WHEN t.revoked_at IS NOT NULL THEN 'revoked' WHEN t.expires_at <= now() THEN 'expired' ELSE 'in force' END AS state
	FROM page_token t LEFT JOIN user_account u ON u.id = t.user_id `

// PageTokens lists the tokens by name, of the same name the newest first.
func (s *Store) PageTokens(ctx context.Context) ([]PageToken, error) {
	rows, _ := s.pool.Query(ctx, selectPageTokens+`ORDER BY lower(t.name), t.id DESC`)
	return readAll[PageToken](rows, "list the tokens")
}

// PageTokensInForce lists the tokens that somebody can log in with.
func (s *Store) PageTokensInForce(ctx context.Context) ([]PageToken, error) {
	rows, _ := s.pool.Query(ctx, selectPageTokens+`WHERE `+isInForce+` ORDER BY id LIMIT $1`, maxPageTokens)
	all, err := readAll[PageToken](rows, "list the tokens in force")
	return all, unavailable(ctx, err)
}
