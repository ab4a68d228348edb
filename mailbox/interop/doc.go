// Package interop starts real POP3 servers for the tests that are run against each of them: Dovecot, Courier, Cyrus,
// popa3d and GNU mailutils. They are Debian's packages, which exclude one another: scripts/setup interop installs each
// into a layer over the system's files, and Start runs it in mount and process namespaces of its own on top of that
// layer, so that it finds its files where its package put them and nothing of the system changes. That needs root and
// Linux; Dovecot (package dovecottest) needs neither. A server listens on loopback and ends with the test, or with the
// process that runs it, however that ends.
//
// Every server has one user, User, with Password.
package interop
