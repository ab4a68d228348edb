// Package manual writes mailintegration(1), the manual page of the command line. Verbs, flags and arguments come from the
// model of the command line; the exit codes, files, variables and examples stand here.
//
// # Files
//
//	manual.go  Write: the page, section by section; the verbs
//	prose.go   the sections that no model has
package manual
