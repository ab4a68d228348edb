// Package language holds the words that mail programs write in each language: prefixes of subjects, labels of quoted
// mail, sentences before a quote, salutations.
//
// A language is one file in the folder data, named after its tag (RFC 5646). It is embedded, and read once. To add a
// language, add a file: no code names one. To add a word, add it to the list in its file, in lower case, and name the
// program that writes it in a Source. The tests tell when a word contradicts one of another language.
//
// # Files
//
//	language.go  Language and All
//	read.go      one file as a Language
//	fold.go      the form in which words are compared
package language
