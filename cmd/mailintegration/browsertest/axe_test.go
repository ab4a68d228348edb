//go:build browser

package browsertest

import (
	"os"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axeVariable names the script of axe-core.
const axeVariable = "BROWSER_AXE"

// axe returns axe-core.
var axe = sync.OnceValues(func() (string, error) {
	script, err := os.ReadFile(os.Getenv(axeVariable))
	return string(script), err
})

// violation is a rule of axe-core that a page breaks.
type violation struct {
	ID, Help string
	Nodes    []struct {
		HTML           string
		FailureSummary string
	}
}

// isAccessible fails the test if axe-core finds something that keeps people from using the page. It runs in a world of its own, where
// the policy of the page does not hold.
func (w *window) isAccessible(name string) {
	w.t.Helper()
	script, err := axe()
	if err != nil {
		w.t.Fatalf("%s does not name the script of axe-core (make browser does): %v", axeVariable, err)
	}
	frame := call(w, page.GetFrameTree, struct{}{}).FrameTree.Frame.ID
	world := call(w, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: frame, WorldName: "axe"}).ExecutionContextID
	in := func(p *runtime.EvaluateParams) { p.ContextID = world }
	w.do(chromedp.Evaluate[chromedp.Void](script, in))
	found := run(w, chromedp.Evaluate[struct {
		Passes     int
		Violations []violation
	}](`axe.run(document, {resultTypes: ["violations"], iframes: false}).then(r => ({passes: r.passes.length, violations: r.violations}))`,
		in, chromedp.EvalAwaitPromise))
	if found.Passes < 10 {
		w.t.Errorf("%s: only %d rules were tried", name, found.Passes)
	}
	for _, v := range found.Violations {
		var nodes strings.Builder
		for _, n := range v.Nodes[:min(3, len(v.Nodes))] {
			nodes.WriteString("\n\t" + n.HTML + "\n\t" + n.FailureSummary)
		}
		w.t.Errorf("%s: %s (%s)%s", name, v.Help, v.ID, nodes.String())
	}
}
