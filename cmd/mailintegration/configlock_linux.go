package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// lockHolder returns the process that has locked a file, 0 for unknown: proc_locks(5) does not show those of other containers.
func lockHolder(f *os.File) int {
	var st unix.Stat_t
	if unix.Fstat(int(f.Fd()), &st) != nil {
		return 0
	}
	locks, err := os.Open("/proc/locks")
	if err != nil {
		return 0
	}
	defer locks.Close()
	file := fmt.Sprintf("%02x:%02x:%d", unix.Major(st.Dev), unix.Minor(st.Dev), st.Ino)
	for lines := bufio.NewScanner(locks); lines.Scan(); {
		const kind, process, place = 1, 4, 5
		if words := strings.Fields(lines.Text()); len(words) > place && words[kind] == "FLOCK" && words[place] == file {
			id, _ := strconv.Atoi(words[process])
			return max(0, id)
		}
	}
	return 0
}
