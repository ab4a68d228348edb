//go:build !windows

package mailbox

import "os"

// createSpoolFile creates a file of mode 0600 and removes its name at once, so that no file remains, however the
// process ends.
func createSpoolFile(directory string) (*os.File, error) {
	f, err := os.CreateTemp(directory, "mailintegration-*.spool")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
