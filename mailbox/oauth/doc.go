// Package oauth obtains access tokens for mailboxes of Microsoft 365 (OAuth 2.0, RFC 6749). A Source belongs to one
// mailbox and returns a currently valid token, which it keeps until shortly before it expires.
//
// The configured tags choose the grant:
//
//	ClientSecret  client credentials (RFC 6749 §4.4): the application's permissions POP.AccessAsApp and SMTP.SendAsApp
//	Password      user name and password (RFC 6749 §4.3): Microsoft is ending it
//	neither       device code (RFC 8628): a person authorizes the mailbox once, Source.Authorize; from then on its
//	              refresh token is exchanged (RFC 6749 §6)
//
// # What a source promises
//
//   - It makes a rotated refresh token durable in the Store before it returns the access token that came with it:
//     without the new refresh token a person would have to authorize again. A kill -9 in between loses nothing.
//   - It sends one request at a time for a mailbox, also when several processes use its tokens.
//   - Only refusals with a reason (invalid_grant, invalid_client, …) are permanent: mailbox.ErrTokenRefused. A
//     time-out, a status of 429 or 5xx, or an answer in HTML is mailbox.ErrToken, which is transient.
//   - Every request has a deadline and every answer a size limit. Redirects are not followed: they would carry secrets.
//   - No error contains a secret or a token.
//
// golang.org/x/oauth2 makes the requests and reads the answers. It uses a transport of this package (transport.go) that
// adds a context for the device code's request, time-outs, and a description of an answer that is not a token
// endpoint's.
//
// # Files
//
//	source.go              Source: Token, Forget, and the requests of each grant
//	grant.go               Options, the grants and their scopes
//	device.go              Authorize: a person authorizes the mailbox (RFC 8628)
//	refresh.go             the refresh token is exchanged, and the rotated one stored
//	store.go, store_*.go   Store: one file for each mailbox's authorization, and who may read it
//	lock.go                the lock between processes that use the same authorization
//	transport.go           HTTP: time-outs, size limits, no redirects
//	claims.go              Claims: the content of an access token, and what it lacks for POP3 and SMTP
//	errors.go, hint.go     Error, its class, and hints for Microsoft's numbers
package oauth
