package store_test

import (
	"testing"

	"mailintegration/store"
)

func TestAnAddressHasNoPassword(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ url, want string }{
		{"host=db.lan dbname=mail user=mail password=hunter2", "db.lan:5432/mail"},
		{"postgres://mail:hunter2@db.lan:5433/mail?sslmode=require", "db.lan:5433/mail"},
		{"postgres://mail:hunter2@a.lan,b.lan:5433/mail", "a.lan:5432,b.lan:5433/mail"},
		{"postgres:///mail?host=/run/postgresql&user=u&password=hunter2", "/run/postgresql:5432/mail"},
		{"postgres://mail:hunter2@[2001:db8::1]/mail", "[2001:db8::1]:5432/mail"},
		{"postgres://mail:hun ter2@db:port/mail", ""},
	} {
		if got := store.Address(test.url); got != test.want {
			t.Errorf("%s: %q, want %q", test.url, got, test.want)
		}
	}
}
