//go:build !windows

package key_test

import (
	"testing"

	"mailintegration/config/key"
)

func TestAKeyFileOfWindowsIsRefusedElsewhere(t *testing.T) {
	t.Parallel()
	_, err := key.Parse([]byte("# sealed\nDPAPI:AQAAANCMnd8BFdERjHoAwE/Cl+s=\n"))
	if err == nil || err.Error() != "it was sealed by Windows on another machine" {
		t.Errorf("got %v", err)
	}
}
