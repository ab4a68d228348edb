// Package disk makes changes of a directory durable: a file that was created or renamed keeps its name when the machine
// loses power.
//
// # Files
//
//	sync_*.go    SyncDirectory, by platform
package disk
