// Package store keeps requests, activities, attachments and receipts in PostgreSQL.
// Accept records a batch of messages in one transaction together with their receipts, so that a message
// whose receipt is there is recorded, and one whose receipt is not there has left no trace.
package store
