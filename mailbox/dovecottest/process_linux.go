package dovecottest

import (
	"os"
	"syscall"
)

// credential returns attributes with Dovecot's account, and with a signal that ends Dovecot when the test's process
// ends.
func (s *Server) credential(o Options) *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if o.RunAs != "" && os.Getuid() == 0 {
		attributes.Credential = &syscall.Credential{Uid: uint32(s.owner.uid), Gid: uint32(s.owner.gid)}
	}
	return attributes
}
