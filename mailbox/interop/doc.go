// Package interop starts real POP3 servers, so that the same tests run against each: Dovecot, Courier, Cyrus, popa3d
// and GNU mailutils. They are Debian packages that exclude one another. So scripts/setup interop installs each into a
// layer over the system's files, and Start runs the server in a container (mount and process namespaces) over its
// layer: the server finds its files where its package put them, and the system does not change. That needs root and
// Linux; Dovecot (package dovecottest) needs neither. A server listens on loopback and ends with the test, or with the
// process that runs the test, however that ends.
//
// Every server has one user, User, with Password.
//
// # Files
//
//	server.go       Start, the servers and their differences
//	container.go    a server in namespaces over its layer; container.sh and recipe/ run within
package interop
