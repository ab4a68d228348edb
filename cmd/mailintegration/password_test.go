package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestAPasswordIsTheOnlyLineOfItsInput(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"hunter2": "hunter2", "hunter2\r\n": "hunter2", "\uFEFFhunter2\n": "hunter2", " a b \n": " a b ", "": "",
	} {
		got, err := readPassword(t.Context(), strings.NewReader(input))
		if err != nil || got != want {
			t.Errorf("%q is read as %q, %v", input, got, err)
		}
	}
	if _, err := readPassword(t.Context(), strings.NewReader("a\nb")); !errors.Is(err, errTwoPasswords) {
		t.Errorf("two lines: %v", err)
	}
}

func TestAStopEndsTheWaitForAPasswordThatNobodySends(t *testing.T) {
	t.Parallel()
	silent, keepsOpen := io.Pipe()
	defer keepsOpen.Close()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := readPassword(ctx, silent); !errors.Is(err, context.Canceled) {
		t.Errorf("the wait ended with %v", err)
	}
}
