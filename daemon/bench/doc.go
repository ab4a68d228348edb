// Package bench measures the daemon and two other programs on the same Dovecot, one after another. The others are mpop,
// which pipelines and writes a Maildir, and a raw drain, which pipelines and discards the mail: it shows how fast the
// server can deliver a maildrop at all. The daemon is the built binary with the verb once; it records into a PostgreSQL
// with default durability.
//
// The package consists of tests with the build tag bench, because it needs the servers that tests start. "make bench"
// runs them and prints the tables. The package lies below daemon, because it measures whole polls. Absolute figures
// differ between machines and change with their load. Compare the ratios: they are taken within a round, in which all
// programs read the same mail.
package bench
