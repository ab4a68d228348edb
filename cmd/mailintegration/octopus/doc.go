// Package octopus understands how Octopus MailIntegration (ESI.Octopus.MailIntegrationApp.exe) is called: its command line, and
// the batch files, scheduled tasks and lines of cron that hold such command lines. It opens no file, asks no server and prints
// nothing; its caller hands it arguments and texts.
//
// The command line has parameters /Name:VALUE in any order, their names in upper or lower case. A word without a slash belongs to
// the value before it, since the original's own example has a path with a blank and no quotation marks:
//
//	/ConfigFilePath:C:\Program Files\Octopus\email-integration.xml
//
// A password is a config.Secret, so that nothing prints it. No mistake shows a value, because the part of a password that stands
// behind a blank looks like an argument of its own.
//
// # Files
//
//	parameter.go     the parameters
//	arguments.go     Parse: arguments to a Call, with every mistake
//	usage.go         the usage, with the modern equivalent of a call
//	text.go          text of files in UTF-8, UTF-16 and the code pages 1252 and 850
//	windowswords.go  splits a command line as Windows does
//	unixwords.go     splits a command line as a Unix shell does
//	find.go          Find: calls in the text of a file of any kind
//	batch.go         batch files, line by line
//	batchline.go     the syntax of one line: carets, quotation marks, operators, redirections
//	variables.go     … and its variables
//	batchverbs.go    … start, call, cd, set, if, cmd /c
//	task.go          scheduled tasks, exported as XML
//	cron.go          lines of cron and of shell scripts
package octopus
