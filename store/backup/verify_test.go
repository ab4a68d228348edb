package backup_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/store"
	"mailintegration/store/backup"
)

func TestADamagedArchiveIsRefused(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(newDesk(t).archive())
	if err != nil {
		t.Fatal(err)
	}
	p := place(t)
	try := func(what string, octets []byte) {
		t.Helper()
		name := filepath.Join(t.TempDir(), "damaged.tar")
		p.must(os.WriteFile(name, octets, 0o600))
		var damaged *backup.DamagedError
		if _, err := p.restore(name, backup.Options{}); !errors.As(err, &damaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	manifest := bytes.Index(whole, []byte(`"format"`))
	end := bytes.LastIndex(whole, []byte("manifest.json\n")) // of the last entry
	next := func(at int) int {
		if at > manifest {
			return at + 17 // in the manifest, which no other entry has, more often
		}
		return at + 509
	}
	for at := 0; at < end; at = next(at) {
		try(fmt.Sprintf("cut at octet %d", at), whole[:at])
		if isPadding(whole, at) {
			continue
		}
		changed := bytes.Clone(whole)
		changed[at] ^= 0xff
		name := filepath.Join(t.TempDir(), "changed.tar")
		p.must(os.WriteFile(name, changed, 0o600))
		if _, err := p.restore(name, backup.Options{}.OnStep(func(string) error { return errUnnoticed })); errors.Is(err, errUnnoticed) {
			t.Errorf("octet %d of %d changed, and nobody notices", at, len(whole))
		}
	}
	try("an empty file", nil)
	try("a text", []byte(strings.Repeat("This is no archive.\n", 100)))
	if n := p.count(`SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace`); n != 0 {
		t.Errorf("%d tables were made", n)
	}
}

var errUnnoticed = errors.New("the damage was not noticed")

// isPadding reports whether the octet lies in a run of zeros, which pads a field or an entry, or is the blank that ends the checksum of
// an entry's header.
func isPadding(octets []byte, at int) bool {
	const block, checksumEnd, magic = 512, 155, 257 // POSIX.1-2008, pax, ustar Interchange Format
	header := octets[at-at%block:]
	return octets[at] == 0 || at%block == checksumEnd && len(header) > block && bytes.HasPrefix(header[magic:], []byte("ustar"))
}

func TestACompressedArchiveIsToldApartFromADamagedOne(t *testing.T) {
	t.Parallel()
	_, err := backup.Verify(t.Context(), strings.NewReader("\x1f\x8b\x08\x00"))
	if err == nil || err.Error() != "the archive is compressed with gzip" || hintOf(err) != "decompress it first: gunzip FILE" {
		t.Errorf("%v, hint %q", err, hintOf(err))
	}
}

func TestABackupOfANewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.open()
	d.exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
	name := filepath.Join(t.TempDir(), "mail.tar")
	_, err := backup.Create(t.Context(), s, name, backup.Options{URL: d.url})
	d.must(err)
	place(t).wantRefused(name, "the backup has schema 9999")
}

func TestABackupOfANewerServerIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	f, err := os.Open(d.archive())
	d.must(err)
	defer f.Close()
	a, err := backup.Verify(t.Context(), f)
	d.must(err)
	a.Manifest.PostgreSQL = "99.1"
	p := place(t)
	_, err = backup.Restore(t.Context(), a, p.options(), backup.Choice{}, backup.Options{}.With("pg_restore"))
	if err == nil || !strings.Contains(err.Error(), "the backup is of PostgreSQL 99, and the server here is PostgreSQL ") {
		t.Error(err)
	}
}

// wantRefused fails the test unless a restore is refused and has made no table.
func (d *desk) wantRefused(name, want string) {
	d.Helper()
	_, err := d.restore(name, backup.Options{})
	if err == nil || !strings.Contains(err.Error(), want) || store.Hint(err) == "" {
		d.Errorf("%v, hint %q", err, store.Hint(err))
	}
	if n := d.count(`SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace`); n != 0 {
		d.Errorf("%d tables were made", n)
	}
}
