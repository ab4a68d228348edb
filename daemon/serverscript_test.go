package daemon

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// maxScriptFaults limits the faults of a server.
const maxScriptFaults = 3

// TestNoServerScriptBreaksThePromise plays whole polls against servers with faults, drawn at random from the grammar
// scriptClasses. No message is deleted unrecorded, recorded twice or left for ever; no goroutine is left; and each poll
// ends within limits of time and memory. SERVER_SCRIPTS sets how many scripts are played, SERVER_SCRIPTS_FROM the
// number of the first one; SERVER_SCRIPT plays a single script again.
//
// It does not run in parallel to other tests, because it measures the memory of the whole process.
func TestNoServerScriptBreaksThePromise(t *testing.T) {
	first, count := uint64(1), fewerUnderRace(2000)
	if n, ok := numberFrom(t, "SERVER_SCRIPTS"); ok {
		count = n
	}
	if n, ok := numberFrom(t, "SERVER_SCRIPTS_FROM"); ok {
		first = n
	}
	if n, ok := numberFrom(t, "SERVER_SCRIPT"); ok {
		first, count = n, 1
	}
	t.Logf("scripts %d to %d", first, first+count-1)
	newScriptHall(t).play(t, first, count, scriptClasses, maxScriptFaults)
}

func TestServersWithoutFaults(t *testing.T) { newScriptHall(t).play(t, 1, 100, nil, 0) }

func TestServersWithFaultsOfOneKind(t *testing.T) {
	count, ok := numberFrom(t, "SERVER_SCRIPTS_OF_A_KIND")
	if !ok {
		count = fewerUnderRace(10)
	}
	hall := newScriptHall(t)
	for i, class := range scriptClasses {
		t.Run(class.name, func(t *testing.T) { hall.play(t, uint64(i)*10_000, count, []scriptClass{class}, 1) })
	}
}

// fewerUnderRace returns n, or a fifth of it under the race detector, which is slow.
func fewerUnderRace(n uint64) uint64 {
	info, ok := debug.ReadBuildInfo()
	if ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return n / 5
	}
	return n
}

// numberFrom reads a number from the environment.
func numberFrom(t *testing.T, variable string) (uint64, bool) {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n, true
}

// scriptNumbers is the range of scripts that the players share.
type scriptNumbers struct {
	first, count uint64
	classes      []scriptClass
	most         int // the most faults in a script
	taken        atomic.Uint64
}

// all yields scripts that no other player has taken.
func (n *scriptNumbers) all(yield func(*serverScript) bool) {
	for {
		i := n.taken.Add(1) - 1
		if i >= n.count || !yield(drawScript(n.first+i, n.classes, n.most)) {
			return
		}
	}
}

// play plays count scripts, several at a time, because a script often waits for the database.
func (h *scriptHall) play(t *testing.T, first, count uint64, classes []scriptClass, most int) {
	t.Helper()
	began, watch := time.Now(), watchScripts()
	numbers := &scriptNumbers{first: first, count: count, classes: classes, most: most}
	var running sync.WaitGroup
	for i := range min(runtime.GOMAXPROCS(0)+2, int(count)) {
		running.Go(func() {
			t.Run(fmt.Sprintf("player %d", i), func(t *testing.T) {
				defer watch.stuck(t, i)
				synctest.Test(t, func(t *testing.T) { h.newStage(t).playAll(numbers, watch, i) })
			})
		})
	}
	running.Wait()
	watch.judge(t)
	for _, wrong := range h.judgeRecords(t) {
		t.Error(wrong)
	}
	t.Logf("%d scripts in %v", count, time.Since(began).Round(time.Millisecond))
}

// playAll plays scripts until none is left.
func (s *scriptStage) playAll(numbers *scriptNumbers, watch *scriptWatch, player int) {
	for script := range numbers.all {
		if n := script.number - numbers.first; n > 0 && n%10_000 == 0 {
			s.t.Logf("%d scripts were played", n)
		}
		watch.begins(player, script.number)
		s.judge(s.play(script))
	}
	watch.ends(player, s.longest)
}
