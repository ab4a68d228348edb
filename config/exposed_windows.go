package config

// readers names nobody: who may read a file is said by its access control list on Windows, which %ProgramData% passes on.
func readers(string) (who, remedy string) { return "", "" }
