package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// TestALogThatCannotBeWrittenSaysSoElsewhere fills the disk of the log files for two lines.
func TestALogThatCannotBeWrittenSaysSoElsewhere(t *testing.T) {
	t.Parallel()
	var files, stderr bytes.Buffer
	left, all := 2, make(chan struct{})
	in := &installation{level: zap.NewAtomicLevelAt(zapcore.InfoLevel)}
	q, core := in.openLines("log file", func(line []byte) error {
		<-all // the line that tells of the first failure comes after them
		if left--; left >= 0 {
			return syscall.ENOSPC
		}
		files.Write(line)
		return nil
	})
	in.log = newLoggerOf(core, newLogger(&stderr, in.level).Core())
	for range 3 {
		in.events().configurationClosed("nobody", errors.New("denied"))
	}
	close(all)
	q.close()
	for _, want := range []string{
		`"msg":"log file not written","where":"log file","error":"no space left on device","hint":"free space`,
		`"msg":"log lines lost","where":"log file","lines":2,`,
	} {
		if n := strings.Count(stderr.String(), want); n != 1 {
			t.Errorf("standard error has %q %d times:\n%s", want, n, &stderr)
		}
	}
	if n := strings.Count(files.String(), "cannot be read again"); n != 1 {
		t.Errorf("the file got\n%s", &files)
	}
}

// TestALogFileThatCannotBeReopenedIsTold puts a file where the log directory was, and asks for a new log file.
func TestALogFileThatCannotBeReopenedIsTold(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	r.service("<LogDirectory>log</LogDirectory>")
	r.settled()
	if err := os.Rename(filepath.Join(r.dir, "log"), filepath.Join(r.dir, "old")); err != nil {
		t.Fatal(err)
	}
	r.write("log", "")
	r.reopenLog()
	r.wantLog(`"msg":"log directory in trouble"`, "not a directory")
	r.remove("log")
	r.reopenLog()
	r.in.events().configurationNotApplied(errors.New("of a test"))
	r.in.close()
	files, err := filepath.Glob(filepath.Join(r.dir, "log", "*.log"))
	if err != nil || len(files) != 1 {
		t.Fatalf("log files: %s, %v", files, err)
	}
	if text, err := os.ReadFile(files[0]); err != nil || !strings.Contains(string(text), "of a test") {
		t.Errorf("the new file has %s, %v", text, err)
	}
}

func TestAnAccountThatCannotReadTheConfigurationIsTold(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	r.write("service.xml", "<MailIntegrationService>")
	r.readAsAccount(&env{account: "nobody"})
	r.wantLog(`"msg":"configuration cannot be read again","account":"nobody"`, "chown root:nobody")
}

// TestWarningsAreToldOnce has a tag that closes in another case, and a setting that has no effect.
func TestWarningsAreToldOnce(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	r.mailbox("a", "<Port>1995</port><AcknowledgeNewRequests>True</AcknowledgeNewRequests>")
	r.settled()
	r.service("<LogLevel>debug</LogLevel>")
	r.settled()
	r.wantLog(`Port: is closed by </port>`, `"msg":"configuration","mailbox":"a","warning":"AcknowledgeNewRequests is True`)
}

func TestAPrivateServerThatDoesNotStopIsTold(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	events{newLogger(&log, zapcore.InfoLevel)}.privateServerNotStopped(errors.New("it hangs"))
	if !strings.Contains(log.String(), `"msg":"private PostgreSQL not stopped","error":"it hangs"`) {
		t.Errorf("the log has %s", &log)
	}
}
