package config

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Explanation returns what the reference says about a tag of one kind of file: its text, its values and its default. isService
// selects the service file.
func Explanation(isService bool, name string) (string, error) {
	tag, _, err := setOf(isService).named(name)
	if err != nil {
		return "", err
	}
	docs, err := documentations()
	if err != nil {
		return "", err
	}
	doc := docs[tag.field]
	lines := []string{doc.text, "Values: " + tag.Values + "."}
	if otherwise := strings.TrimSuffix(cmp.Or(doc.otherwise, tag.Default), "."); otherwise != "" {
		lines = append(lines, "Default: "+otherwise+".")
	}
	return strings.Join(lines, "\n"), nil
}

// Summary returns the first sentence of what the reference says about a tag, or all of it where a sentence explains only one of
// its values: "None: no TLS". It has no period at its end.
func Summary(isService bool, name string) (string, error) {
	text, err := Explanation(isService, name)
	text, _, _ = strings.Cut(text, "\n")
	return summaryOf(text), err
}

var explainsValue = regexp.MustCompile(`^[A-Za-z]+: `)

// summaryOf returns the summary of a tag's text.
func summaryOf(text string) string {
	if !explainsValue.MatchString(text) {
		text, _, _ = strings.Cut(text, ". ")
	}
	return strings.TrimSuffix(text, ".")
}

// Composition is a new file of the configuration for people: each tag has a comment with its summary.
type Composition struct {
	IsService bool
	Heading   []string          // lines of the comment at the top
	Values    map[string]string // of tags, by their names in the reference
	Optional  []string          // tags that a comment shows, with their default or an example
}

// Octets returns the file in UTF-8. A value that the loader would not accept is an *EditError.
func (c Composition) Octets() ([]byte, error) {
	root, tags := mailboxRoot, mailboxTags()
	if c.IsService {
		root, tags = serviceRoot, serviceTags()
	}
	docs, err := documentations()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- %s -->\n<%s>\n", commentText(strings.Join(c.Heading, "\n     ")), root)
	isInServer, section := false, ""
	for _, tag := range tags {
		value, isGiven := c.Values[tag.Name]
		if !isGiven && !slices.Contains(c.Optional, tag.Name) {
			continue
		}
		if value, err = tag.accepted(value); err != nil {
			return nil, err
		}
		if tag.InServer != isInServer {
			isInServer = tag.InServer
			b.WriteString(map[bool]string{true: "\n  <Server>\n", false: "  </Server>\n"}[isInServer])
		} else if section != "" && section != tag.Section {
			b.WriteString("\n")
		}
		section = tag.Section
		indent := map[bool]string{true: "    ", false: "  "}[isInServer]
		summary := summaryOf(docs[tag.field].text) + "."
		if isGiven {
			fmt.Fprintf(&b, "%s%s\n%s%s\n", indent, wrappedComment(summary, indent), indent, tag.line(escaped(value)))
			continue
		}
		example := tag.line(cmp.Or(tag.Default, tag.Example))
		fmt.Fprintf(&b, "%s%s\n", indent, wrappedComment(example+"  "+summary, indent))
	}
	if isInServer {
		b.WriteString("  </Server>\n")
	}
	fmt.Fprintf(&b, "</%s>\n", root)
	return b.Bytes(), nil
}

// wrappedComment returns a comment whose lines have at most some 110 characters, each but the first with the indent.
func wrappedComment(text, indent string) string {
	const longest = 110
	var b strings.Builder
	length := len(indent)
	for i, word := range strings.Split("<!-- "+commentText(text)+" -->", " ") {
		switch {
		case i == 0:
		case length+1+len(word) > longest && word != "-->":
			b.WriteString("\n" + indent + "    ")
			length = len(indent) + 4
			fallthrough
		default:
			b.WriteString(" ")
			length++
		}
		b.WriteString(word)
		length += len(word)
	}
	return b.String()
}

// commentText returns a text that may stand in a comment of XML, where two hyphens in a row are not allowed.
func commentText(text string) string {
	for strings.Contains(text, "--") {
		text = strings.ReplaceAll(text, "--", "- -")
	}
	return text
}

// Accepts returns an *EditError unless the loader accepts a value for a tag of a mailbox file or, with isService, of the
// service file. Rules between tags are not applied.
func Accepts(isService bool, name, value string) error {
	tag, _, err := setOf(isService).named(name)
	if err == nil {
		_, err = tag.accepted(value)
	}
	return err
}

// HoldsSecret reports whether the value of a tag is a secret, and not only the path of a file with one.
func HoldsSecret(isService bool, name string) bool {
	tag, _, err := setOf(isService).named(name)
	if err != nil {
		return false
	}
	value, _, _ := tag.kind.parse("host=example")
	_, is := value.(Secret)
	return is
}

// setOf returns the tags of a mailbox file or of the service file.
func setOf(isService bool) *tagSet {
	if isService {
		return serviceSet()
	}
	return mailboxSet()
}
