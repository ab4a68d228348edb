package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind is a way to read and write the text of a tag. A Mistake about a bad value and the reference take their words
// from the same two fields.
type kind struct {
	noun   string   // a value, in words: "a port"
	values string   // the good values: "1–65535"
	names  []string // the good values, where they can be listed
	secret bool     // no message shows a value, even a bad one

	// parse reads the text, which is trimmed and not empty; a secret kind gets it untrimmed. detail says why the text is
	// bad, "" when "is not a port (1–65535)" says enough.
	parse func(text string) (value any, detail string, ok bool)
	// format writes a value as parse reads it.
	format func(value any) string
}

// wrong returns the message that text is not a value of the kind. It leaves out a text that may be part of a secret.
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

// shown returns text as a message shows it: without passwords, shortened, and quoted unless it is a plain word.
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

// kindOf returns the kind that the check tag of a field names, or else the kind for its type.
func kindOf(field reflect.StructField) kind {
	name, arg, _ := strings.Cut(field.Tag.Get("check"), " ")
	switch name {
	case "port":
		return portKind()
	case "size":
		return sizeKind(arg)
	case "limit":
		return limitKind(arg)
	case "milliseconds":
		return millisecondsKind()
	case "leave":
		return leaveKind()
	case "retention":
		return retentionKind(arg)
	case "count":
		return countKind(arg)
	case "address":
		return addressKind()
	case "host":
		return hostKind()
	case "hosts":
		return hostsKind()
	case "listen":
		return listenKind()
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

// kindOfType returns the kind for the type of a field.
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
	return textKind("one line of text", "")
}

// textKind reads one line of text.
func textKind(noun, values string) kind {
	return kind{
		noun: noun, values: values,
		parse: func(text string) (any, string, bool) {
			return text, "it contains a line break or a control character", isLine(text)
		},
		format: func(v any) string { return reflect.ValueOf(v).String() },
	}
}

// secretPathKind reads the path of a file that holds a secret. Messages do not show the path, because users sometimes
// put the secret itself here.
func secretPathKind() kind {
	k := textKind("a path", "relative to the folder of this file, unless absolute")
	parse := k.parse
	k.secret, k.parse = true, func(text string) (any, string, bool) { return parse(strings.TrimSpace(text)) }
	return k
}

// nameKind reads a short line of text.
func nameKind() kind {
	const longest = 100
	k := textKind("a name", fmt.Sprintf("one line of at most %d characters", longest))
	k.parse = func(text string) (any, string, bool) { return text, "", isLine(text) && len([]rune(text)) <= longest }
	return k
}

// boolKind reads True or False.
func boolKind() kind {
	return kind{
		noun: "True or False", values: "yes, no, 1 and 0 work too, in upper or lower case", names: []string{"True", "False", "yes", "no", "1", "0"},
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

// portKind reads the number of a port.
func portKind() kind {
	k := countKind("1-65535")
	k.noun, k.values = "a port", "1–65535"
	return k
}

// countKind reads a number between limits, which are written "first-last".
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

// enumKind reads one of names, in upper or lower case.
func enumKind(names []string) kind {
	return kind{
		noun: "a known value", values: strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1], names: names,
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

// listKind reads names separated by commas.
func listKind() kind {
	return kind{
		noun: "a list", values: "names separated by commas",
		parse: func(text string) (any, string, bool) {
			var list []string
			// The original's sample writes FALSE for an empty list.
			if isOn, _, isBool := boolKind().parse(text); isBool && isOn == false {
				return list, "", true
			}
			for name := range strings.SplitSeq(text, ",") {
				if name = strings.TrimSpace(name); name != "" {
					list = append(list, name)
				}
			}
			return list, "it contains a control character", !strings.ContainsFunc(text, isForbidden)
		},
		format: func(v any) string { return strings.Join(v.([]string), ", ") },
	}
}

// isLine reports whether text has neither line breaks nor control characters, and so may go into a POP3 command, a log
// line or a database column.
func isLine(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return isForbidden(r) || r == '\n' || r == '\t' || r == '\r' })
}

// isForbidden reports whether r is a control character other than white space.
func isForbidden(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r >= 0x7F && r < 0xA0
}
