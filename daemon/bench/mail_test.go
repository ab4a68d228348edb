//go:build bench && linux

package bench

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// words has words that people write to a service desk, in two languages, so that bodies need quoted-printable.
var words = strings.Fields(`the printer on floor three does not print since this morning and nobody can open the shared
	folder from the new laptop please help because payroll must go out today error code network drive password expired
	account locked after update screen stays black docking station meeting room projector badge reader refuses my card
	l'imprimante du troisième étage n'imprime plus merci de vérifier le réseau l'écran reste noir après la mise à jour
	le mot de passe a expiré impossible d'accéder au dossier partagé cordialement équipe`)

// firstMail is the date of the first mail.
var firstMail = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

// message returns the i-th mail of a contest's round, always the same one: text and HTML of some 5 KB together, and an
// attachment of that many octets, 0 for none. Lines end in LF, as a delivery agent stores them.
func message(contest string, round, i, attachment int) []byte {
	r := rand.New(rand.NewPCG(uint64(round), uint64(i)))
	date := firstMail.Add(time.Duration(i) * 37 * time.Second).Format(time.RFC1123Z)
	var b bytes.Buffer
	fmt.Fprintf(&b, "Return-Path: <ann.lee%d@customer.test>\n", i%40)
	fmt.Fprintf(&b, "Received: from mx%d.customer.test (mx.customer.test [192.0.2.%d])\n", r.IntN(9), r.IntN(250))
	fmt.Fprintf(&b, "\tby mail.bench.test (Postfix) with ESMTPS id %010X\n\tfor <helpdesk@bench.test>; %s\n", r.Uint32(), date)
	fmt.Fprintf(&b, "From: =?UTF-8?Q?Ann_L=C3=A9e?= <ann.lee%d@customer.test>\nTo: Help desk <helpdesk@bench.test>\n", i%40)
	fmt.Fprintf(&b, "Subject: %s %s (b%06d)\nDate: %s\n", words[r.IntN(40)], words[r.IntN(40)], i, date)
	fmt.Fprintf(&b, "Message-ID: <%s.%d.%d@customer.test>\nMIME-Version: 1.0\n", contest, round, i)
	if attachment == 0 {
		alternative(&b, r)
		return b.Bytes()
	}
	b.WriteString("Content-Type: multipart/mixed; boundary=\"=_mixed\"\n\n--=_mixed\n")
	alternative(&b, r)
	fmt.Fprintf(&b, "\n--=_mixed\nContent-Type: application/pdf; name=\"scan%d.pdf\"\n"+
		"Content-Disposition: attachment; filename=\"scan%d.pdf\"\nContent-Transfer-Encoding: base64\n\n", i, i)
	// The first line makes each attachment unique; the rest is made once.
	stamp := fmt.Sprintf("%-57s", fmt.Sprintf("%s, scan %d of round %d", contest, i, round))
	b.WriteString(base64.StdEncoding.EncodeToString([]byte(stamp)) + "\n")
	b.Write(filler(attachment - len(stamp)))
	b.WriteString("--=_mixed--\n")
	return b.Bytes()
}

// alternative writes the text twice, as text and as HTML.
func alternative(b *bytes.Buffer, r *rand.Rand) {
	text := paragraphs(r, 1600)
	b.WriteString("Content-Type: multipart/alternative; boundary=\"=_alternative\"\n\n--=_alternative\n")
	b.WriteString("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n")
	b.WriteString(quoted(text))
	b.WriteString("\n--=_alternative\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n")
	b.WriteString("<html><body>" + quoted("<p style=\"margin:0\">"+strings.ReplaceAll(text, "\n\n", "</p>\n<p>")) + "</p></body></html>\n")
	b.WriteString("--=_alternative--\n")
}

// paragraphs returns about that many octets of words in short lines.
func paragraphs(r *rand.Rand, octets int) string {
	var b strings.Builder
	for line := 0; b.Len() < octets; {
		w := words[r.IntN(len(words))]
		b.WriteString(w)
		switch line += len(w) + 1; {
		case r.IntN(50) == 0:
			b.WriteString(".\n\n")
			line = 0
		case line > 58:
			b.WriteByte('\n')
			line = 0
		default:
			b.WriteByte(' ')
		}
	}
	return b.String() + "\n"
}

// quoted returns short lines as quoted-printable.
func quoted(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c == '=' || c > '~' {
			fmt.Fprintf(&b, "=%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return strings.ReplaceAll(b.String(), " \n", "=20\n")
}

var fillers sync.Map // base64 of random octets by their number

// filler returns that many random octets in lines of base64.
func filler(octets int) []byte {
	if known, ok := fillers.Load(octets); ok {
		return known.([]byte)
	}
	raw := make([]byte, octets)
	seed := [32]byte{1}
	_, _ = rand.NewChaCha8(seed).Read(raw) // it never fails
	var b bytes.Buffer
	for len(raw) > 0 {
		n := min(57, len(raw))
		b.WriteString(base64.StdEncoding.EncodeToString(raw[:n]) + "\n")
		raw = raw[n:]
	}
	fillers.Store(octets, b.Bytes())
	return b.Bytes()
}
