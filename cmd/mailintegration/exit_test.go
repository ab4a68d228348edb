package main

import (
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/config"
	"mailintegration/config/key"
)

// TestMistakesOfAConfigurationAreFollowedByTheirHint prints the mistakes line by line, then what to do.
func TestMistakesOfAConfigurationAreFollowedByTheirHint(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "mailintegration.xml")
	_, _, err := config.LoadService(missing, key.Source{})
	var printed strings.Builder
	if code := report(&printed, refusedConfiguration(err)); code != exitConfiguration {
		t.Errorf("the exit code is %d, want %d", code, exitConfiguration)
	}
	lines := strings.Split(printed.String(), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], missing+": cannot be read") || !strings.HasPrefix(lines[1], "hint: correct the configuration") {
		t.Errorf("printed:\n%s", printed.String())
	}
}
