package completion

import (
	"bufio"
	"fmt"
	"strings"
)

// zsh writes a function that describes what may follow each verb.
func zsh(w *bufio.Writer, program string, places []place) {
	fmt.Fprintf(w, `#compdef %[1]s
# %[1]s completion zsh: put this into a folder of $fpath as _%[1]s,
# or evaluate it in ~/.zshrc, behind compinit: source <(%[1]s completion zsh)

_%[1]s() {
	local word=$words[CURRENT] before=$words[CURRENT-1] place= i files=
	local -a verbs flags values
	if [[ $word == --*=* ]]; then
		before=${word%%%%=*}
		compset -P '*='
	fi
	for ((i = 2; i < CURRENT; i++)); do
		case $words[i-1] in
			%[2]s) continue ;;
		esac
		case "$place $words[i]" in
			%[3]s) place="$place $words[i]" ;;
		esac
	done
	case $place in
`, program, strings.Join(valued(places), " | "), strings.Join(verbWords(places), " | "))
	for _, p := range places {
		zshPlace(w, p)
	}
	fmt.Fprintf(w, `	esac
	if [[ $PREFIX == -* ]]; then
		_describe -o flag flags
	elif [[ -n $files ]]; then
		_files
	elif (( $#values )); then
		compadd -- $values
	elif (( $#verbs )); then
		_describe verb verbs
	fi
}
if [[ $funcstack[1] == _%[1]s ]]; then _%[1]s "$@"; else compdef _%[1]s %[1]s; fi
`, program)
}

// zshPlace writes what may follow at a place, and behind each of its flags.
func zshPlace(w *bufio.Writer, p place) {
	fmt.Fprintf(w, "\t\t%s)\n\t\t\tfiles=%s\n\t\t\tverbs=(\n", quoted(spaced(p.path)), yes(p.files))
	for _, v := range p.verbs {
		fmt.Fprintf(w, "\t\t\t\t%s\n", described(v.name, v.help))
	}
	w.WriteString("\t\t\t)\n\t\t\tflags=(\n")
	for _, f := range p.flags {
		fmt.Fprintf(w, "\t\t\t\t%s\n", described("--"+f.long, f.help))
	}
	w.WriteString("\t\t\t)\n\t\t\tcase $before in\n")
	for _, f := range p.flags {
		if !f.values.none {
			fmt.Fprintf(w, "\t\t\t\t%s) verbs=() files=%s values=(%s) ;;\n",
				strings.Join(f.names(), " | "), yes(f.values.files), strings.Join(f.values.words, " "))
		}
	}
	w.WriteString("\t\t\tesac\n\t\t\t;;\n")
}

// described returns a word with its help, in the form that _describe reads.
func described(name, help string) string {
	return quoted(strings.ReplaceAll(name, ":", `\:`) + ":" + strings.ReplaceAll(help, ":", `\:`))
}
