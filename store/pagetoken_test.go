package store_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"mailintegration/store"
)

func TestATokenOfThePageIsKeptAsItsHashOnly(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	token, err := d.store.CreatePageToken(t.Context(), store.PageToken{Name: "  Anna's  phone ", Logon: "ANNA", MayAct: true})
	must(t, err)
	if len(token) < 40 || !strings.HasPrefix(token, "mailintegration_") {
		t.Errorf("the token is %q", token)
	}
	row := one[string](t, d, `SELECT row_to_json(page_token)::text FROM page_token`)
	if strings.Contains(row, token[20:]) {
		t.Errorf("the database keeps the token: %s", row)
	}
	all, err := d.store.PageTokensInForce(t.Context())
	must(t, err)
	hash := store.HashPageToken(" " + token + "\n")
	if len(all) != 1 || !bytes.Equal(all[0].Hash, hash[:]) {
		t.Fatalf("in force are %+v", all)
	}
	equal(t, store.PageToken{
		Name: "Anna's phone", Logon: "anna", MayAct: true, State: store.TokenInForce, CreatedAt: all[0].CreatedAt, ID: all[0].ID, Hash: hash[:],
	}, all[0])
	other, err := d.store.CreatePageToken(t.Context(), store.PageToken{Name: "another"})
	must(t, err)
	if other == token {
		t.Error("two tokens are equal")
	}
}

func TestATokenThatIsRevokedOrExpiredIsNotInForce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx := t.Context()
	tomorrow := time.Now().Add(24 * time.Hour)
	for _, name := range []string{"anna", "bob", "carol"} {
		_, err := d.store.CreatePageToken(ctx, store.PageToken{Name: name, ExpiresAt: &tomorrow})
		must(t, err)
	}
	must(t, d.store.RevokePageToken(ctx, "ANNA"))
	fails(t, d.store.RevokePageToken(ctx, "anna"), store.ErrUnknown, `a token in force named "anna" does not exist`)
	fails(t, d.store.RevokePageToken(ctx, "nobody"), store.ErrUnknown, `"nobody"`)
	d.exec(t, `UPDATE page_token SET expires_at = now() - interval '1 second' WHERE name = 'bob'`)
	inForce, err := d.store.PageTokensInForce(ctx)
	must(t, err)
	if len(inForce) != 1 || inForce[0].Name != "carol" {
		t.Errorf("in force are %+v", inForce)
	}
	must(t, d.store.NotePageTokenUse(ctx, inForce[0].ID))
	_, err = d.store.CreatePageToken(ctx, store.PageToken{Name: "Anna"})
	must(t, err)
	all, err := d.store.PageTokens(ctx)
	must(t, err)
	var lines []string
	for _, p := range all {
		lines = append(lines, fmt.Sprint(p.Name, " ", p.State, " ", p.UsedAt != nil))
	}
	equal(t, []string{"Anna in force false", "anna revoked false", "bob expired false", "carol in force true"}, lines)
}

func TestATokenThatWouldBeWrongIsNotCreated(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	create := func(p store.PageToken) error {
		_, err := d.store.CreatePageToken(t.Context(), p)
		return err
	}
	must(t, create(store.PageToken{Name: "anna"}))
	past := time.Now().Add(-time.Hour)
	fails(t, create(store.PageToken{Name: "ANNA"}), store.ErrExists, `a token named "ANNA" already exists`)
	fails(t, create(store.PageToken{Name: " "}), nil, "the name of the token must not be empty")
	fails(t, create(store.PageToken{Name: "a\x1bb"}), nil, "control characters")
	fails(t, create(store.PageToken{Name: "x", Logon: "nobody"}), store.ErrUnknown, `user "nobody" does not exist`)
	fails(t, create(store.PageToken{Name: "x", MayAct: true}), nil, "a token for acting needs a user")
	fails(t, create(store.PageToken{Name: "x", ExpiresAt: &past}), nil, "the time at which it would expire is over")
	equal(t, 1, d.count(t, "page_token"))
}

func TestTheNumberOfTokensInForceHasALimit(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(t, `INSERT INTO page_token (name, hash) SELECT 'x' || i, sha256(i::text::bytea) FROM generate_series(1, 1000) AS i`)
	_, err := d.store.CreatePageToken(t.Context(), store.PageToken{Name: "anna"})
	fails(t, err, store.ErrTooManyTokens, "too many tokens are in force: 1000")
	must(t, d.store.RevokePageToken(t.Context(), "x1"))
	_, err = d.store.CreatePageToken(t.Context(), store.PageToken{Name: "anna"})
	must(t, err)
}

func TestTheTokensOfAUserEndWithTheUser(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, err := d.store.CreatePageToken(t.Context(), store.PageToken{Name: "bob", Logon: "bob", MayAct: true})
	must(t, err)
	d.exec(t, `DELETE FROM user_address WHERE user_id = 4; DELETE FROM user_account WHERE logon = 'bob'`)
	equal(t, 0, d.count(t, "page_token"))
}
