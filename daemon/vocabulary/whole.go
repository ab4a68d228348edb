package vocabulary

import (
	"flag"
	"fmt"
	"os"
	"slices"
)

// everyEvent names the environment variable that asks for the comparison.
const everyEvent = "MAILINTEGRATION_TEST_EVERY_EVENT"

// RunWhole runs a package's tests and returns the exit code. When all of them ran and passed, and MAILINTEGRATION_TEST_EVERY_EVENT
// is set, it compares what was logged with
// the events of the program: the package's own must all have been logged, but for those that this system cannot cause.
func (r *Recorder) RunWhole(run func() int, module, folder string, impossible ...string) int {
	code := run()
	if code != 0 || os.Getenv(everyEvent) == "" || !isWhole() {
		return code
	}
	all, err := Read(module)
	if err == nil {
		err = r.Check(all, func(e Event) bool { return e.Package == folder && !slices.Contains(impossible, e.Name) })
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", folder, err)
		return 1
	}
	return 0
}

// isWhole reports whether the command line asks for all tests of the package.
func isWhole() bool {
	for _, name := range []string{"run", "skip", "list", "bench", "fuzz"} {
		if f := flag.Lookup("test." + name); f == nil || f.Value.String() != "" {
			return false
		}
	}
	return flag.Lookup("test.short").Value.String() == "false"
}
