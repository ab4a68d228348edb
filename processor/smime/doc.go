// Package smime reads the content of an S/MIME object that is signed and not encrypted (RFC 8551). It verifies nothing.
package smime
