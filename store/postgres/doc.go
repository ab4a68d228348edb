// Package postgres runs a private PostgreSQL: the real server, from the programs installed on the machine, in a data
// directory of ours, for an installation that has no database of its own.
//
// # Data directory
//
//	cluster/         PostgreSQL's own data directory; it appears complete (made under another name, then renamed)
//	socket/          where the server listens, for its own account and root only
//	password         of the role mailintegration, mode 0600
//	admin-password   of the role mailintegration_admin, mode 0600
//	prepared         the run of the server that has our role and our database; others need not ask it
//	port             the last port, where there can be no socket; the next start takes it again if it is free
//	server.log       the output of PostgreSQL; server.log.1 is the part before
//	owner.lock       held by the one process that starts, watches and restarts the server
//	users.lock       held by every process that uses the server
//
// # Who runs the server
//
// Any number of processes may call Start on one data directory: the daemon, and the command line beside it. The first
// one becomes the owner; the others share its server. When the owner stops while others still use the server, it leaves
// the server running. When the owner dies (kill -9), the kernel releases its lock. Then one of the others, or the next
// Start, becomes the owner: it adopts the running server, or starts one when the server is gone too.
//
// PostgreSQL refuses to run as root. As root we start it as the owner of the data directory when another account owns
// it, otherwise as the user postgres, otherwise as nobody; in the last two cases only cluster/ and socket/ belong to
// that user. The command line never calls Start as root when the directory belongs to another account: it becomes that
// account first.
//
// # Who owns the files
//
// Whoever can write to the data directory decides where its names lead. So the directory must be its owner's alone.
// This package opens every file of ours below the directory (os.Root), never through a symbolic link, and only when the
// file belongs to the directory's owner; anything else is an error that names the file. It reads PostgreSQL's own files
// with the same care. As root, it runs only programs that nobody but root can change, and looks for none in a relative
// folder of PATH.
//
// # Who gets in
//
// The server listens at a Unix socket in a directory that is closed to others, and at no port. Where there can be no
// socket – on Windows, with a path that is longer than a socket's may be (107 octets on Linux), on a file system
// without sockets – it listens at a port of the loopback interface. A server that an older version has left running at
// a port stays there until it is stopped: its users know the port.
//
// Both sides prove that they know the password (SCRAM, RFC 5802), and we do not answer a server that asks for less:
// any program may listen at the port while our server is down.
//
// The role mailintegration, with which URL logs in, owns the database and may do nothing beyond it. Only this package
// uses the superuser mailintegration_admin, when it starts or adopts a server. Clusters of older versions had one role,
// a superuser: it becomes the administrator, and its objects in our database go to a new role with its old name. A
// disposable server, for tests, keeps that one role and a port.
//
// # Files
//
//	server.go                     Start and Stop; becoming the owner, or sharing the owner's server
//	adopt.go                      adopts a running server, or starts one
//	initdb.go                     makes the cluster
//	launch.go, postmaster.go      starts the server, waits until it is ready, stops it
//	watch.go                      restarts the server when it ends; becomes the owner when the owner is gone
//	roles.go                      the roles and the database; what older clusters lack of them
//	connect.go, address.go        logs in; sockets, ports and URLs
//	socket.go                     the directory of the socket
//	directory.go                  the files of the data directory
//	lock.go, lock_*.go            owner.lock and users.lock
//	pidfile.go                    postmaster.pid
//	account_unix.go               the account that the server runs as; on Windows, among the processes
//	trust_*.go                    which files, directories and programs are safe to use
//	binaries.go, folders_*.go     finds PostgreSQL's programs
//	client.go                     … the client programs, such as pg_dump, and how they connect
//	process_*.go                  processes: start, signal, check whether one runs
//	events.go                     every log event
package postgres
