package charset

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf16"
)

// decodeUTF7 decodes UTF-7 (RFC 2152), which old Exchange servers still send. It keeps octets that are not UTF-7.
func decodeUTF7(octets []byte) string {
	var b strings.Builder
	for len(octets) > 0 {
		plus := bytes.IndexByte(octets, '+')
		if plus < 0 {
			break
		}
		b.Write(octets[:plus])
		octets = octets[plus+1:]
		if len(octets) > 0 && octets[0] == '-' {
			b.WriteByte('+')
			octets = octets[1:]
			continue
		}
		n := shiftedLength(octets)
		if n == 0 {
			b.WriteByte('+')
			continue
		}
		b.WriteString(decodeShifted(octets[:n]))
		octets = bytes.TrimPrefix(octets[n:], []byte("-"))
	}
	b.Write(octets)
	return strings.ToValidUTF8(b.String(), "\ufffd")
}

// shiftedLength returns the number of base64 digits at the beginning of octets.
func shiftedLength(octets []byte) int {
	for i, c := range octets {
		if strings.IndexByte(base64Digits, c) < 0 {
			return i
		}
	}
	return len(octets)
}

// base64Digits are the digits of base64 (RFC 2045 §6.8).
const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// decodeShifted decodes UTF-16 in base64 without padding.
func decodeShifted(octets []byte) string {
	raw := make([]byte, base64.RawStdEncoding.DecodedLen(len(octets)))
	n, _ := base64.RawStdEncoding.Decode(raw, octets)
	units := make([]uint16, 0, n/2)
	for i := 0; i+1 < n; i += 2 {
		units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
	}
	return string(utf16.Decode(units))
}
