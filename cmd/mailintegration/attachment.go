package main

import (
	"errors"
	"fmt"

	"mailintegration/store"
)

type attachmentCmd struct {
	Get attachmentGetCmd `cmd:"" help:"Write an attachment, or a message that was kept as one, exactly as it was received."`
}

type attachmentGetCmd struct {
	Number int64  `arg:"" help:"The number of the attachment, which request show and event show print."`
	To     string `placeholder:"FILE" default:"-" help:"The file to write, which must not exist; - for standard output, which is the default."`
}

// Run writes the octets of an attachment. The name that the sender gave it is never the name of a file.
func (c *attachmentGetCmd) Run(e *env) error {
	return exportTo(e, c.To, fmt.Sprintf("attachment %d", c.Number), func(s *store.Store) (*store.Octets, error) {
		octets, err := s.OpenAttachment(e.ctx, c.Number)
		if errors.Is(err, store.ErrUnknown) {
			err = &failure{code: exitFailed, err: err, hint: "run mailintegration request show NUMBER to see the numbers of its attachments"}
		}
		return octets, err
	})
}
