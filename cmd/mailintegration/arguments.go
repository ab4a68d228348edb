package main

import (
	"strings"

	"mailintegration/cmd/mailintegration/octopus"
)

// ownArguments returns a copy of the arguments of this process, and overwrites the passwords in the original where the operating
// system shows them to other accounts: in the list of processes.
func ownArguments(arguments []string) []string {
	copied := make([]string, len(arguments))
	for i, a := range arguments {
		copied[i] = strings.Clone(a)
	}
	for _, secret := range octopus.Secrets(arguments) {
		overwrite(secret)
	}
	return copied
}
