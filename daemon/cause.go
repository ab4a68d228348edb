package daemon

import (
	"context"
	"errors"

	"mailintegration/mailbox"
	"mailintegration/mailbox/smtp"
	"mailintegration/store"
)

// Cause is the class of an error, by what a person would have to look at. Programs compare causes, and read no texts;
// the words are stable.
type Cause string

// The causes. CauseNone says that nothing is wrong.
const (
	CauseNone Cause = ""

	CauseConfiguration Cause = "configuration" // the settings of the mailbox contradict each other or the server
	CauseNames         Cause = "names"         // a name in the configuration is not in the database

	CauseUnreachable Cause = "unreachable" // no connection to the mail server
	CauseConnection  Cause = "connection"  // the connection to the mail server was lost, or the server fell silent
	CauseTLS         Cause = "tls"         // no TLS, for another reason than the certificate
	CauseCertificate Cause = "certificate" // the certificate of the mail server is not valid
	CauseLogin       Cause = "login"       // the mail server refused user name, password or method
	CauseToken       Cause = "token"       // no access token could be obtained, or nobody has authorized the mailbox
	CauseInUse       Cause = "in_use"      // another session holds the maildrop
	CauseLoginDelay  Cause = "login_delay" // the mail server wants more time between log-ins
	CauseSender      Cause = "sender"      // the mail server does not let the account send mail, or not from this address
	CauseServer      Cause = "server"      // the mail server has a problem, refuses a command or breaks the protocol

	CauseMessage Cause = "message" // of all messages that were tried, none could be recorded
	CauseSpool   Cause = "spool"   // messages could not be written to the disk of this machine

	CauseDatabase            Cause = "database"             // the database cannot be reached or cannot do its work
	CauseLock                Cause = "lock"                 // another transaction holds a row
	CauseConstraint          Cause = "constraint"           // a constraint of the database refuses one message after another
	CauseSchema              Cause = "schema"               // the schema is for another version of the program
	CauseAttachmentDirectory Cause = "attachment_directory" // the attachment directory cannot be used

	CauseLease   Cause = "lease"   // another daemon polls the mailbox now
	CauseStopped Cause = "stopped" // the daemon was stopped
	CausePanic   Cause = "panic"   // a bug in this program
	CauseUnknown Cause = "unknown"
)

// Causes returns every cause that the trouble of a mailbox may have.
func Causes() []Cause {
	return []Cause{
		CauseConfiguration, CauseNames, CauseUnreachable, CauseConnection, CauseTLS, CauseCertificate, CauseLogin, CauseToken, CauseInUse,
		CauseLoginDelay, CauseSender, CauseServer, CauseMessage, CauseSpool, CauseDatabase, CauseLock, CauseConstraint, CauseSchema,
		CauseAttachmentDirectory, CauseLease, CauseStopped, CausePanic, CauseUnknown,
	}
}

// errLeaseLost ends a session whose mailbox another daemon may poll by now: the lease has run out.
var errLeaseLost = errors.New("the lease of the mailbox has run out: another daemon may poll it")

// causes are the classes of errors and their causes. The first class that an error has decides, so that a class with a
// narrower meaning stands before a wider one.
var causes = []struct {
	class error
	cause Cause
}{
	{errLeaseLost, CauseLease},
	{context.Canceled, CauseStopped},
	{errPaused, CauseDatabase},

	{store.ErrSchemaNewer, CauseSchema},
	{store.ErrSchemaOlder, CauseSchema},
	{store.ErrRestoring, CauseSchema},
	{store.ErrMigrationLocked, CauseSchema},
	{store.ErrDirectory, CauseAttachmentDirectory},
	{store.ErrFilesNotKept, CauseAttachmentDirectory},
	{store.ErrReferenceGone, CauseNames},
	{store.ErrConstraint, CauseConstraint},
	{store.ErrLocked, CauseLock},
	{store.ErrEncoding, CauseDatabase},
	{store.ErrUnavailable, CauseDatabase},

	{smtp.ErrSenderRefused, CauseSender},
	{mailbox.ErrAccount, CauseConfiguration},
	{mailbox.ErrSpool, CauseSpool},
	{mailbox.ErrNotAuthorized, CauseToken},
	{mailbox.ErrTokenRefused, CauseToken},
	{mailbox.ErrToken, CauseToken},
	{mailbox.ErrCertificate, CauseCertificate},
	{mailbox.ErrTLSRefused, CauseTLS},
	{mailbox.ErrTLS, CauseTLS},
	{mailbox.ErrCredentials, CauseLogin},
	{mailbox.ErrMechanism, CauseLogin},
	{mailbox.ErrMaildropLocked, CauseInUse},
	{mailbox.ErrLoginDelay, CauseLoginDelay},
	{mailbox.ErrTooLarge, CauseMessage},
	{mailbox.ErrShort, CauseMessage},
	{mailbox.ErrServerTrouble, CauseServer},
	{mailbox.ErrServerDefect, CauseServer},
	{mailbox.ErrProtocol, CauseServer},
	{mailbox.ErrUnreachable, CauseUnreachable},
	{mailbox.ErrTimeout, CauseConnection},
	{mailbox.ErrConnection, CauseConnection},
	{mailbox.ErrClosed, CauseConnection},
	{mailbox.ErrRefused, CauseServer},
}

// CauseOf returns the cause of an error of a poll, of the database or of the configuration. It returns CauseNone for
// nil and CauseUnknown for an error without a class.
func CauseOf(err error) Cause {
	var problem *ProblemError
	var names *store.UnresolvedError
	var panicked *panicError
	switch {
	case err == nil:
		return CauseNone
	case errors.As(err, &panicked):
		return CausePanic
	case errors.As(err, &problem):
		return CauseConfiguration
	case errors.As(err, &names):
		return CauseNames
	}
	for _, known := range causes {
		if errors.Is(err, known.class) {
			return known.cause
		}
	}
	switch {
	case store.IsUnreachable(err), errors.Is(err, context.DeadlineExceeded):
		return CauseDatabase
	case isLasting(err):
		return CauseMessage
	}
	return CauseUnknown
}
