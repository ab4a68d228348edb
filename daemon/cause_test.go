package daemon

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mailintegration/mailbox"
	"mailintegration/store"
)

func TestCauseOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  error
		want Cause
	}{
		{"no error", nil, CauseNone},
		{"an error without a class", errors.New("what?"), CauseUnknown},
		{"a stop", context.Canceled, CauseStopped},
		{"a lost lease", errLeaseLost, CauseLease},
		{"a stop of a poll that also failed", errors.Join(store.ErrUnavailable, context.Canceled), CauseStopped},
		{"a panic", &panicError{"oops", nil}, CausePanic},
		{"a configuration that cannot work", &ProblemError{errors.New("no")}, CauseConfiguration},
		{"a name that is missing", &store.UnresolvedError{}, CauseNames},
		{"a beat without an answer", &silentError{defaultBeatTime}, CauseDatabase},
		{"a database without an answer", context.DeadlineExceeded, CauseDatabase},
		{"messages that keep failing", &lastingError{errors.New("what?")}, CauseMessage},
		{"messages that keep failing for a known reason", &lastingError{mailbox.ErrSpool}, CauseSpool},
		{"an attachment directory that is not mounted", store.ErrNoMarker, CauseAttachmentDirectory},
		{"an attachment directory of another database", store.ErrForeignDirectory, CauseAttachmentDirectory},
		{"a copy of the database", store.ErrCopy, CauseAttachmentDirectory},
		{"a share that hangs", store.ErrHanging, CauseAttachmentDirectory},
		{"a refusal with a class", &mailbox.Error{Reply: "-ERR [AUTH]", Err: mailbox.ErrCredentials}, CauseLogin},
		{"a refusal without a class", &mailbox.Error{Reply: "-ERR", Err: mailbox.ErrRefused}, CauseServer},
		{"a token that the server refused", fmt.Errorf("%w: %w", mailbox.ErrTokenRefused, mailbox.ErrTimeout), CauseToken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := CauseOf(tt.err); got != tt.want {
				t.Errorf("cause %q, want %q", got, tt.want)
			}
			if tt.err != nil && CauseOf(fmt.Errorf("poll: %w", tt.err)) != tt.want {
				t.Error("the cause of the wrapped error is another one")
			}
		})
	}
}

// withoutCause are the classes of store that no poll ends with: they answer to a person's command, or to a caller that acts on them.
var withoutCause = []string{
	"ErrNotAside", "ErrProcessed", "ErrOtherTeam", "ErrExists", "ErrUnknown", "ErrAssigned", "ErrProblemOpen", "ErrNoPassword", "ErrWrongPassword",
	"ErrTooManyTokens", "ErrRoles", "ErrOutcome", "ErrMessageName", "ErrDamaged", "ErrBackupRuns", "ErrPooled", "ErrExposed",
}

// TestEveryClassOfErrorsHasACause reads the exported errors of mailbox and store from their source.
func TestEveryClassOfErrorsHasACause(t *testing.T) {
	t.Parallel()
	table := readFile(t, "cause.go")
	for _, dir := range []string{"mailbox", "store"} {
		paths, err := filepath.Glob("../" + dir + "/*.go")
		if err != nil || len(paths) == 0 {
			t.Fatalf("no files of %s: %v", dir, err)
		}
		for _, path := range paths {
			file, err := goparser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for name, object := range file.Scope.Objects {
				if object.Kind != ast.Var || !strings.HasPrefix(name, "Err") || strings.Contains(strings.Join(withoutCause, " "), name) {
					continue
				}
				isDirectory := name == "ErrNoMarker" || name == "ErrForeignDirectory" || name == "ErrCopy" || name == "ErrHanging"
				if !isDirectory && !strings.Contains(table, "{"+dir+"."+name+", ") {
					t.Errorf("cause.go has no cause for %s.%s", dir, name)
				}
			}
		}
	}
}

func TestCausesNamesEachCause(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("cause.go")
	if err != nil {
		t.Fatal(err)
	}
	var want []Cause
	for _, m := range regexp.MustCompile(`Cause += "(\w+)"`).FindAllSubmatch(source, -1) {
		want = append(want, Cause(m[1]))
	}
	if got := Causes(); !slices.Equal(got, want) || len(want) < 20 {
		t.Errorf("Causes returns %v, want %v", got, want)
	}
}
