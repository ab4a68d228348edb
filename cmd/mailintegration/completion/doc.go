// Package completion writes the completions of the command line for shells. They come from the model of the command line, so
// that they offer every verb and flag with its help, and none that does not exist. Hidden verbs and flags are left out.
//
// # Files
//
//	completion.go  Write, and the places of the command line: a verb with what may follow it
//	bash.go        the script for bash
//	zsh.go         the script for zsh
//	fish.go        the script for fish
package completion
