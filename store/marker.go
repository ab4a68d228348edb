package store

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mailintegration/store/disk"
)

// markerFile is the file in an attachment directory that says which database owns it. Earlier versions wrote the numbers of
// the PostgreSQL cluster and the database into a file of the same name, and do not touch a directory where they find
// anything else in it.
const markerFile = ".mailintegration-database"

// markerTitle is the first line of a marker, for a person who finds it.
const markerTitle = "MailIntegration keeps attachments here. Do not copy or remove this file; see mailintegration attachments adopt."

// marker is the content of the marker file.
type marker struct {
	identity   string
	generation string
	claiming   bool   // the row in the database may be missing: the claim of any other database may replace the marker
	legacy     string // the text that an earlier version wrote, "" otherwise
}

// newIdentity returns a random UUID (RFC 9562 §5.4).
func newIdentity() string {
	var u [16]byte
	_, _ = rand.Read(u[:]) // never fails
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

func (m marker) String() string {
	state := "claimed"
	if m.claiming {
		state = "claiming"
	}
	return fmt.Sprintf("%s\nidentity %s\ngeneration %s\nstate %s\n", markerTitle, m.identity, m.generation, state)
}

// parseMarker reads a marker of this version. It takes any other text for the marker of an earlier version.
func parseMarker(text string) marker {
	var m marker
	if !strings.HasPrefix(text, markerTitle+"\n") {
		return marker{legacy: strings.TrimSpace(text)}
	}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "identity":
			m.identity = value
		case "generation":
			m.generation = value
		case "state":
			m.claiming = value == "claiming"
		}
	}
	return m
}

// readMarker returns the marker, and whether there is one. It tries a failed read again: over a network, a file that is
// being replaced may be neither the old one nor the new one for a moment.
func (d attachmentDirectory) readMarker() (m marker, there bool, err error) {
	if err := d.runner.beforeStep("read marker"); err != nil {
		return marker{}, false, err
	}
	path := filepath.Join(d.root, markerFile)
	text, err := os.ReadFile(path)
	if err != nil {
		text, err = os.ReadFile(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return marker{}, false, nil
	}
	if err != nil {
		return marker{}, false, &directoryError{fmt.Errorf("marker: %w", err)}
	}
	return parseMarker(string(bytes.TrimSpace(text)) + "\n"), true, nil
}

// writeMarker replaces the marker. The new marker is durable when writeMarker returns.
func (d attachmentDirectory) writeMarker(m marker) error {
	if err := d.replaceMarker(m); err != nil {
		return &directoryError{fmt.Errorf("marker: %w", err)}
	}
	return nil
}

func (d attachmentDirectory) replaceMarker(m marker) error {
	if err := d.runner.beforeStep("write marker"); err != nil {
		return err
	}
	f, err := os.CreateTemp(d.root, temporaryPrefix+"*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(m.String())
	err = errors.Join(err, f.Chmod(fileMode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(d.root, markerFile))
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error is the one to know
		return err
	}
	return disk.SyncDirectory(d.root)
}
