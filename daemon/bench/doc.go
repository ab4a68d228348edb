// Package bench measures the daemon as a whole. It consists of tests with the build tag bench, because it needs the
// servers that tests start. It lies below daemon, because it measures whole polls. The daemon is always the built binary,
// a process of its own, and records into a PostgreSQL with default durability. Absolute figures differ between machines
// and change with their load.
//
// # make bench
//
// TestBench compares the daemon, mpop and a raw drain on the same Dovecot, one after another. mpop pipelines and writes a
// Maildir. The raw drain pipelines and discards the mail: it shows how fast the server can deliver a maildrop at all. The
// daemon runs the verb once. Compare the ratios: they are taken within a round, in which all programs read the same mail.
//
// # make growth
//
// TestGrowth measures what the daemon needs as mailboxes and records grow, and prints a table of goals and figures. The
// mailboxes are on a POP3 server in another process (maildrops_test.go), which accepts any user, notes the time of each
// log-in, RETR and DELE, and can answer a round trip late. GROWTH_ROWS chooses among these rows:
//
//	plain, tls  1,000 empty mailboxes, polled by the verb run. Processor time of the daemon and of all processes of
//	            PostgreSQL, from /proc, over the third schedule after the start (steady state); peak memory
//	            (VmHWM) and most connections at once since the start, counted every 20 ms among PostgreSQL's processes,
//	            and connections opened (pg_stat_database); the share of polls that begin at most schedule + 2 s after
//	            the poll before; failed polls since the start, from the log
//	far         the same with TLS and a round trip of 200 ms
//	many        5,000 empty mailboxes
//	burst       1,000 mailboxes, each of which gets a mail within the same second: the time from delivery to DELE,
//	            which follows the commit
//	backlog     one mailbox with 20,000 mails; when the daemon has begun to read them, 99 others get one mail each
//	takeover    two daemons share 100 mailboxes with 20 mails each; one is killed when a tenth is recorded. The time from
//	            its death to the first poll by the other daemon, for each mailbox that it polled last; each mail is
//	            recorded once. The schedule is a sixth of the others', so that it does not hide the time
//	once        the verb once on an empty mailbox, with PostgreSQL running: median of 20 runs, connections of each
//	records     the verb once on 2,000 mails, with 10 million receipts and 1 million requests and with none, in turn:
//	            warm (all files of PostgreSQL in memory), then cold (after a restart, none of them in memory)
//	page        the pages for people, as a browser gets them, with 10 million receipts, 1 million requests and mails of the outbox,
//	            100,000 problems and messages set aside, and with none: the first time after a restart, with no file of
//	            PostgreSQL in memory, then 30 times. A search that finds nothing looks for a second, by design
//
// The first three rows run at the same time: each needs little, and has a daemon and a PostgreSQL of its own.
//
// Rows that need a quiet machine: once and records measure wall time. The others measure processor time, or times that are
// far longer than a busy machine's delays.
package bench
