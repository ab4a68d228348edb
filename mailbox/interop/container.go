package interop

import (
	"bufio"
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mailintegration/mailbox/dovecottest"
)

//go:embed container.sh
var containerScript string

//go:embed recipe
var recipes embed.FS

// layersVariable is the environment variable for the directory of the layers; scripts/setup interop creates them in
// defaultLayers by default.
const (
	layersVariable = "INTEROP_LAYERS"
	defaultLayers  = "/opt/mailintegration-interop"
)

// answerTimeout is how long a container may take to start its server, or to deliver a message. It only ends what hangs.
const answerTimeout = 5 * time.Minute

// container is a server in namespaces of its own, over the layer with its package. The first process in it is a shell
// that starts the server and then delivers one message for each input line. At the end of its input it exits, and the
// kernel ends all other processes of the namespace.
type container struct {
	tb       testing.TB
	port     int
	shared   string // a directory, /mnt/interop in the container
	commands *os.File
	answers  chan string
	messages int
	log      *logBuffer
}

// startContainer starts a server and waits until it listens.
func startContainer(tb testing.TB, server string, settings []string) *container {
	tb.Helper()
	layer := filepath.Join(cmp.Or(os.Getenv(layersVariable), defaultLayers), server)
	if _, err := os.Stat(filepath.Join(layer, "complete")); err != nil {
		tb.Fatalf("%s is not installed: run scripts/setup interop %s as root (%v)", server, server, err)
	}
	if os.Getuid() != 0 {
		tb.Fatalf("%s runs in namespaces over its layer: run the test as root", server)
	}
	c := &container{tb: tb, port: dovecottest.FreePort(tb), answers: make(chan string), log: &logBuffer{}}
	c.shared = tb.TempDir()
	recipe, err := recipes.ReadFile("recipe/" + server + ".sh")
	c.must(err)
	c.must(os.WriteFile(filepath.Join(c.shared, "recipe.sh"), recipe, 0o644))
	c.must(os.WriteFile(filepath.Join(c.shared, "settings.sh"), []byte(strings.Join(settings, "\n")+"\n"), 0o644))
	c.run(exec.Command("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
		"/bin/bash", "-c", containerScript,
		"container", layer, c.shared, strconv.Itoa(c.port)))
	if answer := c.answer(); answer != "ready" {
		tb.Fatalf("%s does not start: %s\n%s", server, answer, c.log)
	}
	return c
}

// run starts the first process of the container, and ends it with the test.
func (c *container) run(cmd *exec.Cmd) {
	in, tell, err := os.Pipe()
	c.must(err)
	c.commands = tell
	cmd.Stdin, cmd.Stderr = in, c.log
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.StdoutPipe()
	c.must(err)
	c.must(cmd.Start())
	c.must(in.Close())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(c.answers)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			c.answers <- lines.Text()
		}
		_ = cmd.Wait() // the log says how it ended
	}()
	c.tb.Cleanup(func() {
		_ = tell.Close()
		for range c.answers { // drops the last answer, if any
		}
		<-ended
	})
}

// answer waits for the container's next output line.
func (c *container) answer() string {
	select {
	case a, ok := <-c.answers:
		if !ok {
			return "the container has ended"
		}
		return a
	case <-time.After(answerTimeout):
		return fmt.Sprintf("no answer within %v", answerTimeout)
	}
}

// deliver delivers one message in the server's own way.
func (c *container) deliver(octets []byte) {
	c.tb.Helper()
	c.messages++
	name := fmt.Sprintf("%06d.eml", c.messages)
	c.must(os.WriteFile(filepath.Join(c.shared, name), octets, 0o644))
	_, err := c.commands.WriteString(name + "\n")
	c.must(err)
	if answer := c.answer(); answer != "done" {
		c.tb.Fatalf("deliver: %s\n%s", answer, c.log)
	}
}

// must ends the test if its environment fails.
func (c *container) must(err error) {
	c.tb.Helper()
	if err != nil {
		c.tb.Fatal(err)
	}
}

// logBuffer collects the log of a container.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String returns the log so far.
func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
