// Package bench measures the daemon against two others on the same Dovecot, in one run and in turn: mpop, which
// pipelines and writes a Maildir, and a raw drain, which pipelines and throws away what it gets, so that it shows how
// fast the server can hand a maildrop over at all. The daemon is the built binary with the verb once, and records into a
// PostgreSQL with its default durability.
//
// It is all tests with the build tag bench, as it needs the servers that tests start: make bench runs it and prints the
// tables. It lies below daemon, because what it measures is a whole poll. Figures of one machine mean little elsewhere
// and a busy machine moves them: what counts are the ratios, taken within a round, in which each reads the same mail.
package bench
