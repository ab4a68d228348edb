package storetest

// watchdog needs a shell: on Windows a test run leaves its server behind.
func watchdog(int, string) error { return nil }
