package main

import (
	"context"
	"os"
	_ "time/tzdata" // schedules with TZ= work where the system has no time zones, as on Windows
)

func main() {
	os.Exit(run(context.Background(), ownArguments(os.Args)[1:], os.Stdin, os.Stdout, os.Stderr))
}
