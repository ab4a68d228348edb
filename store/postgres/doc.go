// Package postgres runs a private PostgreSQL: the real server, from the programs installed on the machine,
// in a data directory of ours, for an installation that has no database of its own.
//
// # Data directory
//
//	cluster/         PostgreSQL's own data directory; appears whole (made under another name, then renamed)
//	socket/          where the server listens, for its own account and root only
//	password         of the role mailintegration, mode 0600
//	admin-password   of the role mailintegration_admin, mode 0600
//	port             the port of last time, where there can be no socket; taken again if it is free
//	server.log       what PostgreSQL says; server.log.1 is the part before
//	owner.lock       held by the one process that starts, watches and restarts the server
//	users.lock       held by every process that uses it
//
// # Who runs the server
//
// Any number of processes may call Start on one data directory: the daemon, and the command line beside it.
// The first becomes the owner; the others share its server. When the owner stops while others still use the
// server it leaves the server running, and when the owner dies (kill -9) the kernel releases its lock: one of
// the others, or the next Start, takes the running server over, or starts it when it is gone too.
//
// PostgreSQL refuses to run as root, so as root we start it as the owner of the data directory when that is
// somebody else, otherwise as the user postgres, otherwise as nobody. Only cluster/ and socket/ belong to that user
// then. The command line does not come here as root when the directory is another account's: it becomes that account.
//
// # Whom the files are from
//
// Whoever can write to the data directory decides what its names lead to. So it must be its owner's alone, and every
// file of ours is opened below the directory (os.Root), never through a symbolic link, and only when it is a file of the
// directory's owner; anything else is an error that names the file. PostgreSQL's own files are read with the same care.
// As root, only programs run that nobody but root can change, and none is looked for in a relative folder of PATH.
//
// # Who gets in
//
// The server listens at a Unix socket in a directory that is closed to others, and at no port. Where there can be no
// socket – on Windows, with a path that is longer than a socket's may be (107 octets on Linux), on a file system without
// sockets – it listens at a port of the loopback interface. A server that an older version has left running at a port
// stays there until it is stopped: its users know the port.
//
// Both sides prove that they know the password (SCRAM, RFC 5802), and a server that asks for less is not answered: anybody
// may listen at a port while our server is down.
//
// The role mailintegration, as whom URL logs in, owns the database and may do nothing beyond it. The superuser
// mailintegration_admin is used by this package alone, when a server is started or taken over. Clusters of older versions had one
// role, a superuser: it becomes the administrator, and what it owned in our database goes to a new role of its old name. A
// disposable server, for tests, keeps that one role and a port.
package postgres
