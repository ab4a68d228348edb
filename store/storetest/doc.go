// Package storetest gives each test a database of its own on a real PostgreSQL: one disposable server for the
// test binary, started by the first test that asks, and a database cloned from a migrated template for each test.
// The server and its directory are gone when the test binary has ended, however it ended.
//
// # Files
//
//	storetest.go                 the server of the test binary, and a database for each test
//	directory.go, parent_*.go    a directory for a server's data
//	watchdog_*.go                what ends the server with the test binary
//	proxy.go                     a proxy that cuts connections, falls silent, or leads to another server
//	pooler.go                    pgbouncer in transaction mode
//	rights.go                    what PUBLIC and the roles may do in a database
//	until.go                     waiting for another process or goroutine
package storetest
