package oauth_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails when a test leaves a goroutine behind. In a child process it runs the program that the kill test ends.
func TestMain(m *testing.M) {
	if os.Getenv(childStep) != "" {
		child()
	}
	goleak.VerifyTestMain(m)
}
