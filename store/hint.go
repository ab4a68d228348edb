package store

import (
	"errors"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// hints say what a person can do about an SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
var hints = map[string]string{
	"28P01": "check the user name and password in Database",
	"28000": "check the user name in Database, and that the server's pg_hba.conf allows this user from this host",
	"3D000": "create the database (createdb NAME), or correct its name in Database",
	"42501": "make the user of Database the owner of the database, or have the owner run mailintegration db migrate and db roles --apply; " +
		"db migrate, db roles --apply, db first-number and restore themselves need the owner",
	"25006": "name the server that takes changes in Database, or list all servers with target_session_attrs=read-write",
	"53100": "free space on the disk of the database server",
	"53300": "raise max_connections of the database server, or lower MaxDatabaseConnections",
}

// Hint returns a sentence that tells a person what to do about an error of this package, or "" when it knows nothing.
func Hint(err error) string {
	var names *UnresolvedError
	if errors.As(err, &names) {
		return names.Hint()
	}
	if pg, ok := pgError(err); ok && hints[pg.Code] != "" && !errors.Is(err, ErrRoles) {
		return hints[pg.Code]
	}
	var action *ActionError
	if errors.As(err, &action) {
		return action.Hint()
	}
	var first *FirstNumberError
	if errors.As(err, &first) {
		return first.Hint()
	}
	var settled *SettledError
	if errors.As(err, &settled) {
		return settled.Hint()
	}
	var inUse *InUseError
	if errors.As(err, &inUse) {
		return inUse.Hint()
	}
	var refused *RestoreError
	if errors.As(err, &refused) {
		return refused.Hint()
	}
	var connect *pgconn.ConnectError
	var file *attachmentFileError
	var constraint *constraintError
	switch {
	case errors.As(err, &constraint):
		return "correct the constraint " + constraint.constraint + " or the data that it needs (psql shows it with \\d); " +
			"the messages stay in the mailbox until then"
	case errors.Is(err, ErrRoles):
		return "have an administrator of the server run it: mailintegration db roles | psql -d DATABASE"
	case errors.Is(err, ErrExposed):
		return "run mailintegration db migrate as the account that owns the tables, or have an administrator of the server run: " +
			"mailintegration db roles | psql -d DATABASE"
	case errors.Is(err, ErrMigrationLocked):
		return "stop the other daemons on this database, or end the transaction that holds the table (pg_stat_activity shows it), " +
			"and run mailintegration db migrate again"
	case errors.Is(err, ErrLocked):
		return "end the transaction that holds the row, if it does not end by itself: " +
			"SELECT pid, state, query FROM pg_stat_activity WHERE xact_start < now() - interval '1 minute'"
	case errors.Is(err, ErrReferenceGone):
		return "add the removed name again, or correct the configuration; mailintegration check says which names are missing"
	case errors.Is(err, ErrNoMarker):
		return "mount the share; if this directory is the right one from now on, run mailintegration attachments adopt"
	case errors.Is(err, ErrForeignDirectory):
		return "give each database an AttachmentDirectory of its own; if the other database is gone, run mailintegration attachments adopt"
	case errors.Is(err, ErrCopy):
		return "if this database is the one in use, because it was moved or restored, run mailintegration attachments adopt; " +
			"a copy needs an AttachmentDirectory of its own"
	case errors.Is(err, ErrHanging):
		return "check the server of the share that AttachmentDirectory lies on; the mail stays in the mailbox until it answers"
	case errors.Is(err, ErrBackupRuns):
		return "wait until it has ended; pg_stat_activity shows a session that was left behind"
	case errors.Is(err, ErrPooled):
		return "give --config a copy of the service file whose Database names PostgreSQL itself"
	case errors.Is(err, errStandby):
		return hints[stateReadOnly]
	case errors.Is(err, ErrOtherTeam):
		return "give the mailbox its Team back; or record the message by hand, and discard it"
	case errors.As(err, &connect):
		return "check that PostgreSQL runs and answers at the address in Database"
	case errors.As(err, &file):
		return FileHint(err, "AttachmentDirectory")
	case pathOf(err) != "":
		return FileHint(err, "")
	case errors.Is(err, ErrUnavailable):
		return "the mail stays in the mailbox until the database answers again"
	}
	return ""
}

// IsUnreachable reports whether no database server answered, or only a standby or one that is starting, stopping or full,
// or a pooler that reaches none. It may answer later, with the same address, user name and password.
func IsUnreachable(err error) bool {
	if pg, ok := pgError(err); ok {
		return pg.Code == stateReadOnly || slices.Contains([]string{classConnection, classResources, classIntervention}, class(pg))
	}
	var connect *pgconn.ConnectError
	var silent *silentError
	return errors.As(err, &connect) || errors.As(err, &silent)
}
