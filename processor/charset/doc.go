// Package charset turns octets into the text of a message.
//
// Decoding never fails: its result is valid UTF-8, whatever charset the octets declare. The declaration is believed
// until the octets contradict it, and the charset is guessed only then. Text that Clean has cleaned can be stored in
// PostgreSQL and shown on a terminal; all text of a message is cleaned.
//
// # Files
//
//	charset.go    the choice of a charset, declared or guessed
//	detect.go     the charset of octets that declare none, and UTF-8 that is declared to be another charset
//	language.go   how likely a text is
//	languages.go  the languages that are told apart, and their frequent characters
//	names.go      the names that mail programs give to charsets
//	utf16.go      UTF-16 and UTF-32, and other charsets that are declared to be these
//	utf7.go       UTF-7
//	iso2022.go    ISO-2022-KR and ISO-2022-CN
//	upperhalf.go  charsets of Macintosh, DOS and Unix that the library lacks
//	clean.go      text without control characters, in one line, without white space, or cut
package charset
