package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"
)

// logLine is a line of the log, taken apart.
type logLine struct {
	time   time.Time
	level  zapcore.Level
	logger string // "daemon", "poll", …; "" for this package
	event  string
	fields []logField // in their order
}

// logField is a field of a line, its value as a person reads it.
type logField struct{ name, value string }

// parseLogLine takes a line apart that the log wrote as JSON. It reports whether the line is one.
func parseLogLine(text []byte) (logLine, bool) {
	var l logLine
	dec := json.NewDecoder(bytes.NewReader(text))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return l, false
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return l, false
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return l, false
		}
		l.add(fmt.Sprint(name), textOf(raw))
	}
	return l, l.event != ""
}

// add adds what the log says under a name. What is said twice under the same name counts once.
func (l *logLine) add(name, value string) {
	switch name {
	case "time":
		l.time, _ = time.Parse(time.RFC3339, value)
	case "level":
		l.level, _ = zapcore.ParseLevel(value)
	case "logger":
		l.logger = value
	case "msg":
		l.event = value
	default:
		for i := range l.fields {
			if l.fields[i].name == name {
				l.fields[i].value = value
				return
			}
		}
		l.fields = append(l.fields, logField{name, value})
	}
}

// textOf returns a value of JSON as a person reads it: the texts of a list are separated by commas.
func textOf(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return string(raw)
	}
	var all []string
	for _, one := range list {
		all = append(all, textOf(one))
	}
	return strings.Join(all, ", ")
}

// field returns the value of a field, "" without it.
func (l logLine) field(name string) string {
	for _, f := range l.fields {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// message returns the line as a person reads it, without time and level: which mailbox, what happened, why, the other fields,
// what to do.
func (l logLine) message() string {
	var s strings.Builder
	if mailbox := l.field("mailbox"); mailbox != "" {
		s.WriteString(mailbox + ": ")
	}
	s.WriteString(l.event)
	if err := l.field("error"); err != "" {
		s.WriteString(": " + err)
	}
	separator := " ("
	for _, f := range l.fields {
		switch f.name {
		case "mailbox", "error", "hint", "stack":
		default:
			s.WriteString(separator + f.name + "=" + quotedIfNeeded(f.value))
			separator = " "
		}
	}
	if separator == " " {
		s.WriteByte(')')
	}
	if hint := l.field("hint"); hint != "" {
		s.WriteString("; hint: " + hint)
	}
	return s.String()
}

// quotedIfNeeded returns a value so that a reader sees where it ends.
func quotedIfNeeded(value string) string {
	if value == "" || strings.ContainsAny(value, " \t\r\n\"=()") {
		return strconv.Quote(value)
	}
	return value
}
