package main

// becomeOwner does nothing: on Windows no account ignores permissions and leaves files that others cannot use.
func becomeOwner(string) (string, error) { return "", nil }

// barrier returns "": the rights of folders do not keep the account of the service from passing through them.
func barrier(_, _ string) string { return "" }
