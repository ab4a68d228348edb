package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// maxOriginalLog is the size in octets from which the next call begins a new log file.
const maxOriginalLog = 20 << 20

// openOriginalLog opens the log file that LogFilePath names, to add to it. Calls of the original come every few minutes and add
// to the same file: a file that has become large gets the name of a log file of its time, so that PurgeLogs removes it one day.
func openOriginalLog(path string, now func() time.Time) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() >= maxOriginalLog {
		aside := filepath.Join(filepath.Dir(path), now().Format("MailIntegrationApp_20060102_150405.log"))
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			_ = os.Rename(path, aside) // on Windows, another call may have it open: it is moved another time
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
}
