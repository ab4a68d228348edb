//go:build bench && linux

package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// drain empties a maildrop with the least work: all RETR at once, the octets discarded, all DELE at once, QUIT. It
// keeps nothing, so its speed is a limit that no real client reaches.
func drain(address, user, password string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close() // QUIT was answered, or something else failed before
	in := bufio.NewReaderSize(conn, 256<<10)
	messages := 0
	for _, command := range []string{"", "USER " + user, "PASS " + password, "STAT"} {
		if command != "" {
			if _, err := io.WriteString(conn, command+"\r\n"); err != nil {
				return err
			}
		}
		line, err := in.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "+OK") {
			return fmt.Errorf("%.4s: %q, %w", command, line, err)
		}
		if command == "STAT" {
			if _, err := fmt.Sscanf(line, "+OK %d", &messages); err != nil {
				return err
			}
		}
	}
	sent := make(chan error, 1)
	go func() { sent <- numbered(conn, "RETR", messages, "") }()
	if err := errors.Join(skipMessages(in, messages), <-sent); err != nil {
		return err
	}
	go func() { sent <- numbered(conn, "DELE", messages, "QUIT\r\n") }()
	_, err = io.Copy(io.Discard, in)
	return errors.Join(err, <-sent)
}

// numbered sends the command for each message, and then last.
func numbered(w io.Writer, command string, messages int, last string) error {
	var b bytes.Buffer
	for n := range messages {
		fmt.Fprintf(&b, "%s %d\r\n", command, n+1)
	}
	b.WriteString(last)
	_, err := w.Write(b.Bytes())
	return err
}

// skipMessages reads and discards that many messages.
func skipMessages(in io.Reader, messages int) error {
	end := []byte("\r\n.\r\n")
	buffer := make([]byte, 256<<10)
	kept := 0 // octets at the start of buffer that may be the beginning of an end
	for messages > 0 {
		n, err := in.Read(buffer[kept:])
		if err != nil {
			return err
		}
		read := buffer[:kept+n]
		messages -= bytes.Count(read, end)
		kept = 0
		if !bytes.HasSuffix(read, end) {
			kept = copy(buffer, read[max(0, len(read)-len(end)+1):])
		}
	}
	return nil
}
