// Newrequests prints each new incident and service request, as an example of a program that uses the database as its interface.
//
//	newrequests "host=… user=… password=… dbname=mailintegration"
//
// Its account needs the role mailintegration_reader. deploy/database.md describes what it reads.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/jackc/pgx/v5"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, `usage: newrequests "host=… user=… password=… dbname=mailintegration"`)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	for seen := map[int64]bool{}; ctx.Err() == nil; {
		if err := follow(ctx, os.Args[1], seen, os.Stdout); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, err)
			select { // the database is away, perhaps: connect again
			case <-time.After(10 * time.Second):
			case <-ctx.Done():
			}
		}
	}
}

// follow prints requests until the connection breaks. It listens before it looks, so that it misses none in between.
func follow(ctx context.Context, database string, seen map[int64]bool, out io.Writer) error {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, `LISTEN service_desk`); err != nil {
		return err
	}
	for {
		rows, _ := conn.Query(ctx, `SELECT number, kind, coalesce(assigned_group, ''), subject FROM service_desk.request
			WHERE kind IN ('incident', 'service_request') AND state = 'new' ORDER BY opened_at, number`)
		var number int64
		var kind, group, subject string
		_, err := pgx.ForEachRow(rows, []any{&number, &kind, &group, &subject}, func() error {
			if seen[number] {
				return nil
			}
			seen[number] = true
			_, err := fmt.Fprintf(out, "%s %d for %q: %q\n", kind, number, group, subject) // quoted: a subject may hold anything
			return err
		})
		if err != nil {
			return err
		}
		// A notification is only a hint: look again after a minute without one, too.
		wait, cancel := context.WithTimeout(ctx, time.Minute)
		_, err = conn.WaitForNotification(wait)
		late := wait.Err() != nil && ctx.Err() == nil
		cancel()
		if err != nil && !late {
			return err
		}
	}
}
