package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind is how the text of a tag is read and written. What a Mistake says of a bad value and what the reference says
// of good ones come from the same two words.
type kind struct {
	noun   string // what a value is: "a port"
	values string // what is right: "1–65535"
	secret bool   // a bad value is not shown either

	// parse reads the text, which is trimmed and not empty, except that a secret kind gets it as it stands. The
	// detail says what is wrong with it, "" when "is not a port (1–65535)" says it all.
	parse func(text string) (value any, detail string, ok bool)
	// format is the reverse of parse.
	format func(value any) string
}

// wrong says that text is no value of the kind. A text that must stay quiet is left out.
func (k kind) wrong(text, detail string, quiet bool) string {
	var b strings.Builder
	if !quiet && !k.secret {
		b.WriteString(shown(text) + " ")
	}
	b.WriteString("is not " + k.noun)
	if detail != "" && !quiet {
		b.WriteString(": " + detail)
	}
	if k.values != "" {
		b.WriteString(" (" + k.values + ")")
	}
	return b.String()
}

// shown returns text as a message shows it: without passwords, cut, and in quotation marks unless it is a plain word.
func shown(text string) string {
	const longest = 120
	text = withoutCredentials(text)
	if r := []rune(text); len(r) > longest {
		text = string(r[:longest]) + "…"
	}
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r == ' ' || r == '"' || !strconv.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

// kindOf returns the kind that a field's check tag names, or else the one of its type.
func kindOf(field reflect.StructField) kind {
	name, arg, _ := strings.Cut(field.Tag.Get("check"), " ")
	switch name {
	case "port":
		return portKind()
	case "size":
		return sizeKind(arg)
	case "milliseconds":
		return millisecondsKind()
	case "leave":
		return leaveKind()
	case "retention":
		return retentionKind()
	case "count":
		return countKind(arg)
	case "host":
		return hostKind()
	case "enum":
		return enumKind(strings.Split(arg, "|"))
	case "processor":
		return processorKind()
	case "name":
		return nameKind()
	case "path":
		return textKind("a path", "relative to the folder of this file, unless absolute")
	case "secretpath":
		return secretPathKind()
	case "header":
		return headerKind()
	case "secret":
		k := passwordKind()
		k.noun = "a secret"
		return k
	case "authority":
		return authorityKind()
	case "database":
		return databaseKind()
	}
	return kindOfType(field.Type, arg)
}

func kindOfType(t reflect.Type, arg string) kind {
	switch reflect.Zero(t).Interface().(type) {
	case bool:
		return boolKind()
	case time.Duration:
		return durationKind(arg)
	case []string:
		return listKind()
	case Schedule:
		return scheduleKind()
	case Pattern:
		return patternKind()
	case Secret:
		return passwordKind()
	}
	return textKind("a single line of text", "")
}

func textKind(noun, values string) kind {
	return kind{
		noun: noun, values: values,
		parse: func(text string) (any, string, bool) {
			return text, "it holds a line break or a control character", isLine(text)
		},
		format: func(v any) string { return reflect.ValueOf(v).String() },
	}
}

// secretPathKind reads the path of a file that holds a secret. It is not shown, because who confuses the tag with that of
// the secret writes the secret here.
func secretPathKind() kind {
	k := textKind("a path", "relative to the folder of this file, unless absolute")
	parse := k.parse
	k.secret, k.parse = true, func(text string) (any, string, bool) { return parse(strings.TrimSpace(text)) }
	return k
}

func nameKind() kind {
	const longest = 100
	k := textKind("a name", fmt.Sprintf("one line of at most %d characters", longest))
	k.parse = func(text string) (any, string, bool) { return text, "", isLine(text) && len([]rune(text)) <= longest }
	return k
}

func boolKind() kind {
	return kind{
		noun: "True or False", values: "or yes, no, 1, 0, in upper or lower case",
		parse: func(text string) (any, string, bool) {
			switch strings.ToLower(text) {
			case "true", "yes", "1":
				return true, "", true
			case "false", "no", "0":
				return false, "", true
			}
			return nil, "", false
		},
		format: func(v any) string {
			if v.(bool) {
				return "True"
			}
			return "False"
		},
	}
}

func portKind() kind {
	k := countKind("1-65535")
	k.noun, k.values = "a port", "1–65535"
	return k
}

// countKind reads a number from first to last, written "first-last".
func countKind(limits string) kind {
	low, high, _ := strings.Cut(limits, "-")
	first, _ := strconv.Atoi(low)
	last, _ := strconv.Atoi(high)
	return kind{
		noun: "a number in the range", values: low + "–" + high,
		parse: func(text string) (any, string, bool) {
			n, err := strconv.Atoi(text)
			return n, "", err == nil && n >= first && n <= last
		},
		format: func(v any) string { return strconv.Itoa(v.(int)) },
	}
}

func enumKind(names []string) kind {
	return kind{
		noun: "a known value", values: strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1],
		parse: func(text string) (any, string, bool) {
			i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, text) })
			if i < 0 {
				return nil, "", false
			}
			return names[i], "", true
		},
		format: func(v any) string { return reflect.ValueOf(v).String() },
	}
}

func listKind() kind {
	return kind{
		noun: "a list", values: "names with commas between them",
		parse: func(text string) (any, string, bool) {
			var list []string
			// False is what the original's sample says for none.
			if strings.EqualFold(text, "False") {
				return list, "", true
			}
			for name := range strings.SplitSeq(text, ",") {
				if name = strings.TrimSpace(name); name != "" {
					list = append(list, name)
				}
			}
			return list, "it holds a control character", !strings.ContainsFunc(text, isForbidden)
		},
		format: func(v any) string { return strings.Join(v.([]string), ", ") },
	}
}

// isLine says whether text has neither line breaks nor control characters: what goes into a POP3 command, a log line or
// a database column.
func isLine(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return isForbidden(r) || r == '\n' || r == '\t' || r == '\r' })
}

// isForbidden says whether r is a control character other than white space.
func isForbidden(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r >= 0x7F && r < 0xA0
}
