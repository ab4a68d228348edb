package mailbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// A session lists the messages, retrieves each, records it and only then deletes it. The deletions take effect when
// Quit returns nil.
func ExampleOpen() {
	ctx := context.Background()
	srv, err := pop3test.Start(ctx, pop3test.Options{}) // stands for a mail server
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	srv.Add("helpdesk", []byte("Subject: The printer is out of paper\r\n\r\nAgain.\r\n"))

	session, err := mailbox.Open(ctx, mailbox.Account{
		Server: srv.Host(), Port: srv.Port(), Security: mailbox.None, UserName: "helpdesk", Password: "secret",
	})
	if err != nil {
		log.Fatalf("%v; %s", err, mailbox.Hint(err))
	}
	defer session.Close() // without Quit nothing is deleted
	items, err := session.List(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range items {
		spool, err := session.Retrieve(ctx, item)
		if err != nil {
			log.Fatal(err)
		}
		octets, err := io.ReadAll(io.NewSectionReader(spool, 0, spool.Size()))
		if err := errors.Join(err, spool.Close()); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%q\n", octets) // a program records the message here
		if err := session.Delete(ctx, item); err != nil {
			log.Fatal(err)
		}
	}
	if err := session.Quit(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("messages left:", srv.Count("helpdesk"))

	// Output:
	// "Subject: The printer is out of paper\r\n\r\nAgain.\r\n"
	// messages left: 0
}

// A wrong password gives an error of a class, and a hint for a person.
func ExampleHint() {
	ctx := context.Background()
	srv, err := pop3test.Start(ctx, pop3test.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	_, err = mailbox.Open(ctx, mailbox.Account{
		Server: srv.Host(), Port: srv.Port(), Security: mailbox.None, UserName: "helpdesk", Password: "wrong",
	})
	fmt.Println(errors.Is(err, mailbox.ErrCredentials), mailbox.IsPermanentForMailbox(err))
	fmt.Println(mailbox.Hint(err))

	// Output:
	// true true
	// check UserName and Password, and that the mail server allows this account to use POP3
}
