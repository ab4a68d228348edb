package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
)

// output holds the flag of verbs that print a table for people or JSON for programs.
type output struct {
	JSON bool `help:"Print JSON."`
}

// print prints v as JSON, or the rows under the headings as a table.
func (o output) print(e *env, v any, headings []string, rows [][]any) error {
	if o.JSON {
		return e.printJSON(v)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.ToUpper(strings.Join(headings, "\t")))
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, inOneLine(fmt.Sprint(cell)))
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

// printJSON prints v as JSON for programs.
func (e *env) printJSON(v any) error {
	enc := json.NewEncoder(e.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
