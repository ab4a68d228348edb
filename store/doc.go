// Package store keeps requests, activities, attachments and receipts in PostgreSQL.
// Accept records a batch of messages in one transaction together with their receipts, so that a message
// whose receipt is there is recorded, and one whose receipt is not there has left no trace.
//
// # Tables
//
// A request (incident, service request or event) has activities, participants, attachments and a history; a service
// request may have a service_request_type and, in request_field, the fields of the form that it was asked for by;
// thread says which Message-IDs lead to it. A receipt says that a message was accepted and what became of it;
// set_aside names the event that carries a message that could not be recorded as what it is. Rules that must always
// hold are constraints of the schema (migrations/), not of this code.
//
// # The receipt rule
//
// A receipt is known by the mailbox and the SHA-256 of the raw octets. The unique-id of the server does not decide:
// RFC 1939 §7 lets it return once its message is gone, and a migrated server gives new ones. The same Message-ID with
// other octets is another message.
//
// # Order within Accept
//
//  1. Lock the row of the mailbox: two daemons that poll the same mailbox accept one after the other.
//  2. Look up the receipts; what has one is known and only counted.
//  3. Look up everything that deciding may ask for, for the whole batch at once.
//  4. Decide message by message; each decision shows in the directory that the next one sees.
//  5. Make the files of the attachments durable.
//  6. Write all rows and commit.
//
// A crash before the commit leaves at most files that no row names; CollectOrphans removes them. A commit whose
// answer was lost is unknown: Accept fails, and the next poll either finds the receipt or does the work again.
//
// Reconsider takes back the receipt of a message that was set aside and then takes the same steps, in one transaction:
// either it stays aside or it is recorded as something else.
//
// # Isolation
//
// READ COMMITTED is enough: the lock of step 1 comes before any look-up, rows of other mailboxes are only added to
// under unique indexes, and a state is changed by an UPDATE that names the states it may change from. Deadlocks and
// serialisation failures are tried again, which is why the function given to inTx may run twice.
//
// # Whose fault
//
// A message that PostgreSQL refuses (SQLSTATE class 22, 23 or 54), or that makes our own code panic, is set aside,
// alone. Everything else, above all what is unknown, is no message's fault: nothing is recorded and the mail stays
// where it is.
package store
