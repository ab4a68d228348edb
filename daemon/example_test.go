package daemon_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/robfig/cron/v3"

	"mailintegration/daemon"
	"mailintegration/mailbox"
	"mailintegration/processor"
	"mailintegration/store"
)

// A daemon polls its mailboxes once, as the verb once does, or on their schedules until its context ends. It is not run
// here, as it needs PostgreSQL and a mail server.
func ExampleDaemon() {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{URL: "postgres:///mailintegration", AttachmentDirectory: "/srv/attachments"})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	helpdesk := daemon.Mailbox{
		Name: "helpdesk",
		Account: mailbox.Account{
			Server: "mail.example.com", Port: 995, Security: mailbox.SslOnConnect, UserName: "helpdesk", Password: "secret",
		},
		Rules: processor.Rules{
			Processor:         processor.EndUserIncident,
			Names:             processor.Names{Team: "IT", Login: "mailintegration", FallbackUser: "unknown"},
			CreateNewRequests: true,
		},
		Schedule: cron.Every(30 * time.Second),
	}
	d, err := daemon.New(daemon.Options{Store: s, Mailboxes: []daemon.Mailbox{helpdesk}})
	if err != nil {
		log.Fatal(err)
	}
	reports, err := d.Once(ctx) // or d.Run(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range reports {
		fmt.Println(r.Mailbox, r.Recorded(), "recorded", r.Err)
	}
}

// Every message of a listing is counted once.
func ExampleReport() {
	r := daemon.Report{Listed: 12, Opened: 4, Added: 2, SetAside: 1, Known: 1, Oversize: 1, Failed: 1, Deferred: 2}
	fmt.Println(r.Recorded(), "recorded,", r.Known, "known,", r.Oversize, "too large,", r.Failed, "failed,", r.Deferred, "deferred")
	fmt.Println(r.Listed == r.Recorded()+r.Known+r.Oversize+r.Failed+r.Deferred)
	// Output:
	// 7 recorded, 1 known, 1 too large, 1 failed, 2 deferred
	// true
}
