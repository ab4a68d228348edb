// Command mailintegration reads mailboxes over POP3 and records each message in PostgreSQL exactly once, as an
// incident, a service request, an event or an activity on an existing request.
//
// Each verb of the command line is a struct with a Run method. Run opens the installation (the configuration, the
// database, the log), calls the packages below, prints the result, and returns an error that decides the exit code. The
// log goes to standard error; standard output has only the result.
//
// # Files
//
//	main.go, cli.go              the command line: verbs, flags, usage errors
//	exit.go                      exit codes, and the line and hint printed for an error
//	configuration.go             where the service file is, loading it, finding a mailbox by its name
//	installation.go, reading.go  what a verb opens: for writing, or for reading only
//	wire.go, sending.go          from the configuration to the options of daemon, mailbox and processor; accounts that send
//	directory.go, file.go        errors and hints of directories and files that a person names
//	input.go                     … and inputs that may never come
//	privileges*.go               root's process becomes the owner of the data directory
//	events.go                    every log event of this package
//	logger.go, outputs.go        where the log goes; package logfile writes the files of the log directory
//	queue.go                     … without waiting for it
//	logline.go, journal.go       a line taken apart, as a sentence, as an entry of the journal
//	systemlog*.go, eventids.go   what goes to syslog or to the event log of Windows
//	logs.go, logtail.go          the verb logs
//	started.go                   what the log says when the daemon starts
//	terminal.go, table.go        what is printed: escaped characters, tables, JSON
//	run.go, once.go              the verbs that poll
//	attendant.go                 tells the service manager how the daemon is, and that it makes progress
//	original.go, originallog.go  the command line of Octopus; package octopus parses it
//	adopt.go, adoptfind.go       the verb service adopt: which calls of Octopus there are, and where their files lie
//	adoptsecurity.go             … asks servers about TLS
//	adoptwrite.go                … writes the service file and the copies
//	configlock*.go               … one run of the program at a time
//	writefile*.go                writes and replaces files of the configuration, which the daemon may read
//	adoptnext.go                 … compares with the database, and says what to do next
//	arguments*.go                keeps passwords of the command line out of the list of processes
//	service.go                   the verbs service …; package service does the work
//	update.go, restart_*.go      a daemon whose executable was replaced makes way for the new one
//	reload.go, brokenfiles.go    reads the configuration again while the daemon runs; tells it which files are broken
//	listen.go                    … makes its monitor answer at Listen
//	page.go                      … shows people the page, from the daemon's store
//	check.go, check_*.go         the verb check: database, directories, free space, Listen, servers, token
//	finding.go                   … what a check and its steps have shown, as a tree for people and programs
//	trial.go, trialtls.go        a log-in that is tried step by step: name, connection, TLS
//	trialpop3.go, trialsmtp.go   … to a mailbox, and to a server that sends
//	polling.go                   … unless a daemon polls the mailbox
//	mailboxtry.go                the verb mailbox test
//	support.go                   the verb support bundle
//	configverb.go                the verbs config (show, validate, reference, schema) and reference
//	encrypt.go                   … encrypt: the passwords in the files
//	encryptkey.go                … the first key and a new one; an encrypted value for other places
//	keys.go, keys_*.go           … where its key is, and who may read it
//	confignew.go, interview.go   … config new: the questions, and how a person is asked
//	confignewflags.go            … checks the flags before anything is tried
//	confignewtry.go              … tries the connection and the log-in
//	confignewfile.go             … writes the files
//	confignewnext.go             … adds names to the database, waits for the daemon, says what to do next
//	configedit.go, editor.go     … config edit: changes a file, by flags or in an editor
//	configeditnames.go           … and warns of names that the database lacks
//	places_*.go                  what check asks the operating system: free space and owners
//	explain.go, explained.go     the verb explain, and what it prints
//	replay.go, setaside.go       the verbs replay and setaside
//	status.go, mailboxlist.go    the verbs status and mailbox list
//	observed.go, openproblems.go … what they know from the configuration and from the database
//	health.go                    the verb health
//	mailbox.go                   the verb mailbox authorize
//	request.go, show.go          the verbs request and event, as far as they only show
//	handle.go, several.go        … and as far as they change; doing the same for several numbers
//	message.go, moment.go        the verb message; times on the command line
//	pagetoken.go                 the verb page token
//	reference.go, user.go        the verbs team, group, site, priority, source and user
//	namedby.go                   … where the configuration names a user or a team
//	password.go, echo_*.go       … and the passwords of users; what is typed is hidden
//	subscription.go              … and who is notified of new events
//	requesttype.go               the verb request-type
//	template.go                  the verb template
//	attachments.go, db.go        the verbs attachments and db
//	attachment.go, export.go     the verb attachment; a stored file is written to a file
//	backup.go                    the verbs backup and restore; package store/backup does the work
//	dbexec.go                    … db exec, db psql: PostgreSQL's programs with the database in use
//	demo.go                      the verb demo; its mail server and messages are in package demo
//	completion.go                the verb completion; the scripts come from package completion
//	version.go                   the version, and the verb version
package main
