package main

import (
	"errors"
	"strings"
	"testing"
)

func TestAPasswordIsTheOnlyLineOfItsInput(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"hunter2": "hunter2", "hunter2\r\n": "hunter2", "\uFEFFhunter2\n": "hunter2", " a b \n": " a b ", "": "",
	} {
		got, err := readPassword(strings.NewReader(input))
		if err != nil || got != want {
			t.Errorf("%q is read as %q, %v", input, got, err)
		}
	}
	if _, err := readPassword(strings.NewReader("a\nb")); !errors.Is(err, errTwoPasswords) {
		t.Errorf("two lines: %v", err)
	}
}
