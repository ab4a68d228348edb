package store

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"unicode/utf8"

	"mailintegration/processor"
)

// particular finds the parts of a reason that differ from message to message. The first alternatives are parts that stay:
// they name the fault itself.
var particular = regexp.MustCompile(
	`SQLSTATE [0-9A-Z]{5}` + `|, line [0-9]+\)` + // where the program failed
		`|"[a-z][a-z0-9]*(?:_[a-z0-9]+)+"` + // a constraint, a table or a column
		`|("(?:[^"\\]|\\.)*")` + // a text of the message
		`|( \(write one of [^)]*\))` + // the names that exist now
		`|(0x[0-9a-fA-F]+(?: 0x[0-9a-fA-F]+)*|[0-9]+)`)

// maxFault limits the length of a fault in octets: it is a part of a key, which people see.
const maxFault = 300

// faultOf returns the fault that a reason to set a message aside tells about: the same for all messages that the same
// cause keeps from being recorded, whatever their words and numbers are.
func faultOf(why processor.Reason) string {
	detail := clean(why.Detail())
	var fault []byte
	end := 0
	for _, m := range particular.FindAllStringSubmatchIndex(detail, -1) {
		fault = append(fault, detail[end:m[0]]...)
		switch {
		case m[2] >= 0:
			fault = append(fault, `"…"`...)
		case m[4] >= 0:
		case m[6] >= 0:
			fault = append(fault, 'N')
		default:
			fault = append(fault, detail[m[0]:m[1]]...)
		}
		end = m[1]
	}
	fault = append(append([]byte(why.Code+": "), fault...), detail[end:]...)
	if len(fault) <= maxFault {
		return string(fault)
	}
	sum := sha256.Sum256(fault)
	cut := maxFault - 2*8 - 1
	for cut > 0 && !utf8.RuneStart(fault[cut]) {
		cut--
	}
	return string(fault[:cut]) + " " + hex.EncodeToString(sum[:8])
}

// asideKey returns the key of the problem that messages of a mailbox cannot be recorded for the same reason.
func asideKey(mb Mailbox, why processor.Reason) ProblemKey {
	return ProblemKey{Kind: ProblemMessage, Source: capped(mb.Name, maxLine/2) + ": " + faultOf(why)}
}
