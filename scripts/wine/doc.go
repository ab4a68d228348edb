// Command wine makes wine 8, which Debian 12 has, fit for programs and tests that Go 1.26 builds for Windows:
//
//	go run ./scripts/wine dll DIRECTORY       write bcryptprimitives.dll, without which no Go program starts
//	go run ./scripts/wine overlay DIRECTORY   write overlay.json for go test -overlay, so that os.RemoveAll works
//
// A program under test is built without the overlay: it is the one that is released.
//
// # Files
//
//	main.go     the command line
//	dll.go      a DLL that holds one forwarded export
//	overlay.go  one file of Go's library, with one line more
package main
