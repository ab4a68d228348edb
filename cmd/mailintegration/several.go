package main

import (
	"errors"
	"fmt"
)

// several does something for each number by itself, prints the line that f returns or else its error, and returns an error
// if any failed. With a single number, the error is that of f.
func several(e *env, numbers []int64, f func(number int64) (string, error)) error {
	failed, code := 0, exitFailed
	for _, number := range numbers {
		line, err := f(number)
		switch {
		case err == nil:
			printLine(e.stdout, "%s", line)
		case len(numbers) == 1 || e.ctx.Err() != nil:
			return err
		default:
			failed++
			code = report(e.stderr, err)
		}
	}
	switch {
	case failed == 0:
		return nil
	case failed < len(numbers):
		code = exitFailed
	}
	return &failure{code: code, err: fmt.Errorf("%d of %d failed", failed, len(numbers)), hint: "read the lines above"}
}

// errNobody says that nobody is named who does something.
var errNobody = errors.New("it must be known who does this")
