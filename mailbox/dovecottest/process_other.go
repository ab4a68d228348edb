//go:build !linux

package dovecottest

import "syscall"

// credential is the test's own.
func (s *Server) credential(Options) *syscall.SysProcAttr { return nil }
