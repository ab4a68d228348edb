package pop3test

import (
	"bytes"
	"path"

	"github.com/rogpeppe/go-internal/txtar"
)

// AddArchive puts the files of a txtar archive into maildrops: "helpdesk/1.eml" is a message for helpdesk. Lines end
// in LF in the archive and in CRLF in the maildrop.
func (s *Server) AddArchive(archive []byte) {
	for _, f := range txtar.Parse(archive).Files {
		s.Add(path.Dir(f.Name), bytes.ReplaceAll(f.Data, []byte("\n"), []byte("\r\n")))
	}
}
