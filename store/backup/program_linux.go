package backup

import (
	"os/exec"
	"syscall"
)

// endWithUs makes the kernel end a program when the thread that started it dies, as when this process is killed.
func endWithUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
