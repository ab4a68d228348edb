//go:build !linux

package dovecottest

import "syscall"

// credential returns nil: Dovecot runs as the test's account.
func (s *Server) credential(Options) *syscall.SysProcAttr { return nil }
