//go:build bench && linux

package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"mailintegration/daemon"
	"mailintegration/mailbox"
	"mailintegration/mailbox/dovecottest"
	"mailintegration/processor"
	"mailintegration/store"
)

// TestProfile polls maildrops of the first contest that BENCH_CONTESTS names, within this process, and writes a CPU
// profile to the file BENCH_PROFILE. It prints the process ID of PostgreSQL first, for a profile of that process:
// perf record -g -p PID.
func TestProfile(t *testing.T) {
	file := os.Getenv("BENCH_PROFILE")
	if file == "" {
		return // only TestBench runs then
	}
	in, dovecot, c := install(t), dovecottest.Start(t, dovecottest.Options{}), chosenContests()[0]
	s, err := store.Open(t.Context(), store.Options{URL: in.server.URL(), AttachmentDirectory: filepath.Join(in.dir, "attachments")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var boxes []daemon.Mailbox
	for i := range 4 {
		name := fmt.Sprintf("profile-%d", i)
		for m := range c.messages {
			dovecot.Deliver(name, message(c.name, i, m, c.attachment(m)))
		}
		boxes = append(boxes, daemon.Mailbox{
			Name: name, Schedule: cron.Every(time.Minute),
			Account: mailbox.Account{
				Server: dovecot.Host, Port: dovecot.Port, Security: mailbox.None, UserName: name, Password: dovecottest.DefaultPassword,
			},
			Rules: processor.Rules{
				Processor: processor.EndUserIncident, CreateNewRequests: true,
				Names: processor.Names{Team: "it", Login: "daemon", FallbackUser: "unknown"},
			},
		})
	}
	d, err := daemon.New(daemon.Options{Store: s, Mailboxes: boxes})
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close() // the profile was flushed
	if err := pprof.StartCPUProfile(out); err != nil {
		t.Fatal(err)
	}
	fmt.Println("PostgreSQL is process", in.server.PID())
	for _, b := range boxes { // one after another
		started := time.Now()
		reports, err := d.Once(t.Context(), b.Name)
		if err != nil || reports[0].Recorded() != c.messages {
			t.Fatalf("%+v, %v", reports, err)
		}
		fmt.Printf("%s: %d mails in %v\n", b.Name, c.messages, time.Since(started))
	}
	pprof.StopCPUProfile()
}
