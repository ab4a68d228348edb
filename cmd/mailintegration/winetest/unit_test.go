//go:build wine

package winetest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// unitTimeout limits the tests of one package. It only ends what hangs.
const unitTimeout = 30 * time.Minute

// testResult matches the result of one test, or of one of its cases, in the output of go test -v.
var testResult = regexp.MustCompile(`(?m)^ *--- (PASS|FAIL|SKIP): `)

// TestUnitTestsOfTheWindowsBuild runs the test binaries that the script has built, each in its package's directory.
func TestUnitTestsOfTheWindowsBuild(t *testing.T) {
	built, err := filepath.Glob(filepath.Join(os.Getenv(binariesEnvironment), "unit", "*.test.exe"))
	if err != nil || len(built) == 0 {
		t.Fatalf("%d test binaries (%v): run scripts/e2e-windows, which builds them", len(built), err)
	}
	// Messages are parsed alike on every system: the corpus of real ones, which CI demands, is read by the host's own tests.
	environment := append(host(t), "CORPUS_DIR=", "CASES_DIR=", "CI=")
	for _, binary := range built {
		name := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(binary), ".test.exe"), "+", "/")
		t.Run(name, func(t *testing.T) {
			output, err := unitTests(t, binary, filepath.Join("../../..", name), environment)
			passed, skipped := count(output, "PASS"), count(output, "SKIP")
			t.Logf("%s: %d passed, %d failed, %d skipped", name, passed, count(output, "FAIL"), skipped)
			if err != nil || passed == 0 {
				t.Errorf("%v\n%s", err, failures(output))
			}
		})
	}
}

// unitTests runs one test binary and returns what it printed.
func unitTests(t *testing.T, binary, directory string, environment []string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), unitTimeout)
	defer cancel()
	args := []string{windowsPath(binary), "-test.v", "-test.timeout=" + (unitTimeout - time.Minute).String()}
	if pattern := os.Getenv("E2E_WINDOWS_RUN"); pattern != "" {
		args = append(args, "-test.run="+pattern)
	}
	output, code, err := run(t, exec.CommandContext(ctx, "wine", args...), directory, environment)
	if err == nil && code != 0 {
		err = fmt.Errorf("exit code %d", code)
	}
	return output, err
}

// count returns how many tests have a result. Go prints it once for each test and each case.
func count(output, result string) (n int) {
	for _, m := range testResult.FindAllStringSubmatch(output, -1) {
		if m[1] == result {
			n++
		}
	}
	return n
}

// failures returns the output without the results of tests that passed, and without the order in which they ran.
func failures(output string) string {
	var kept strings.Builder
	output, _, _ = strings.Cut(output, "\ngoroutine ") // of a test that did not end
	for line := range strings.Lines(output) {
		trimmed := strings.TrimSpace(line)
		if !strings.HasPrefix(trimmed, "=== ") && !strings.HasPrefix(trimmed, "--- PASS") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
