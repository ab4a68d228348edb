package main

import (
	"github.com/alecthomas/kong"

	"mailintegration/cmd/mailintegration/completion"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

// Help returns how a shell reads the completions.
func (completionCmd) Help() string {
	return "The packages install the completions. Otherwise let the shell read them when it starts, such as " +
		"source <(mailintegration completion bash) in ~/.bashrc."
}

// Run prints the completions of the command line for a shell.
func (c completionCmd) Run(e *env, program *kong.Kong) error {
	return completion.Write(e.stdout, c.Shell, program.Model.Node)
}
