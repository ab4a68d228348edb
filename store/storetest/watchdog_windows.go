package storetest

// watchdog does nothing, since it needs a shell: on Windows a test run leaves its server running.
func watchdog(int, string) error { return nil }
