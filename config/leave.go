package config

import (
	"fmt"
	"strings"
)

// maxLeaveDays is ten years: what is to stay longer is to stay always.
const maxLeaveDays = 3650

// leaveKind reads LeaveOnServer.
func leaveKind() kind {
	days := countKind(fmt.Sprintf("1-%d", maxLeaveDays))
	return kind{
		noun: "a known value", values: fmt.Sprintf("Never, Days N with N from 1 to %d, or Always", maxLeaveDays),
		parse: func(text string) (any, string, bool) {
			words := strings.Fields(strings.ToLower(text))
			switch {
			case len(words) == 1 && words[0] == "never":
				return LeaveNever, "", true
			case len(words) == 1 && words[0] == "always":
				return LeaveAlways, "", true
			case len(words) == 2 && words[0] == "days":
				n, detail, ok := days.parse(words[1])
				if !ok {
					return nil, detail, false
				}
				return Leave(n.(int)), "", true
			}
			return nil, "", false
		},
		format: func(v any) string {
			switch n := v.(Leave); n {
			case LeaveNever:
				return "Never"
			case LeaveAlways:
				return "Always"
			default:
				return fmt.Sprintf("Days %d", n)
			}
		},
	}
}
