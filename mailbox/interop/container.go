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

// layersVariable names where scripts/setup-interop put the layers, and defaultLayers is where it does.
const (
	layersVariable = "INTEROP_LAYERS"
	defaultLayers  = "/opt/mailintegration-interop"
)

// answerTimeout is how long a cell may take to start its server, or to deliver a message.
const answerTimeout = time.Minute

// container is a server in namespaces of its own, over the layer that its package was installed into. The shell that is the
// first process in it starts the server and then delivers a message for each line it is given. At the end of its input
// it exits, and the kernel ends all other processes of the namespace.
type container struct {
	tb       testing.TB
	port     int
	shared   string // a directory that is /mnt/interop within
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
		"cell", layer, c.shared, strconv.Itoa(c.port)))
	if answer := c.answer(); answer != "ready" {
		tb.Fatalf("%s does not start: %s\n%s", server, answer, c.log)
	}
	return c
}

// run starts the first process of the cell, and ends it when the test ends.
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
		_ = cmd.Wait() // how it ended is in its log
	}()
	c.tb.Cleanup(func() {
		_ = tell.Close()
		for range c.answers { // it may have one more to give
		}
		<-ended
	})
}

// answer waits for the cell's next line.
func (c *container) answer() string {
	select {
	case a, ok := <-c.answers:
		if !ok {
			return "it has ended"
		}
		return a
	case <-time.After(answerTimeout):
		return "it is silent"
	}
}

// deliver hands one message to the server's own way of delivery.
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

// must ends the test on an error of its surroundings.
func (c *container) must(err error) {
	c.tb.Helper()
	if err != nil {
		c.tb.Fatal(err)
	}
}

// logBuffer is what a cell logs.
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

// String is the log so far.
func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
