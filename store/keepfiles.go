package store

import (
	"context"
	"time"
)

// keepFiles makes the files of the records durable. A share that hangs does not return, whatever is asked of it: after a
// time that grows with the octets the writers are left to themselves. What they still do is harmless, as they read
// nothing more and no row names their files.
func (a *acceptance) keepFiles(ctx context.Context, records []*record) error {
	list := contentsOf(records)
	if len(list) == 0 {
		return nil
	}
	limit := growing(a.store.fileTime, sizeOf(records))
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		var err error
		defer func() { done <- err }()
		defer recoverFault(&err)
		err = a.store.contents.keep(limited, list)
	}()
	err := awaitFiles(limited, done)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return &overdueError{"writing files to the attachment directory", limit}
	}
	return err
}

// awaitFiles waits for the writers. After a stop they return at once, unless they hang.
func awaitFiles(ctx context.Context, done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	grace := time.NewTimer(fileGrace)
	defer grace.Stop()
	select {
	case err := <-done:
		return err
	case <-grace.C:
		return ctx.Err()
	}
}

func sizeOf(records []*record) (n int64) {
	for _, r := range records {
		n += r.Raw.Size()
	}
	return n
}
