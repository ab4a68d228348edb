// Package postgres runs a private PostgreSQL: the real server, from the programs installed on the machine,
// in a data directory of ours, for an installation that has no database of its own.
//
// # Data directory
//
//	cluster/     PostgreSQL's own data directory; appears whole (made under another name, then renamed)
//	password     of the one role, mode 0600
//	port         the port of last time, taken again if it is free
//	server.log   what PostgreSQL says; server.log.1 is the part before
//	owner.lock   held by the one process that starts, watches and restarts the server
//	users.lock   held by every process that uses it
//
// # Who runs the server
//
// Any number of processes may call Start on one data directory: the daemon, and the command line beside it.
// The first becomes the owner; the others share its server. When the owner stops while others still use the
// server it leaves the server running, and when the owner dies (kill -9) the kernel releases its lock: one of
// the others, or the next Start, takes the running server over, or starts it when it is gone too.
//
// PostgreSQL refuses to run as root, so as root we start it as the owner of the data directory when that is
// somebody else, otherwise as the user postgres, otherwise as nobody. Only cluster/ belongs to that user: root
// never writes to a directory that a lesser user could fill with symbolic links.
package postgres
