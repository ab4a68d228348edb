package mailbox

import (
	"regexp"
	"strings"
)

// reply is one status line (RFC 1939 §3).
type reply struct {
	ok        bool
	challenge bool   // the line was a continuation (RFC 5034 §4); ok is true too, as go-pop3 knows +OK and -ERR only
	text      string // what follows +OK, -ERR or + and a space
}

// String returns the status line; a continuation reads +OK.
func (r reply) String() string {
	status := "-ERR"
	if r.ok {
		status = "+OK"
	}
	return strings.TrimRight(status+" "+r.text, " ")
}

// parseReply parses a status line without its CRLF. Only a line that starts with +OK or -ERR is a status line.
func parseReply(line string) (reply, bool) {
	if text, ok := afterStatus(line, "+OK"); ok {
		return reply{ok: true, text: text}, true
	}
	text, ok := afterStatus(line, "-ERR")
	return reply{text: text}, ok
}

// parseChallenge parses a continuation; its text is base64, or empty.
func parseChallenge(line string) (reply, bool) {
	text, ok := afterStatus(line, "+")
	return reply{ok: true, challenge: true, text: text}, ok
}

// afterStatus returns the text after the status indicator, which must stand alone (popa3d answers a bare "+OK") or be
// followed by a blank.
func afterStatus(line, status string) (string, bool) {
	text, ok := strings.CutPrefix(line, status)
	if !ok || text != "" && text[0] != ' ' && text[0] != '\t' {
		return "", false
	}
	return strings.TrimLeft(text, " \t"), true
}

// code returns the response code of a status line's text in upper case without its brackets, "" when there is none
// (RFC 2449 §8: resp-level *("/" resp-level), printable and without blanks).
func code(text string) string {
	rest, ok := strings.CutPrefix(text, "[")
	if !ok {
		return ""
	}
	inner, _, ok := strings.Cut(rest, "]")
	if !ok || inner == "" || strings.ContainsFunc(inner, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return strings.ToUpper(inner)
}

// codeClasses are the response codes that give a reason (RFC 2449 §8.1, RFC 3206 §4 and §5).
var codeClasses = map[string]error{
	"IN-USE":      ErrMaildropLocked,
	"LOGIN-DELAY": ErrLoginDelay,
	"AUTH":        ErrCredentials,
	"SYS/TEMP":    ErrServerTrouble,
	"SYS/PERM":    ErrServerDefect,
}

// codeClass returns the class of a response code, nil for an unknown one. RFC 2449 §8 lets a server add levels
// ("SYS/TEMP/DISK"): the longest known prefix counts.
func codeClass(c string) error {
	for c != "" {
		if class := codeClasses[c]; class != nil {
			return class
		}
		c = c[:max(0, strings.LastIndexByte(c, '/'))]
	}
	return nil
}

// Words in refused log-ins without a response code, or with one that says too little. RFC 1939 §7 has two answers to
// PASS, "invalid password" and "unable to lock maildrop"; servers have more.
var (
	// lockWords mean another session, not a wrong password.
	lockWords = regexp.MustCompile(`(?i)(maildrop|mail ?box|mail ?drop|spool).*\b(lock|locked|in use|busy)\b|` +
		`\b(unable to|cannot|can't|could not|failed to) (get |obtain |acquire )?(a |the )?lock\b|another (pop3? )?session`)
	// lockoutWords mean that the user is locked out, also after other sessions have ended.
	lockoutWords = regexp.MustCompile(`(?i)\block(ed)?[ -]?out\b|` +
		`\b(too many|exceed\w*|maximum)\b.*\b(failed|bad|invalid|incorrect|wrong|unsuccessful)\b|` +
		`\b(failed|bad|invalid|incorrect|wrong|unsuccessful)\b.*\b(too many times|exceeded)\b|` +
		`\blocked\b.*\b(contact|administrator|admin|support|security|unlock)\b|` +
		`\b(account|mail ?box|user|log-?in)\b.*\b(disabled|suspended|deactivated)\b`)
	// sessionLimitWords mean too many sessions at a time, of this user or of all.
	sessionLimitWords = regexp.MustCompile(`(?i)` +
		`\b(too many|exceed\w*|maximum|max|limit)\b.*\b(connections?|sessions?|simultaneous|concurrent)\b|` +
		`\b(connections?|sessions?|simultaneous|concurrent)\b.*\b(too many|exceed\w*|maximum|limit)\b`)
	// loginRateWords mean too many log-ins within some time.
	loginRateWords = regexp.MustCompile(`(?i)\b(too (many|often|frequent(ly)?|soon)|exceed\w*|limit)\b.*\blog[ -]?(ins?|ons?)\b|` +
		`\blog(ged|ging)?[ -]?(ins?|ons?)\b.*\b(too (many|often|frequent(ly)?|soon)|exceed\w*|limit)\b`)
	// troubleWords mean a temporary problem of the server.
	troubleWords = regexp.MustCompile(`(?i)\b(try again|temporar(y|ily)|unavailable|too many|overload(ed)?|internal error|time-?out)\b`)
)

// refusalClass returns the class of the refusal r of the command op. Servers send [IN-USE] also for reasons that last
// longer than another session, so the words count besides it.
func refusalClass(op string, r reply) error {
	class := codeClass(code(r.text))
	switch {
	case class != nil && class != ErrMaildropLocked:
		return class
	case class == nil && op != "USER" && op != "PASS" && !strings.HasPrefix(op, "AUTH "):
		return ErrRefused
	case lockoutWords.MatchString(r.text):
		return ErrCredentials
	case sessionLimitWords.MatchString(r.text):
		return ErrServerTrouble
	case loginRateWords.MatchString(r.text):
		return ErrLoginDelay
	case class == ErrMaildropLocked || lockWords.MatchString(r.text):
		return ErrMaildropLocked
	case troubleWords.MatchString(r.text):
		return ErrServerTrouble
	}
	return ErrCredentials
}
