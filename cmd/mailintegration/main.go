// Command mailintegration reads mailboxes over POP3 and records each message in PostgreSQL exactly once, as an
// incident, a service request, an event or an activity on a request that exists.
package main

import (
	"context"
	"os"
	_ "time/tzdata" // schedules with TZ= where the system has no time zones, as on Windows
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
