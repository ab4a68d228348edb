// Command msistamp makes an installer of Windows reproducible: msistamp FILE SECONDS replaces the random identity of the
// package (its revision number) by one that its content determines, and the times of its creation by SECONDS since 1970.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "msistamp:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: msistamp FILE SECONDS")
	}
	seconds, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return err
	}
	file, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	if err := stamp(file, seconds); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return os.WriteFile(args[0], file, 0o644)
}

// The properties of the summary information, and their types ([MS-OLEPS] 2.15, 2.18; "Summary Property Descriptions").
const (
	revisionNumber = 9
	created        = 12
	lastSaved      = 13
	typeString     = 30
	typeTime       = 64
)

// summaryFormat begins the section of the summary information: {F29F85E0-4FF9-1068-AB91-08002B27B3D9}.
var summaryFormat = []byte{0xe0, 0x85, 0x9f, 0xf2, 0xf9, 0x4f, 0x68, 0x10, 0xab, 0x91, 0x08, 0x00, 0x2b, 0x27, 0xb3, 0xd9}

// stamp changes the summary information in place. Its stream lies in one piece, since it is written at once and is short.
func stamp(file []byte, seconds int64) error {
	at := bytes.Index(file, summaryFormat)
	if at < 28 || at+20 > len(file) || bytes.Contains(file[at+1:], summaryFormat) {
		return errors.New("there is not exactly one summary information")
	}
	stream := file[at-28:] // the header of a property set has 28 octets before its first format
	section := stream[binary.LittleEndian.Uint32(stream[44:]):]
	revision, err := value(section, revisionNumber, typeString, 39)
	if err != nil {
		return err
	}
	clear(revision[4:])
	for _, property := range []uint32{created, lastSaved} {
		stamped, err := value(section, property, typeTime, 8)
		if err != nil {
			return err
		}
		const from1601 = 11644473600 // seconds between 1601, where Windows begins to count, and 1970
		binary.LittleEndian.PutUint64(stamped, uint64(seconds+from1601)*1e7)
	}
	sum := sha256.Sum256(file)
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // RFC 9562 §5.8: an identity of our own making
	copy(revision[4:], fmt.Sprintf("{%X-%X-%X-%X-%X}", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]))
	return nil
}

// value returns the octets of a property behind its type: the length and the text of a string, or a time.
func value(section []byte, property, kind uint32, length int) ([]byte, error) {
	for i := range binary.LittleEndian.Uint32(section[4:]) {
		entry := section[8+8*i:]
		if binary.LittleEndian.Uint32(entry) != property {
			continue
		}
		v := section[binary.LittleEndian.Uint32(entry[4:]):]
		if binary.LittleEndian.Uint32(v) != kind {
			return nil, fmt.Errorf("property %d has type %d, not %d", property, binary.LittleEndian.Uint32(v), kind)
		}
		if kind == typeString {
			if n := int(binary.LittleEndian.Uint32(v[4:])); n != length {
				return nil, fmt.Errorf("property %d has %d octets, not %d", property, n, length)
			}
			return v[4 : 4+4+length-1], nil // without the zero at the end
		}
		return v[4 : 4+length], nil
	}
	return nil, fmt.Errorf("there is no property %d", property)
}
