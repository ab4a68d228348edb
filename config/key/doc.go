// Package key encrypts the secrets of configuration files. It keeps three promises:
//
//   - A value is encrypted for one key, and names it: who has another key is told so, and who has changed a value is, too.
//   - Each key of a ring decrypts, and only the first one encrypts. So a new key can be put first, and the old one removed
//     when no file needs it any more: at each moment between, every value can be decrypted.
//   - No error contains a key or a secret.
//
// A value is the text encrypted:ID:BASE64. ID is the beginning of the SHA-256 of the key's public part, BASE64 a file of age
// (age-encryption.org/v1) for it, without padding. The key file is one of age, too. So the program age decrypts a value where
// this one is missing:
//
//	echo BASE64 | base64 -d | age -d -i mailintegration.key
//
// # Files
//
//	value.go      the encrypted value, and what is wrong with one
//	ring.go       Ring: keys, and their file
//	source.go     Source: the places in which the key file may be
//	seal.go       the form of a sealed key file
//	seal_*.go     on Windows the key file is sealed: useless on another machine
package key
