package postgres

import "io/fs"

// nonBlocking has no use on Windows, whose files do not block when they are opened.
const nonBlocking = 0

func (account) ours() []int { return nil }

func (account) servers() int { return 0 }

// distrustDirectory leaves it to the directory's access control list who may write there.
func (account) distrustDirectory(fs.FileInfo) string { return "" }

// distrustSocketDirectory is not asked on Windows, where the server listens at a port.
func (account) distrustSocketDirectory(fs.FileInfo) string { return "" }

// distrustFile says why a file cannot be used, "" when it can.
func distrustFile(info fs.FileInfo, _ []int) string {
	if !info.Mode().IsRegular() {
		return "is not a file"
	}
	return ""
}

// distrustProgram leaves it to access control lists who may change a program.
func distrustProgram(string) string { return "" }
