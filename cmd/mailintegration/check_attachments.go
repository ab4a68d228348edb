package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mailintegration/store"
)

// sampledAttachments is the number of attachments of each sort that check looks for: enough to notice that they are
// missing, and few enough for a slow share.
const sampledAttachments = 50

const attachmentDirectory = "attachment directory"

// attachments checks that the attachment directory is writable, is this database's and holds the attachments that the
// database names. Without a database, in is nil, and check only tries to write.
func (c *checking) attachments(in *installation) {
	directory := c.service.AttachmentDirectory
	if in == nil && c.comesWithDatabase(directory) {
		c.ok(attachmentDirectory, directory+" does not exist yet; it is made with the private database")
		return
	}
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

// comesWithDatabase reports whether the private PostgreSQL, when it is made, makes the folder in which the attachment directory lies.
func (c *checking) comesWithDatabase(directory string) bool {
	_, err := os.Stat(c.service.DataDirectory)
	return c.service.DatabaseURL.IsEmpty() && errors.Is(err, fs.ErrNotExist) &&
		filepath.Dir(directory) == filepath.Clean(c.service.DataDirectory) && tryDirectory(directory) == nil
}

// attachmentsFound prints the result of checking the attachment directory. Of several problems it prints the first in this
// order, since that one explains the others.
func (c *checking) attachmentsFound(directory string, found store.AttachmentCheck) {
	switch {
	case found.Writable != nil:
		c.failed(exitFailed, attachmentDirectory, found.Writable, "")
	case found.Marker != nil:
		c.failed(exitFailed, attachmentDirectory, fmt.Errorf("%s: %w", directory, found.Marker), "")
	case found.Missing+found.Damaged > 0:
		err := fmt.Errorf("of %d attachments that were looked for, %d are missing and %d have another size, such as %s",
			found.Sampled, found.Missing, found.Damaged, strings.Join(found.Examples, ", "))
		c.failed(exitFailed, attachmentDirectory, err, "restore "+directory+" from a backup, or mount its share")
	default:
		c.ok(attachmentDirectory, fmt.Sprintf("%s, %d attachments looked for and found", directory, found.Sampled))
		if found.Removal != nil {
			c.warn(attachmentDirectory, errors.Join(found.Removal, errors.New(store.Hint(found.Removal))).Error())
		}
	}
}
