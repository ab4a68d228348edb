package completion

import (
	"bufio"
	"fmt"
	"strings"
)

// fish writes a line for each word that may be completed, with the place at which it is offered.
func fish(w *bufio.Writer, program string, places []place) {
	fmt.Fprintf(w, `# %[1]s completion fish: put this into ~/.config/fish/completions/%[1]s.fish

function __%[1]s_at --description 'Reports whether the command line is behind these verbs'
	set -l place
	set -l before
	for word in (commandline -opc)[2..]
		if not contains -- "$before" %[2]s
			switch "$place $word"
				case %[3]s
					set place "$place $word"
			end
		end
		set before $word
	end
	test "$place" = "$argv[1]"
end

complete -c %[1]s -f
`, program, strings.Join(valued(places), " "), strings.Join(verbWords(places), " "))
	for _, p := range places {
		at := fmt.Sprintf("complete -c %s -n %s", program, quoted(fmt.Sprintf("__%s_at %s", program, quoted(spaced(p.path)))))
		for _, v := range p.verbs {
			fmt.Fprintf(w, "%s -a %s -d %s\n", at, v.name, fishQuoted(v.help))
		}
		if p.files {
			fmt.Fprintf(w, "%s -F\n", at)
		}
		for _, f := range p.flags {
			fmt.Fprintf(w, "%s -l %s%s -d %s\n", at, f.long, fishFlag(f), fishQuoted(f.help))
		}
	}
}

// fishFlag returns the rest of a flag: its short form, and what follows it.
func fishFlag(f flag) string {
	var rest string
	if f.short != "" {
		rest = " -s " + f.short
	}
	switch {
	case f.values.none:
	case f.values.files:
		rest += " -rF"
	case len(f.values.words) > 0:
		rest += " -xa " + fishQuoted(strings.Join(f.values.words, " "))
	default:
		rest += " -x"
	}
	return rest
}

// fishQuoted returns text as fish reads it, between single quotes.
func fishQuoted(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}
