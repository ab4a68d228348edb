package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// interview asks a person questions in a terminal, one line each. Each question has a flag, for scripts and for people who know
// the answer. Where nobody can be asked, it notes the flags that are missing.
type interview struct {
	*env
	input   *os.File // nil: nobody can be asked
	missing []string // flags without which there is no answer
}

// newInterview returns an interview with the person at the terminal, if there is one and the command line does not forbid it.
func newInterview(e *env, noInput bool) *interview {
	i := &interview{env: e}
	if !noInput && isTerminalInput(e.stdin) {
		i.input = e.stdin.(*os.File)
	}
	return i
}

// question is one question.
type question struct {
	flag      string   // without --
	given     string   // on the command line, "" for nothing
	title     string   // the prompt
	says      string   // what it means, in a line
	help      string   // the answer to ?
	otherwise string   // the answer to an empty line
	choices   []string // the answers that are possible, none for any
	optional  bool     // an empty answer is one
	check     func(answer string) (string, error)
}

// errStopped says that the person has ended the interview.
var errStopped = &failure{code: exitFailed, err: errors.New("stopped; nothing was written"), hint: "run the same command again to begin anew"}

// ask returns the answer to a question: from the command line, from the person, or the default. It asks again until the answer
// is good.
func (i *interview) ask(q question) (string, error) {
	if q.given != "" {
		answer, err := q.checked(q.given)
		if err != nil {
			return "", &failure{code: exitUsage, err: fmt.Errorf("--%s: %w", q.flag, err), hint: "give another value for --" + q.flag}
		}
		return answer, nil
	}
	if i.input == nil {
		if q.otherwise == "" && !q.optional {
			i.missing = append(i.missing, "--"+q.flag)
		}
		return q.otherwise, nil
	}
	fmt.Fprintln(i.stderr)
	if q.says != "" {
		i.say("%s.", q.says)
	}
	for {
		fmt.Fprint(i.stderr, wrapped(inOneLine(q.prompt()), windowWidth(i.stderr)))
		answer, err := i.line()
		if err != nil {
			return "", err
		}
		switch answer = strings.TrimSpace(answer); {
		case answer == "?":
			fmt.Fprintln(i.stderr, wrapped(q.explained(), windowWidth(i.stderr)))
			continue
		case answer == "" && q.otherwise != "":
			answer = q.otherwise
		case answer == "" && q.optional:
			return "", nil
		case answer == "":
			i.say("Please answer; ? explains the question, Ctrl-C ends without writing anything.")
			continue
		}
		if answer, err = q.checked(answer); err == nil {
			return answer, nil
		}
		i.say("That does not work: %v", err)
	}
}

// say prints a line to the person, wrapped to the width of the window.
func (i *interview) say(format string, args ...any) {
	fmt.Fprintln(i.stderr, wrapped(inOneLine(fmt.Sprintf(format, args...)), windowWidth(i.stderr)))
}

// prompt returns the question with its choices and its default.
func (q question) prompt() string {
	text := q.title
	if len(q.choices) > 0 {
		text += " (" + strings.Join(q.choices, ", ") + ")"
	}
	switch {
	case q.otherwise != "":
		text += " [" + q.otherwise + "]"
	case q.optional:
		text += " [none]"
	}
	return text + ": "
}

// explained returns the answer to ?.
func (q question) explained() string {
	text := q.help
	if text == "" {
		text = q.says + "."
	}
	if q.flag == "" {
		return text
	}
	return text + "\nOn the command line: --" + q.flag
}

// checked returns an answer in its usual form, or why it cannot be used. A choice may be shortened.
func (q question) checked(answer string) (string, error) {
	if len(q.choices) > 0 {
		i := slices.IndexFunc(q.choices, func(c string) bool { return strings.HasPrefix(c, strings.ToLower(answer)) })
		if i < 0 {
			return "", fmt.Errorf("%s is none of %s", shownAnswer(answer), strings.Join(q.choices, ", "))
		}
		answer = q.choices[i]
	}
	if q.check == nil {
		return answer, nil
	}
	return q.check(answer)
}

// shownAnswer returns an answer in one line of limited length.
func shownAnswer(answer string) string {
	const longest = 60
	if r := []rune(answer); len(r) > longest {
		answer = string(r[:longest]) + "…"
	}
	return inOneLine(answer)
}

// confirm asks a question whose answer is yes or no. Where nobody can be asked, the default is the answer.
func (i *interview) confirm(title, says string, otherwise bool) (bool, error) {
	answer, err := i.ask(question{
		title: title, says: says, choices: []string{"yes", "no"}, otherwise: map[bool]string{true: "yes", false: "no"}[otherwise],
	})
	return answer == "yes", err
}

// secret asks for a password, which the terminal does not show.
func (i *interview) secret(says, prompt string) (string, error) {
	fmt.Fprintln(i.stderr)
	i.say("%s.", says)
	for {
		answer, err := ask(i.env, i.input, prompt)
		switch {
		case err != nil && (errors.Is(err, errUntyped) || i.ctx.Err() != nil):
			return "", errStopped
		case err != nil:
			return "", err
		case answer != "":
			return answer, nil
		}
		i.say("Please type the password; Ctrl-C ends without writing anything.")
	}
}

// line reads a line. It takes no octet beyond it, which may belong to a password.
func (i *interview) line() (string, error) {
	line, err := readTyped(stoppable{i.ctx, i.input})
	if errors.Is(err, io.EOF) || i.ctx.Err() != nil {
		fmt.Fprintln(i.stderr)
		return "", errStopped
	}
	return line, err
}

// maxTyped limits the length of a line that a person types.
const maxTyped = 4096

// readTyped reads up to the end of a line, octet by octet. The end of the input before that is an error.
func readTyped(r io.Reader) (string, error) {
	var line []byte
	octet := make([]byte, 1)
	for len(line) < maxTyped {
		n, err := r.Read(octet)
		if n == 1 && octet[0] == '\n' {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, octet[:n]...)
		if err != nil {
			return "", err
		}
	}
	return "", errors.New("the line is too long")
}

// complete returns an error that names all flags that are missing.
func (i *interview) complete() error {
	if len(i.missing) == 0 {
		return nil
	}
	slices.Sort(i.missing)
	return &failure{
		code: exitUsage, err: errors.New("nobody can be asked here, and these flags are missing: " + strings.Join(i.missing, ", ")),
		hint: "give them, or run this in a terminal, which asks the questions",
	}
}
