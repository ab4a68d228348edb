package mailbox

import (
	"cmp"
	"crypto/rand"
	"os"
	"path/filepath"
)

// deleteOnClose is FILE_FLAG_DELETE_ON_CLOSE, which os.OpenFile passes on to CreateFile.
const deleteOnClose = 0x04000000

// createSpoolFile creates a file that Windows removes with its last handle, so that no file remains, however the
// process ends.
func createSpoolFile(directory string) (*os.File, error) {
	name := filepath.Join(cmp.Or(directory, os.TempDir()), "mailintegration-"+rand.Text()+".spool")
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL|deleteOnClose, 0o600)
}
