package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mailintegration/store"
)

// sampledAttachments is how many attachments of each sort are looked for: enough to notice that they are gone, and few enough for
// a slow share.
const sampledAttachments = 50

const attachmentDirectory = "attachment directory"

// attachments checks that the attachment directory is this database's, can be written to and holds what the database says.
// Without a database, in is nil and only the writing is tried.
func (c *checking) attachments(in *installation) {
	directory := c.service.AttachmentDirectory
	if in == nil {
		if err := store.CheckAttachmentDirectory(directory); err != nil {
			c.failed(exitFailed, attachmentDirectory, err, "")
			return
		}
		c.ok(attachmentDirectory, directory)
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	found, err := in.store.CheckAttachments(ctx, directory, sampledAttachments)
	if err != nil {
		c.failed(exitFailed, attachmentDirectory, err, "")
		return
	}
	c.attachmentsFound(directory, found)
}

// attachmentsFound says what is wrong with an attachment directory, the first reason that explains the others.
func (c *checking) attachmentsFound(directory string, found store.AttachmentCheck) {
	switch {
	case found.Writable != nil:
		c.failed(exitFailed, attachmentDirectory, found.Writable, "")
	case found.Marker != nil:
		c.failed(exitFailed, attachmentDirectory, fmt.Errorf("%s: %w", directory, found.Marker), "")
	case found.Missing+found.Damaged > 0:
		err := fmt.Errorf("of %d attachments that were looked for, %d are missing and %d have another size, such as %s",
			found.Sampled, found.Missing, found.Damaged, strings.Join(found.Examples, ", "))
		c.failed(exitFailed, attachmentDirectory, err, "restore "+directory+" from a backup, or mount the share that they are on")
	default:
		c.ok(attachmentDirectory, fmt.Sprintf("%s, %d attachments looked for and found", directory, found.Sampled))
		if found.Removal != nil {
			c.warn(attachmentDirectory, errors.Join(found.Removal, errors.New(store.Hint(found.Removal))).Error())
		}
	}
}
