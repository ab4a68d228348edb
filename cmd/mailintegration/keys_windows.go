package main

import "mailintegration/cmd/mailintegration/service"

// letDaemonAloneRead lets the system, administrators and the account of the service read a file, whoever else may read its folder.
func letDaemonAloneRead(path, _ string) error { return service.Restrict(path) }
