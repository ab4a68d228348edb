package processor

import "strings"

// clearSigned returns the text of a message that is signed with OpenPGP in the text itself (RFC 9580 §7), without what
// the signature puts around it.
func clearSigned(text string) string {
	const begin, end = "-----BEGIN PGP SIGNED MESSAGE-----\n", "\n-----BEGIN PGP SIGNATURE-----"
	before, signed, ok := strings.Cut(text, begin)
	if !ok || strings.TrimSpace(before) != "" {
		return text
	}
	_, signed, ok = strings.Cut("\n"+signed, "\n\n") // after the fields that name hashes: zero or more (RFC 9580 §7.1)
	if !ok {
		return text
	}
	content, rest, ok := strings.Cut(signed, end)
	if !ok {
		return text
	}
	_, after, _ := strings.Cut(rest, "-----END PGP SIGNATURE-----")
	return strings.TrimPrefix(strings.ReplaceAll("\n"+content, "\n- ", "\n"), "\n") + "\n" + after
}
