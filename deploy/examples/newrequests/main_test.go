package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// TestEachNewRequestIsPrintedOnce follows a database as a reader, loses the connection, and goes on.
func TestEachNewRequestIsPrintedOnce(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	url := storetest.Direct(t, db.URL)
	if err := store.GrantRoles(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{URL: db.URL, WithoutFiles: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db.Exec(t, `INSERT INTO team (name) VALUES ('IT'); INSERT INTO user_account (logon, name) VALUES ('daemon', 'Daemon')`)
	open := func(kind processor.RequestKind, subject string) (number int64) {
		t.Helper()
		err := s.Write(t.Context(), processor.User{ID: 1}, func(j *store.Journal) (err error) {
			number, err = j.Open(t.Context(), store.NewRequest{Kind: kind, Team: processor.Ref{ID: 1}, Subject: subject})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return number
	}

	out, in := io.Pipe()
	lines := make(chan string)
	go func() {
		for scan := bufio.NewScanner(out); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	want := func(kind string, number int64, subject string) {
		t.Helper()
		select {
		case got := <-lines:
			if want := fmt.Sprintf("%s %d for \"\": %q", kind, number, subject); got != want {
				t.Errorf("it prints %q, want %q", got, want)
			}
		case <-time.After(3 * time.Minute):
			t.Fatalf("request %d is not printed", number)
		}
	}
	seen := map[int64]bool{}
	start := func() (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- follow(ctx, url+"&options=-crole%3D"+store.RoleReader, seen, in) }()
		return func() { cancel(); <-ended }
	}

	number := open(processor.Incident, "there before")
	stop := start()
	want("incident", number, "there before")
	open(processor.Event, "an event")
	number = open(processor.ServiceRequest, "A desk\x1b[2J\nincident 4711 for \"\": \"forged\"")
	want("service_request", number, "A desk\x1b[2J\nincident 4711 for \"\": \"forged\"")
	stop()
	number = open(processor.Incident, "while it was away")
	stop = start()
	want("incident", number, "while it was away")
	stop()
}
