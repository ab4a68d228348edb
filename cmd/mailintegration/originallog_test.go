package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestALogFileOfOctopusThatIsFullMakesRoomForANewOne(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mail.log")
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.Local)
	size := func(path string) int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	add := func() {
		f, err := openOriginalLog(path, func() time.Time { return noon })
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString("line\n"); err != nil {
			t.Fatal(err)
		}
	}
	add()
	add()
	if n := size(path); n != 10 {
		t.Errorf("two calls have written %d octets into one file", n)
	}
	if err := os.Truncate(path, maxOriginalLog); err != nil {
		t.Fatal(err)
	}
	add()
	if n, before := size(path), size(filepath.Join(filepath.Dir(path), "MailIntegrationApp_20260301_120000.log")); n != 5 || before != maxOriginalLog {
		t.Errorf("the new file has %d octets, the one before %d", n, before)
	}
	if err := os.Truncate(path, maxOriginalLog); err != nil {
		t.Fatal(err)
	}
	add() // within the same second: the name is taken, and nothing is overwritten
	if n := size(path); n != maxOriginalLog+5 {
		t.Errorf("the file has %d octets", n)
	}
}
