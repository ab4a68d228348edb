package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// result says how a check ended.
type result string

// The results of a check, from the best to the worst.
const (
	resultSkipped result = "skipped" // not done, and the detail says why
	resultOK      result = "ok"
	resultWarning result = "warning" // works, but should be changed
	resultFailed  result = "failed"
)

// resultOrder lists the results from the best to the worst.
var resultOrder = []result{resultSkipped, resultOK, resultWarning, resultFailed}

// finding holds the result of a check, or of a step of it. Findings form a tree.
type finding struct {
	What   string    `json:"what"`
	Result result    `json:"result"`
	Detail string    `json:"detail,omitempty"`
	Advice string    `json:"advice,omitempty"` // what to do, in one sentence
	Steps  []finding `json:"steps,omitempty"`
}

// good returns the finding of a step that went well.
func good(format string, args ...any) finding {
	return finding{Result: resultOK, Detail: fmt.Sprintf(format, args...)}
}

// doubtful returns the finding of a step that works, but should be changed.
func doubtful(detail, advice string) finding {
	return finding{Result: resultWarning, Detail: oneLine(detail), Advice: oneLine(advice)}
}

// bad returns the finding of a step that failed.
func bad(err error, advice string) finding {
	return finding{Result: resultFailed, Detail: oneLine(err.Error()), Advice: oneLine(advice)}
}

// skipped returns the finding of a step that was not taken.
func skipped(format string, args ...any) finding {
	return finding{Result: resultSkipped, Detail: fmt.Sprintf(format, args...)}
}

// worst returns the worst result of a finding and of the steps below it.
func (f finding) worst() result {
	worst := f.Result
	for _, step := range f.Steps {
		if below := step.worst(); rank(below) > rank(worst) {
			worst = below
		}
	}
	return worst
}

// rank returns the place of a result in resultOrder.
func rank(r result) int { return slices.Index(resultOrder, r) }

// line returns the finding in a line.
func (f finding) line() string {
	line := f.What + ": " + f.Detail
	if f.Advice != "" {
		line += "; " + f.Advice
	}
	return line
}

// leaf returns the first step, or step of a step, with a result, nil if there is none.
func (f finding) leaf(r result) *finding {
	for i := range f.Steps {
		if f.Steps[i].Result == r {
			return &f.Steps[i]
		}
		if below := f.Steps[i].leaf(r); below != nil {
			return below
		}
	}
	return nil
}

// warnings returns the steps below a finding that work, but should be changed.
func (f finding) warnings() []finding {
	var all []finding
	for _, step := range f.Steps {
		if step.Result == resultWarning && len(step.Steps) == 0 {
			all = append(all, step)
		}
		all = append(all, step.warnings()...)
	}
	return all
}

// concluded returns a finding whose result is the worst of its steps.
func concluded(what string, steps []finding) finding {
	f := finding{What: what, Result: resultSkipped, Steps: steps}
	f.Result = f.worst()
	return f
}

// printTree prints a finding and the steps below it, each in a line, and the advice in a line of its own.
func printTree(w io.Writer, f finding, depth int) {
	indent := strings.Repeat("  ", depth)
	text := f.What
	if f.Detail != "" {
		text += ": " + f.Detail
	}
	printLine(w, "%-7s %s%s", shownAs(f.Result), indent, text)
	if f.Advice != "" {
		printLine(w, "%-7s %s  %s", "", indent, f.Advice)
	}
	for _, step := range f.Steps {
		printTree(w, step, depth+1)
	}
}

// shownAs returns how a line begins for people: a failure must be seen at once.
func shownAs(r result) string {
	if r == resultFailed {
		return "FAILED"
	}
	return string(r)
}
