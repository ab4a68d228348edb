package completion

import (
	"bufio"
	"fmt"
	"strings"
)

// bash writes a function that knows what may follow each verb. The shell splits --flag=value into three words.
func bash(w *bufio.Writer, program string, places []place) {
	fmt.Fprintf(w, `# %[1]s completion bash: put this into ~/.local/share/bash-completion/completions/%[1]s,
# or evaluate it in ~/.bashrc: source <(%[1]s completion bash)

_%[1]s() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} place= i
	local verbs= flags= files= values=
	if [[ $word == "=" ]]; then
		word=
	elif [[ $before == "=" ]]; then
		before=${COMP_WORDS[COMP_CWORD-2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i-1]} in
			%[2]s) continue ;;
		esac
		case "$place ${COMP_WORDS[i]}" in
			%[3]s) place="$place ${COMP_WORDS[i]}" ;;
		esac
	done
	case $place in
`, program, strings.Join(valued(places), " | "), strings.Join(verbWords(places), " | "))
	for _, p := range places {
		bashPlace(w, p)
	}
	w.WriteString(`	esac
	if [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W "$flags" -- "$word"))
	elif [[ $files ]]; then
		compopt -o filenames 2>/dev/null
		COMPREPLY=()
		while IFS= read -r i; do COMPREPLY+=("$i"); done < <(compgen -f -- "$word")
	else
		COMPREPLY=($(compgen -W "$verbs$values" -- "$word"))
	fi
}
`)
	fmt.Fprintf(w, "complete -F _%s %[1]s\n", program)
}

// bashPlace writes what may follow at a place, and behind each of its flags.
func bashPlace(w *bufio.Writer, p place) {
	fmt.Fprintf(w, "\t\t%s)\n", quoted(spaced(p.path)))
	var names, verbs []string
	for _, f := range p.flags {
		names = append(names, "--"+f.long)
	}
	for _, v := range p.verbs {
		verbs = append(verbs, v.name)
	}
	fmt.Fprintf(w, "\t\t\tverbs=%s flags=%s files=%s\n\t\t\tcase $before in\n",
		quoted(strings.Join(verbs, " ")), quoted(strings.Join(names, " ")), yes(p.files))
	for _, f := range p.flags {
		if !f.values.none {
			fmt.Fprintf(w, "\t\t\t\t%s) verbs= files=%s values=%s ;;\n",
				strings.Join(f.names(), " | "), yes(f.values.files), quoted(strings.Join(f.values.words, " ")))
		}
	}
	w.WriteString("\t\t\tesac\n\t\t\t;;\n")
}

// yes returns a word for true, nothing for false.
func yes(is bool) string {
	if is {
		return "yes"
	}
	return ""
}

// spaced returns the path of a place with a space before each verb.
func spaced(path string) string {
	if path == "" {
		return ""
	}
	return " " + path
}

// verbWords returns every path, as patterns that a case of the shell compares with.
func verbWords(places []place) []string {
	var all []string
	for _, p := range places {
		if p.path != "" {
			all = append(all, quoted(spaced(p.path)))
		}
	}
	return all
}
