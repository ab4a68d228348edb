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
	now func() time.Time

	mu        sync.Mutex
	directory string   // "" for none: then nothing is written
	file      *os.File // nil without a directory
	day       string
}

// openLogFile makes the directory and begins the first file of the run. Without a directory, nothing is written.
func openLogFile(directory string, now func() time.Time) (*logFile, error) {
	f := &logFile{now: now}
	if err := f.move(directory); err != nil {
		return nil, err
	}
	return f, nil
}

// move goes on in a new file in another directory, which it makes, or in none. After an error the log goes on where it was.
func (f *logFile) move(directory string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if directory == "" {
		f.end()
		f.directory = ""
		return nil
	}
	if err := os.MkdirAll(directory, 0o750); err != nil {
		return err
	}
	before := f.directory
	f.directory = directory
	if err := f.turn(f.now()); err != nil {
		f.directory = before
		return err
	}
	return nil
}

// Write implements io.Writer. If the file of a new day cannot be begun, the log goes on in the file of the day before.
func (f *logFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return len(p), nil
	}
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
	f.end()
	f.file, f.day = file, now.Format(time.DateOnly)
	return nil
}

// end closes the file, if there is one.
func (f *logFile) end() {
	if f.file != nil {
		f.file.Close()
		f.file = nil
	}
}

// Close closes the file. What is written afterwards is lost.
func (f *logFile) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.end()
}
