package store

// syncDirectory does nothing: Windows cannot sync a directory; NTFS keeps the names in its journal.
func syncDirectory(string) error { return nil }
