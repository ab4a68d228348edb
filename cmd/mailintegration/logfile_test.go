package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEachDayHasItsOwnLogFile(t *testing.T) {
	t.Parallel()
	directory := filepath.Join(t.TempDir(), "log")
	now := time.Date(2026, 3, 1, 23, 59, 58, 0, time.UTC)
	f, err := openLogFile(directory, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"one\n", "two\n", "three\n"} {
		if _, err := f.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second)
	}
	f.Close()
	got := map[string]string{}
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(directory, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = string(content)
	}
	want := map[string]string{
		"MailIntegrationApp_20260301_235958.log": "one\ntwo\n",
		"MailIntegrationApp_20260302_000000.log": "three\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestALogDirectoryThatCannotBeMadeIsAnError(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openLogFile(filepath.Join(file, "log"), time.Now); err == nil {
		t.Error("no error")
	}
}
