// Package backup writes a database and its attachment directory to one archive beside running daemons, and restores them.
//
// # The archive
//
// An archive is a plain tar file, so that a person can read it without this program. Its entries come in this order:
//
//	database.dump         the database, as pg_dump -Fc writes it
//	attachments/aa/bb/…   the files of the attachment directory that its rows name; the name of each is its SHA-256
//	SHA256SUMS            the SHA-256 of each entry above, as sha256sum writes it
//	manifest.json         versions, counts, and the SHA-256 of the dump and of SHA256SUMS (Manifest)
//	manifest.json.sha256  the SHA-256 of the manifest
//
// The dump is compressed; attachments are not, since most of them are compressed formats. The manifest and its SHA-256 come last: an
// archive that was cut anywhere lacks them and is refused. The archive is written under the name with .partial at its end, made durable and then
// renamed, so a file with its name is complete. An archive holds mail and hashes of passwords: only its owner may read it. The
// configuration is not in it, nor are keys and tokens.
//
// # Why a backup is consistent
//
// Rows name files. A file is durable before the row that names it commits, and is removed after no row names it (package store,
// Removal). A backup takes a lock that keeps removals from being noted, then a snapshot of the database, and then copies the files
// that the snapshot names. They were durable before the snapshot, and stay until the backup ends. Acceptances are not held up: what
// they record after the snapshot is not in the backup, neither the row nor the file. The lock belongs to a session, and ends with it.
//
//	a backup is cut …          leaves                                          then
//	before the rename          NAME.partial, or nothing if it can be removed   the next backup of the same name, or into the directory, removes it
//	after the rename           the whole archive                               –
//	the database restarts      an error, unless all files were copied          Confirm tells that removals may have happened meanwhile
//
// # What a restore does, and where it may be cut
//
// A restore reads the whole archive and compares every SHA-256 before it changes anything. Then files come before rows again, and the
// rows come in one transaction of pg_restore. A table, restore_under_way, exists from the first change until the last: meanwhile no
// daemon and no verb opens the database, so no mail is polled and none is sent. Running the restore again begins again.
//
//	a restore is cut …            database                              attachment directory          again
//	while it reads the archive    as it was                             as it was                     begins
//	before BeginRestore commits   as it was                             a note that a restore began   goes on: the note marks it
//	while it adds files           empty, with restore_under_way         some files, and the note      adds those that are missing
//	within pg_restore             the same: one transaction             all files, and the note       loads it
//	before Finish commits         loaded, with restore_under_way        the note, or the new marker   empties the database, loads it
//	after that                    restored                              its own                       is refused: not empty
//
// One restore into a database runs at a time (a lock of its session). On Linux, pg_restore ends with the restore that has started it;
// its session in the server may still build an index. Whoever has the lock ends such a session first, and waits until it is gone.
//
// # A restored database beside the original
//
// A directory that was empty becomes the restored database's own, under a new identity. The directory of the lost database, with its
// marker, takes the files that are missing; it stays the property of the original, which may be alive, and the restored database
// removes nothing there until a person says so (attachments adopt). The two databases know nothing of each other's leases: a
// person gives a copy other mailboxes. Mail that waited to be sent may have been sent since the backup, so it is given up unless the
// caller says otherwise. Numbers of requests begin above those that the original may have given out since.
//
// # Files
//
//	archive.go    writes the entries of an archive
//	verify.go     reads an archive and compares every SHA-256
//	manifest.go   Manifest
//	partial.go    the file while it is written, and what killed backups have left; partial_unix.go and partial_windows.go:
//	              whether somebody writes it
//	program_*.go  ends pg_dump and pg_restore with this process
//	create.go     Create: a backup, with pg_dump
//	restore.go    Restore, with pg_restore
package backup
