package processor

import "strings"

// unflow joins the lines of a format=flowed text into paragraphs (RFC 3676 §4). With deleteSpace (delsp=yes) the space
// before a soft line break is not part of the text.
func unflow(text string, deleteSpace bool) string {
	var b strings.Builder
	depth, joins := 0, false // the depth of the line before, and whether this line goes on with it
	for i, ln := range strings.Split(text, "\n") {
		quote := len(ln) - len(strings.TrimLeft(ln, ">"))
		content := strings.TrimPrefix(ln[quote:], " ") // space-stuffing, §4.4
		isSignature := content == "-- "                // never flowed (§4.3)
		joins = joins && quote == depth && !isSignature
		if !joins {
			if i > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(ln[:quote])
			if quote > 0 {
				b.WriteByte(' ')
			}
		}
		depth = quote
		joins = strings.HasSuffix(content, " ") && !isSignature
		if joins && deleteSpace {
			content = content[:len(content)-1]
		}
		b.WriteString(content)
	}
	return b.String()
}
