// Command paramchange asks a service of Windows to read its configuration again, as sc control NAME paramchange does: the sc of
// wine 8 cannot.
package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

func main() {
	if err := ask(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "paramchange:", err)
		os.Exit(1)
	}
}

// ask sends the control code to a service.
func ask(service string) error {
	manager, err := mgr.Connect()
	if err != nil {
		return err
	}
	defer func() { _ = manager.Disconnect() }()
	s, err := manager.OpenService(service)
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = s.Control(svc.ParamChange)
	return err
}
