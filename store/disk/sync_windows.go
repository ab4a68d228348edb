package disk

// SyncDirectory does nothing: Windows cannot sync a directory, and NTFS keeps the names in its journal.
func SyncDirectory(string) error { return nil }
