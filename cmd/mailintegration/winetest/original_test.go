//go:build wine

package winetest

import (
	"fmt"
	"path/filepath"
	"strings"
)

// batchFile is the task of an Octopus, with a path that has a blank and no quotation marks, as in its manual.
const batchFile = "@echo off\r\n" +
	`"C:\Program Files\MailIntegration\mailintegration.exe" /Login:octopus /Password:hunter2 /Team:1 ` +
	`/ConfigFilePath:C:\Program Files\Octopus\email-integration.xml` + "\r\n" +
	"exit /b %ERRORLEVEL%\r\n"

// pollByBatchFile polls one mailbox once with the command line of Octopus. A wrong password is refused.
func (in *installation) pollByBatchFile() {
	in.write(filepath.Join(in.drive, "Program Files", "Octopus", "email-integration.xml"), fmt.Sprintf(mailboxFile, in.mail.Port(), "octopus"))
	in.write(filepath.Join(in.program, "poll.bat"), batchFile)
	in.write(filepath.Join(in.data, "password.txt"), "hunter2\r\n")
	in.mail.SetPassword("octopus", "secret")
	in.deliver("octopus", "task", 3)
	in.wants(0, "octopus", "user", "add", "octopus", "--name", "Octopus")
	in.runBatchFile(3, "")
	if n := in.mail.Count("octopus"); n != 3 {
		in.Errorf("without a password in the database %d mails are left, want 3", n)
	}
	in.wants(0, "password of user octopus set", "user", "set-password", "octopus", "--password-file", dataFolder+`\password.txt`)
	in.runBatchFile(0, "3 opened")
	in.awaitRecorded("octopus", "task", 3)
}

// runBatchFile runs the batch file, which must end with an exit code and print a text.
func (in *installation) runBatchFile(code int, text string) {
	in.Helper()
	output, got := wine(in.T, in.program, nil, "cmd", "/c", "poll.bat")
	if got != code || !strings.Contains(output, text) {
		in.Fatalf("poll.bat: exit code %d, want %d and %q\n%s", got, code, text, output)
	}
}
