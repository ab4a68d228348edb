// Package oauth yields access tokens for mailboxes of Microsoft 365 (OAuth 2.0, RFC 6749). A Source belongs to one
// mailbox and hands out a token that is good for now; it keeps the token until shortly before it expires.
//
// The grants that an administrator can have, chosen by what is configured:
//
//	ClientSecret  client credentials (RFC 6749 §4.4): the application's permission POP.AccessAsApp
//	Password      user name and password (RFC 6749 §4.3): Microsoft is ending it
//	neither       device code (RFC 8628): a person authorizes the mailbox once, Source.Authorize; from then on its
//	              refresh token is exchanged (RFC 6749 §6)
//
// # What a source promises
//
//   - A refresh token that the endpoint rotated is durable in the Store before the access token that came with it is
//     handed out: whoever lost the rotated one would need a person. A kill -9 in between costs nothing.
//   - One request at a time for a mailbox, also when several processes use its tokens.
//   - Only what the endpoint classifies (invalid_grant, invalid_client, …) is permanent: mailbox.ErrTokenRefused. A
//     time-out, an answer of 429 or 5xx, or one that is HTML is mailbox.ErrToken, and passes.
//   - Every request has a deadline, an answer a largest size, and redirects are not followed: they would carry secrets.
//   - No secret and no token is in an error.
//
// golang.org/x/oauth2 makes the requests and reads the answers. It is given a transport of ours (exchange.go) that
// does what it does not do: contexts for the device code's request, time-outs, and what the answer was when it has no
// meaning.
package oauth
