package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox/pop3test"
)

// TestAMessageOf100MBNeedsLittleMemory records a message with an attachment of 100 MB. The resident memory of the process
// must never exceed 96 MiB, and the stored attachment must have the octets that were sent.
func TestAMessageOf100MBNeedsLittleMemory(t *testing.T) {
	t.Parallel()
	const octets, maxResident = 100_000_000, 96 << 20
	attachment := make([]byte, octets)
	rand.NewChaCha8([32]byte{1}).Read(attachment)
	digest := sha256.Sum256(attachment)

	srv := pop3test.Run(t, pop3test.Options{})
	srv.Add("helpdesk", withAttachment(attachment))
	in := install(t, srv.Port(), "helpdesk", pop3test.DefaultPassword)
	box := filepath.Join(filepath.Dir(in.config), "mailboxes", "helpdesk.xml")
	text, err := os.ReadFile(box)
	if err != nil {
		t.Fatal(err)
	}
	larger := strings.Replace(string(text), "</MailIntegration>", "<MaxMessageSize>200MB</MaxMessageSize></MailIntegration>", 1)
	if err := os.WriteFile(box, []byte(larger), 0o600); err != nil {
		t.Fatal(err)
	}

	peak := runMeasured(t, in.command("once"))
	t.Logf("the process took %d MiB of memory at its peak", peak>>20)
	if peak > maxResident {
		t.Errorf("more than %d MiB", maxResident>>20)
	}
	in.wantRecorded(1)
	name := hex.EncodeToString(digest[:])
	stored, err := os.Stat(filepath.Join(filepath.Dir(in.config), "attachments", name[:2], name[2:4], name))
	if err != nil || stored.Size() != octets {
		t.Errorf("the attachment is missing or has another size: %v", err)
	}
}

// runMeasured runs a program and returns the peak of its resident memory in octets. It reads the high-water mark while the
// process runs, since the kernel's figure for an ended process (ru_maxrss) includes the parent's.
func runMeasured(t *testing.T, cmd *exec.Cmd) (peak int64) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil || peak == 0 {
				t.Fatalf("%v, peak %d\n%s", err, peak, &out)
			}
			return peak
		case <-look.C:
			peak = max(peak, highWater(cmd.Process.Pid))
		}
	}
}

// highWater returns the peak of a process's resident memory (VmHWM) in octets, 0 if it is not known.
func highWater(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		return 0
	}
	return kib << 10
}

// withAttachment returns a message with an attachment in base64.
func withAttachment(octets []byte) []byte {
	const line = 57 // octets, written as 76 characters and CRLF
	mail := make([]byte, 0, len(octets)/line*78+1000)
	mail = append(mail, "From: ann@acme.example\r\nSubject: The film\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"+
		"--b\r\nContent-Type: text/plain\r\n\r\nSee the attachment.\r\n"+
		"--b\r\nContent-Type: video/mp4; name=film.mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n"...)
	for part := range slices.Chunk(octets, line) {
		mail = append(base64.StdEncoding.AppendEncode(mail, part), "\r\n"...)
	}
	return append(mail, "--b--\r\n"...)
}
