package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"mailintegration/store"
)

// exportTo writes a stored file to a file that must not exist, or to standard output for "-". Its name says what it is.
func exportTo(e *env, file, name string, open func(*store.Store) (*store.Octets, error)) error {
	if file == "-" {
		return copyOctets(e, octetsTo(e.stdout), open)
	}
	// The file comes before the configuration: only root may be allowed to write it, see openMessages.
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return &failure{code: exitFailed, err: err, hint: "name a file that does not exist, or -"}
	}
	if err != nil {
		return &failure{code: exitFailed, err: err, hint: "name a file that can be written, or -"}
	}
	err = copyOctets(e, f, open)
	if err == nil {
		err = f.Sync()
	}
	if err = cmp.Or(err, f.Close()); err != nil {
		if gone := os.Remove(file); gone != nil {
			return fmt.Errorf("%w; remove %s, which is not complete", err, file)
		}
		return err
	}
	printLine(e.stdout, "%s written to %s", name, file)
	return nil
}

// octetsTo returns the writer that takes octets as they are, unless they would go to a real terminal, which obeys some.
func octetsTo(w io.Writer) io.Writer {
	if t, is := w.(*terminal); is && !isTerminal(w) {
		return t.to
	}
	return w
}

// copyOctets copies the octets of a stored file.
func copyOctets(e *env, to io.Writer, open func(*store.Store) (*store.Octets, error)) error {
	in, err := openToRead(e)
	if err != nil {
		return err
	}
	defer in.close()
	octets, err := open(in.store)
	if err != nil {
		return lostOriginal(err)
	}
	defer octets.Close()
	_, err = io.Copy(to, octets)
	return err
}
