package pop3test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// auth executes AUTH in its two steps (RFC 5034 §4), and the third with which XOAUTH2 fails. The client's response is
// the step "AUTH-RESPONSE".
func (n *session) auth(argument string) error {
	mechanism := strings.ToUpper(argument)
	if !slices.Contains(n.server.options.SASL, mechanism) {
		n.refuse("no such mechanism")
		return nil
	}
	response, err := n.challenge("")
	if err != nil {
		return err
	}
	return n.step(func() error {
		if mechanism == "PLAIN" {
			n.plain(response)
			return nil
		}
		return n.xoauth2(response)
	}, "AUTH-RESPONSE")
}

// challenge sends a challenge and returns the answer, decoded.
func (n *session) challenge(challenge string) (string, error) {
	fmt.Fprintf(n.out, "+ %s\r\n", base64.StdEncoding.EncodeToString([]byte(challenge)))
	if err := n.out.Flush(); err != nil {
		return "", err
	}
	line, err := n.in.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(line), "\r\n")
	n.server.logCommand("AUTH-RESPONSE " + text)
	response, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		response = nil // no valid response is empty
	}
	return string(response), nil
}

// plain logs in by PLAIN (RFC 4616 §2).
func (n *session) plain(response string) {
	words := strings.Split(response, "\x00")
	if len(words) != 3 {
		n.refuse("[AUTH] not as RFC 4616 has it")
		return
	}
	n.logIn(words[1], words[2])
}

// xoauth2 logs in by XOAUTH2.
func (n *session) xoauth2(response string) error {
	user, rest, _ := strings.Cut(strings.TrimPrefix(response, "user="), "\x01")
	token, ok := strings.CutSuffix(strings.TrimPrefix(rest, "auth=Bearer "), "\x01\x01")
	if ok && n.server.hasToken(user, token) {
		n.logIn(user, token)
		return nil
	}
	answer, err := n.challenge(`{"status":"401","schemes":"bearer","scope":"https://outlook.office.com/"}`)
	if err != nil {
		return err
	}
	if answer != "" {
		n.refuse("the failure is answered by an empty line")
		return nil
	}
	n.refuse("[AUTH] the token is not valid")
	return nil
}
