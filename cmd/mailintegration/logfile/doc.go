// Package logfile writes, removes and reads the log files of a directory. Their names are
// MailIntegrationApp_YYYYMMDD_HHMMSS.log, with the local time at which a file was begun: one for each start of a program and
// for each day, and more when a file reaches its size.
//
// Several processes may share a directory. Each has files of its own, and holds a lock on the one that it writes (on Windows
// the open file itself is the lock), so that no process removes a file in which another one writes. A file that is not ours
// by its name is never touched.
//
// # Files
//
//	name.go     names of log files, and the list of a directory's
//	writer.go   Writer: begins files, and goes on after another program has moved one away
//	purge.go    removes old files
//	inuse_*.go  whether a process writes to a file
//	tail.go     Tail: the last lines of a directory's files, and those that follow
//	last.go     … a file's lines, from its end to its beginning
package logfile
