package dovecottest

import (
	"os"
	"syscall"
)

// credential says as whom Dovecot runs, and that it ends with the test however that ends.
func (s *Server) credential(o Options) *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if o.RunAs != "" && os.Getuid() == 0 {
		attributes.Credential = &syscall.Credential{Uid: uint32(s.owner.uid), Gid: uint32(s.owner.gid)}
	}
	return attributes
}
