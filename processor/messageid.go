package processor

import (
	"strings"

	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
)

// parseMessageIDs returns the msg-ids of a field (RFC 5322 §3.6.4) without angle brackets, each once, in their order. It
// skips the text that old programs put between them in In-Reply-To; without any brackets it returns the words with an
// "@". tooLong reports that it dropped an msg-id of more than longest octets.
func parseMessageIDs(field string, longest int) (ids []string, tooLong bool) {
	field = entity.DecodeUnmarked(field)
	candidates := inBrackets(field)
	if len(candidates) == 0 {
		for _, word := range strings.FieldsFunc(field, func(r rune) bool { return r <= ' ' || r == ',' || r == ';' }) {
			word = strings.Trim(word, "<>")
			if strings.Contains(word, "@") {
				candidates = append(candidates, word)
			}
		}
	}
	seen := make(map[string]bool, len(candidates))
	for _, id := range candidates {
		switch {
		case len(id) > longest:
			tooLong = true
		case id != "" && !seen[id]:
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, tooLong
}

// inBrackets returns the contents of angle brackets, without the white space that folding puts into them.
func inBrackets(field string) []string {
	var found []string
	for {
		open := strings.IndexByte(field, '<')
		if open < 0 {
			return found
		}
		field = field[open+1:]
		end := strings.IndexAny(field, "<>")
		if end < 0 {
			end = len(field)
		}
		if id := charset.RemoveSpace(field[:end]); id != "" {
			found = append(found, id)
		}
		field = field[end:]
	}
}

// parseMessageID returns the msg-id of a Message-ID field: the content of its brackets, else all of it.
func parseMessageID(field string, longest int) (id string, tooLong bool) {
	ids, tooLong := parseMessageIDs(field, longest)
	if len(ids) > 0 {
		return ids[0], tooLong
	}
	id = charset.RemoveSpace(entity.DecodeUnmarked(field))
	id = strings.Trim(id, "<>")
	if tooLong || len(id) > longest {
		return "", true
	}
	return id, false
}

// newest returns the last n of ids.
func newest(ids []string, n int) (kept []string, isCut bool) {
	if len(ids) <= n {
		return ids, false
	}
	return ids[len(ids)-n:], true
}
