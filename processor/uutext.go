package processor

import (
	"io"
	"strings"

	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
)

// uuFiles is the most files taken out of one text.
const uuFiles = 20

// uuencoded takes the files out of a text that contains output of uuencode(1), which programs used before MIME. An
// incomplete block stays text.
func (r *reader) uuencoded(p *entity.Part, text string) (rest string, files []Attachment) {
	if !strings.HasPrefix(text, "begin ") && !strings.Contains(text, "\nbegin ") {
		return text, nil
	}
	lines := strings.Split(text, "\n")
	var kept []string
	ordinal := 0 // number of lines so far that look like the beginning of a block
	for i := 0; i < len(lines); i++ {
		name, ok := entity.UUBegin(lines[i])
		if !ok {
			kept = append(kept, lines[i])
			continue
		}
		ordinal++
		end := uuEnd(lines, i+1)
		if end < 0 || len(files) == uuFiles {
			kept = append(kept, lines[i])
			continue
		}
		files = append(files, r.uuFile(p, ordinal, name))
		i = end
	}
	return strings.Join(kept, "\n"), files
}

// uuEnd returns the line that ends a block whose first line of data is i, -1 if the lines are no data.
func uuEnd(lines []string, i int) int {
	for begin := i; i < len(lines); i++ {
		ln := strings.TrimRight(lines[i], " \t")
		switch {
		case ln == "end":
			if i == begin {
				return -1
			}
			return i
		case !isUULine(ln):
			return -1
		}
	}
	return -1
}

// isUULine reports whether a line can be uuencoded data: its characters are valid, and they are not more than its first
// one says. Spaces at its end may be lost, and a check digit may be added.
func isUULine(ln string) bool {
	if ln == "" {
		return true // a line of no octets that lost its space
	}
	octets := int(ln[0]-' ') & 63
	digits := (octets + 2) / 3 * 4
	if ln[0] < ' ' || ln[0] > '`' || len(ln)-1 > digits+2 {
		return false
	}
	for i := range len(ln) {
		if ln[i] < ' ' || ln[i] > '`' {
			return false
		}
	}
	return true
}

// uuFile returns the attachment for the block that the ordinal-th beginning line begins.
func (r *reader) uuFile(p *entity.Part, ordinal int, name string) Attachment {
	name = fileName(charset.OneLine(name))
	if name == "" {
		name = defaultName(p.ChildPath(ordinal), "")
	}
	return Attachment{
		Name:      cutName(name, r.limits.Name),
		MediaType: "application/octet-stream",
		open: func(raw io.ReaderAt) io.Reader {
			return entity.UUBlock(p.Open(raw), p.Body.Size(), ordinal)
		},
	}
}
