package charset

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// shiftedCharset returns the charset whose octets stand without their upper bit between the controls SO and SI: of
// ISO-2022-KR (RFC 1557) or ISO-2022-CN (RFC 1922), declared or told by its escape sequence. It returns nil for any
// other octets.
func shiftedCharset(octets []byte, label string) encoding.Encoding {
	switch {
	case label == "iso-2022-kr" || bytes.Contains(octets, []byte("\x1b$)C")):
		return korean.EUCKR
	case label == "iso-2022-cn" || bytes.Contains(octets, []byte("\x1b$)A")):
		return simplifiedchinese.GB18030
	}
	return nil
}

// decodeShifts decodes ISO-2022-KR or ISO-2022-CN. ok is as in decodeWith.
func decodeShifts(octets []byte, enc encoding.Encoding) (text string, ok bool) {
	const shiftOut, shiftIn, sequence = 0x0e, 0x0f, len("\x1b$)C")
	raised := make([]byte, 0, len(octets))
	isShifted := false
	for i := 0; i < len(octets); i++ {
		switch c := octets[i]; {
		case c == escape && i+sequence <= len(octets) && octets[i+1] == '$':
			i += sequence - 1
		case c == shiftOut || c == shiftIn || c == '\n': // RFC 1557: each line begins in ASCII
			isShifted = c == shiftOut
			if c == '\n' {
				raised = append(raised, c)
			}
		case isShifted && c > ' ':
			raised = append(raised, c|0x80)
		default:
			raised = append(raised, c)
		}
	}
	return decodeWith(enc, raised)
}

// isShiftedLabel reports whether a charset needs SO and SI, so that octets of ASCII do not stand for themselves.
func isShiftedLabel(label string) bool { return label == "iso-2022-kr" || label == "iso-2022-cn" }

// isSevenBit reports whether no octet has its upper bit.
func isSevenBit(octets []byte) bool {
	for _, c := range octets {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
