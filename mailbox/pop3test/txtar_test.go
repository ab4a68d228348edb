package pop3test_test

import (
	"bytes"
	"path"

	"github.com/rogpeppe/go-internal/txtar"

	"mailintegration/mailbox/pop3test"
)

// addArchive puts the files of a txtar archive into maildrops: "helpdesk/1.eml" is a message for helpdesk. Lines end
// in LF in the archive and in CRLF in the maildrop.
func addArchive(srv *pop3test.Server, archive string) {
	for _, f := range txtar.Parse([]byte(archive)).Files {
		srv.Add(path.Dir(f.Name), bytes.ReplaceAll(f.Data, []byte("\n"), []byte("\r\n")))
	}
}
