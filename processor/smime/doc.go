// Package smime reads the content of an S/MIME object that is signed and not encrypted (RFC 8551).
//
// [Content] holds a bounded amount of the object in memory, and verifies nothing: the signature proves nothing about
// what it returns.
//
// # Files
//
//	ber.go  SignedData in BER
package smime
