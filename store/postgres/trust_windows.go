package postgres

import "io/fs"

// nonBlocking has no effect on Windows, where opening a file does not block.
const nonBlocking = 0

// ours returns nobody: Windows checks no owners.
func (account) ours() []int { return nil }

// servers returns no account: Windows checks no owners.
func (account) servers() int { return 0 }

// distrustDirectory returns "": the access control list of the directory says who may write there.
func (account) distrustDirectory(fs.FileInfo) string { return "" }

// distrustSocketDirectory returns "": on Windows the server listens at a port.
func (account) distrustSocketDirectory(fs.FileInfo) string { return "" }

// distrustFile returns why a file cannot be used, "" when it can.
func distrustFile(info fs.FileInfo, _ []int) string {
	if !info.Mode().IsRegular() {
		return "is not a file"
	}
	return ""
}

// distrustProgram returns "": access control lists say who may change a program.
func distrustProgram(string) string { return "" }
