package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// logFile writes to MailIntegrationApp_YYYYMMDD_HHMMSS.log in a directory: a new file for each run and each day.
type logFile struct {
	directory string
	now       func() time.Time

	mu   sync.Mutex
	file *os.File
	day  string
}

// openLogFile makes the directory and begins the first file of the run.
func openLogFile(directory string, now func() time.Time) (*logFile, error) {
	if err := os.MkdirAll(directory, 0o750); err != nil {
		return nil, err
	}
	f := &logFile{directory: directory, now: now}
	if err := f.turn(now()); err != nil {
		return nil, err
	}
	return f, nil
}

// Write implements io.Writer. If the file of a new day cannot be begun, the log goes on in the file of the day before.
func (f *logFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Format(time.DateOnly) != f.day {
		if err := f.turn(now); err != nil {
			fmt.Fprintln(os.Stderr, "mailintegration: log directory:", err)
		}
	}
	return f.file.Write(p)
}

// turn ends the file of the day before and begins the file of the time now.
func (f *logFile) turn(now time.Time) error {
	name := now.Format("MailIntegrationApp_20060102_150405.log")
	file, err := os.OpenFile(filepath.Join(f.directory, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	if f.file != nil {
		f.file.Close()
	}
	f.file, f.day = file, now.Format(time.DateOnly)
	return nil
}

// Close closes the file.
func (f *logFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.file.Close()
}
