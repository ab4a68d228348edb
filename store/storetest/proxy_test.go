package storetest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"mailintegration/store/storetest"
)

// insert adds one row, in a transaction of three commands.
func insert(ctx context.Context, pool *pgxpool.Pool) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO counted DEFAULT VALUES`)
		return err
	})
}

func rows(t *testing.T, db *storetest.Database) (n int) {
	t.Helper()
	if err := db.Pool(t).QueryRow(t.Context(), `SELECT count(*) FROM counted`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestProxyCutsAtTheChosenMessage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		cut      func(*storetest.Proxy)
		fails    bool
		recorded int
	}{
		{"nothing is cut", (*storetest.Proxy).Pass, false, 1},
		{"the first message is not passed on", at((*storetest.Proxy).CutAtFrontend, 1), true, 0},
		{"the commit is carried out and its answer is lost", at((*storetest.Proxy).CutBeforeComplete, 3), true, 1},
		{"the insert is answered and the commit does not get through", at((*storetest.Proxy).CutAfterComplete, 2), true, 0},
		{"the commit is answered", at((*storetest.Proxy).CutAfterComplete, 3), false, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			db := storetest.Empty(t)
			db.Exec(t, `CREATE TABLE counted (id bigint GENERATED ALWAYS AS IDENTITY)`)
			proxy := storetest.NewProxy(t, db.URL)
			pool := (&storetest.Database{URL: proxy.URL}).Pool(t)
			if err := pool.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			tc.cut(proxy)
			if err := insert(t.Context(), pool); (err != nil) != tc.fails {
				t.Errorf("insert: %v", err)
			}
			if n := rows(t, db); n != tc.recorded {
				t.Errorf("%d rows were recorded, want %d", n, tc.recorded)
			}
		})
	}
}

func at(cut func(*storetest.Proxy, int), n int) func(*storetest.Proxy) {
	return func(p *storetest.Proxy) { cut(p, n) }
}

func TestProxyCanBeCutAtEveryMessageOfATransaction(t *testing.T) {
	t.Parallel()
	db := storetest.Empty(t)
	db.Exec(t, `CREATE TABLE counted (id bigint GENERATED ALWAYS AS IDENTITY)`)
	proxy := storetest.NewProxy(t, db.URL)
	pool := (&storetest.Database{URL: proxy.URL}).Pool(t)
	proxy.Pass()
	if err := insert(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	messages, completes := proxy.Counts()
	if messages < 6 || completes != 3 {
		t.Fatalf("a transaction on a new connection is %d messages and %d commands", messages, completes)
	}
	for n := 1; n <= messages; n++ {
		fresh := (&storetest.Database{URL: proxy.URL}).Pool(t)
		proxy.CutAtFrontend(n)
		if err := insert(t.Context(), fresh); err == nil && proxy.Cuts() == 1 {
			t.Errorf("cut at message %d of %d: the insert did not fail", n, messages)
		}
		if err := insert(t.Context(), fresh); err != nil {
			t.Errorf("after a cut at message %d: %v", n, err)
		}
	}
}

func TestProxyRefusesUntilPass(t *testing.T) {
	t.Parallel()
	db := storetest.Empty(t)
	proxy := storetest.NewProxy(t, db.URL)
	pool := (&storetest.Database{URL: proxy.URL}).Pool(t)
	for range 2 {
		proxy.Refuse()
		if err := pool.Ping(t.Context()); err == nil {
			t.Error("a refused connection answered")
		}
		proxy.Pass()
		if err := pool.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestProxyFallsSilentUntilPass(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		silence func(*storetest.Proxy, int)
	}{
		{"in the middle of a message of the client", (*storetest.Proxy).SilenceAtFrontend},
		{"in the middle of a message of the server", (*storetest.Proxy).SilenceAtBackend},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			db := storetest.Empty(t)
			proxy := storetest.NewProxy(t, db.URL)
			pool := (&storetest.Database{URL: proxy.URL}).Pool(t)
			if err := pool.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			tc.silence(proxy, 1)
			for range 2 { // the second on a new connection
				ctx, stop := context.WithCancel(t.Context())
				asked := make(chan error, 1)
				go func() {
					_, err := pool.Exec(ctx, `SELECT 1`, pgx.QueryExecModeSimpleProtocol)
					asked <- err
				}()
				storetest.Until(t, "the proxy is silent", proxy.Silent)
				stop()
				if err := <-asked; err == nil {
					t.Error("an answer came through")
				}
			}
			proxy.Pass()
			if err := pool.Ping(t.Context()); err != nil || proxy.Silent() {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func TestProxyDoesNotCountWhatTheDriverSendsAtATimeOfItsOwn(t *testing.T) {
	t.Parallel()
	db := storetest.Empty(t)
	proxy := storetest.NewProxy(t, db.URL)
	conn, err := pgx.Connect(t.Context(), proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy.Pass()
	if err := conn.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if messages, _ := proxy.Counts(); messages != 0 || proxy.Backend() != 0 || proxy.Rounds() != 0 {
		t.Errorf("a ping is %d messages, %d answers and %d rounds", messages, proxy.Backend(), proxy.Rounds())
	}
	ctx, stop := context.WithCancel(t.Context())
	asked := make(chan error, 1)
	go func() {
		_, err := conn.Exec(ctx, `SELECT pg_sleep(600)`, pgx.QueryExecModeSimpleProtocol)
		asked <- err
	}()
	storetest.Until(t, "the statement has been sent", func() bool { messages, _ := proxy.Counts(); return messages > 0 })
	stop()
	if err := <-asked; err == nil {
		t.Error("the statement was not cancelled")
	}
	<-conn.PgConn().CleanupDone() // the driver has asked the server to cancel the statement, and has ended the connection
	if messages, completes := proxy.Counts(); messages != 1 || completes != 0 {
		t.Errorf("a statement that was cancelled is %d messages and %d commands", messages, completes)
	}
}
