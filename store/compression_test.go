package store_test

import (
	"strings"
	"testing"

	"mailintegration/processor"
)

func TestALongBodyIsCompressedByTheServersBestMethod(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	long := strings.Repeat("the printer on floor three does not print since this morning\n", 200)
	d.accept(t, d.clerk(), mail("1", "a", func(m *processor.Message) { m.Text = long }))
	var method, want, body string
	err := d.pool.QueryRow(t.Context(), `SELECT pg_column_compression(body), body,
		(SELECT CASE WHEN 'lz4' = ANY (enumvals) THEN 'lz4' ELSE 'pglz' END FROM pg_settings WHERE name = 'default_toast_compression')
		FROM request`).Scan(&method, &body, &want)
	if err != nil || method != want || body != long {
		t.Errorf("a body of %d octets was compressed by %q, want %q: %v", len(body), method, want, err)
	}
}
