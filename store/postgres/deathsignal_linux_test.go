package postgres_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mailintegration/store/postgres"
	"mailintegration/store/storetest"
)

// TestInitdbEndsWithItsProcess has an initdb that never ends by itself.
func TestInitdbEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	bin := programs(t, "echo $$ >\"$2/pid\"\nexec sleep 600\n", "") // $2 is the new cluster
	dir := dataDirectory(t)
	d := startDaemon(t, dir, postgres.BinEnvironment+"="+bin)
	pid := 0
	storetest.Until(t, "initdb runs", func() bool {
		all, _ := filepath.Glob(filepath.Join(dir, "cluster.new-*", "pid"))
		if len(all) == 1 {
			text, _ := os.ReadFile(all[0])
			pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		}
		return pid > 0
	})
	t.Cleanup(func() {
		if alive(pid) {
			killNow(pid)
		}
	})
	d.kill()
	storetest.Until(t, "initdb has ended", func() bool { return !alive(pid) })
}
