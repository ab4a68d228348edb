package config

import "strings"

// nearest returns the candidate that name probably stands for, "" when none is near.
func nearest(name string, candidates []string) string {
	const longest = 64 // no longer name is a typing error for a known one
	if len(name) > longest {
		return ""
	}
	best, fewest := "", 1+max(1, len(name)/3)
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), strings.ToLower(c)); d < fewest {
			best, fewest = c, d
		}
	}
	return best
}

// distance returns how many letters must be inserted, deleted, replaced or swapped with a neighbour to turn a into b.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	before, last, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(s); i++ {
		row[0] = i
		for j := 1; j <= len(t); j++ {
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+differ(s[i-1], t[j-1]))
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(t)]
}

// differ returns 1 for two different letters, 0 for equal ones.
func differ(a, b rune) int {
	if a == b {
		return 0
	}
	return 1
}
