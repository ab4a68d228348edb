package processor

import (
	"io"
	"strings"

	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
)

// uuFiles bounds the files that one text may hold.
const uuFiles = 20

// uuencoded takes the files out of a text that were put into it as uuencode(1) writes them, which programs did before
// MIME. A block that is not whole stays text.
func (r *reader) uuencoded(p *entity.Part, text string) (rest string, files []Attachment) {
	if !strings.HasPrefix(text, "begin ") && !strings.Contains(text, "\nbegin ") {
		return text, nil
	}
	lines := strings.Split(text, "\n")
	var kept []string
	ordinal := 0 // of lines that look like the beginning of a block
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

// uuEnd is the line that ends a block whose first line of data is i, -1 when the lines are no data.
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

// isUULine says whether a line has as many characters as its first one says. Spaces at its end may be lost, and there may
// be a check digit.
func isUULine(ln string) bool {
	if ln == "" {
		return true // a line of no octets, whose space was lost
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

// uuFile makes an attachment of the block that is begun by the ordinal-th line that looks so.
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
