package pop3test_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// A server with two messages refuses the second one once. The session reads and deletes the first; the second stays in
// the maildrop. A test would start the server with pop3test.Run(t, …), which also stops it.
func Example() {
	ctx := context.Background()
	srv, err := pop3test.Start(ctx, pop3test.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	srv.Add("helpdesk", []byte("Subject: The printer is out of paper\r\n\r\nAgain.\r\n"))
	srv.Add("helpdesk", []byte("Subject: Password\r\n\r\nI forgot it.\r\n"))
	srv.At("RETR 2").Times(1).Reply("-ERR [SYS/TEMP] busy") // a fault, by step

	session, err := mailbox.Open(ctx, mailbox.Account{
		Server: srv.Host(), Port: srv.Port(), Security: mailbox.None,
		UserName: "helpdesk", Password: pop3test.DefaultPassword,
	})
	if err != nil {
		log.Fatal(err)
	}
	items, err := session.List(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range items {
		spool, err := session.Retrieve(ctx, item)
		if err != nil {
			fmt.Printf("message %d: a temporary problem: %t\n", item.Number, errors.Is(err, mailbox.ErrServerTrouble))
			continue
		}
		fmt.Printf("message %d: %d octets\n", item.Number, spool.Size())
		_ = spool.Close()
		if err := session.Delete(ctx, item); err != nil {
			log.Fatal(err)
		}
	}
	if err := session.Quit(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("messages left:", srv.Count("helpdesk"))

	// Output:
	// message 1: 48 octets
	// message 2: a temporary problem: true
	// messages left: 1
}
