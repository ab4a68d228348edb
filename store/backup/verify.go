package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"mailintegration/store"
)

// DamagedError says that a file is no complete backup.
type DamagedError struct{ Reason string }

func (e *DamagedError) Error() string { return "this is not a complete backup: " + e.Reason }

// Hint returns what a person can do.
func (e *DamagedError) Hint() string {
	return "copy the file once more from where it was made, and compare the copies, or take another backup; nothing was changed"
}

func damaged(format string, args ...any) error { return &DamagedError{fmt.Sprintf(format, args...)} }

// Archive is an archive whose entries were all compared with their SHA-256.
type Archive struct {
	Manifest Manifest

	dump  *io.SectionReader
	files []store.RestoredFile
}

// File is an archive to read, such as an *os.File.
type File interface {
	io.ReadSeeker
	io.ReaderAt
}

// Verify reads a whole archive. The error is a DamagedError if an entry is missing or is not what it was.
func Verify(ctx context.Context, f File) (*Archive, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	var begins [2]byte
	if _, err := f.ReadAt(begins[:], 0); err == nil && begins == [2]byte{0x1f, 0x8b} {
		return nil, &store.RestoreError{Reason: "the archive is compressed with gzip", Remedy: "decompress it first: gunzip FILE"}
	}
	v := &verifier{file: f, tar: tar.NewReader(f), archive: &Archive{}}
	if err := v.read(ctx); err != nil {
		return nil, err
	}
	return v.archive, v.check()
}

// verifier reads an archive.
type verifier struct {
	file    File
	tar     *tar.Reader
	archive *Archive

	dump     Dump
	octets   int64     // of the files
	expected hash.Hash // of the lines that SHA256SUMS should have
	sums     string    // SHA-256 of SHA256SUMS
	manifest string    // the line with the SHA-256 of the manifest
	finished bool      // the last entry was read
}

// read reads the entries.
func (v *verifier) read(ctx context.Context) error {
	v.expected = sha256.New()
	for !v.finished {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := v.tar.Next()
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return damaged("it ends early, without %s", lastName)
		case errors.Is(err, tar.ErrHeader):
			return damaged("it is not a tar file, or damaged after %s", v.last())
		case err != nil:
			return err
		}
		if err := v.readEntry(h); err != nil {
			return err
		}
	}
	return nil
}

// readEntry reads one entry.
func (v *verifier) readEntry(h *tar.Header) error {
	at, err := v.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	switch h.Name {
	case manifestName:
		return v.readManifest(h.Size)
	case lastName:
		return v.readLast()
	}
	digest, err := v.digest(h.Name)
	if err != nil {
		return err
	}
	if h.Name == sumsName {
		v.sums = hex.EncodeToString(digest[:])
		return nil
	}
	_, _ = io.WriteString(v.expected, sumLine(digest, h.Name)) // never fails
	return v.take(h.Name, digest, io.NewSectionReader(v.file, at, h.Size))
}

// last returns the name of the last entry that was read.
func (v *verifier) last() string {
	switch {
	case v.manifest != "":
		return manifestName
	case v.sums != "":
		return sumsName
	case len(v.archive.files) > 0:
		return fileName(v.archive.files[len(v.archive.files)-1].Digest)
	case v.archive.dump != nil:
		return dumpName
	}
	return "its beginning"
}

// digest reads the entry and returns its SHA-256.
func (v *verifier) digest(name string) (digest [sha256.Size]byte, err error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, v.tar); errors.Is(err, io.ErrUnexpectedEOF) {
		return digest, damaged("it ends within %s", name)
	} else if err != nil {
		return digest, err
	}
	hash.Sum(digest[:0])
	return digest, nil
}

// take notes the dump, or a file of the attachment directory.
func (v *verifier) take(name string, digest [sha256.Size]byte, content *io.SectionReader) error {
	switch {
	case name == dumpName:
		v.archive.dump = content
		v.dump = Dump{Octets: content.Size(), SHA256: hex.EncodeToString(digest[:])}
	case name == fileName(digest):
		v.archive.files = append(v.archive.files, store.RestoredFile{Digest: digest, Content: content})
		v.octets += content.Size()
	case strings.HasPrefix(name, filesName+"/"):
		return damaged("%s does not have the SHA-256 that its name says", name)
	default:
		return damaged("%s is no file of a backup", name)
	}
	return nil
}

// maxManifest is the size in octets of the largest manifest that is read.
const maxManifest = 1 << 20

func (v *verifier) readManifest(size int64) error {
	if size > maxManifest {
		return damaged("%s has %d octets", manifestName, size)
	}
	text, err := io.ReadAll(v.tar)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("it ends within %s", manifestName)
	}
	if err != nil {
		return err
	}
	v.manifest = sumLine(sha256.Sum256(text), manifestName)
	if err := json.Unmarshal(text, &v.archive.Manifest); err != nil {
		return damaged("%s: %v", manifestName, err)
	}
	return nil
}

// readLast compares the last entry with the manifest.
func (v *verifier) readLast() error {
	v.finished = true
	text, err := io.ReadAll(io.LimitReader(v.tar, maxManifest))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if v.manifest == "" || string(text) != v.manifest {
		return damaged("%s does not have the SHA-256 that %s says", manifestName, lastName)
	}
	return nil
}

// check compares the entries with the manifest.
func (v *verifier) check() error {
	m := v.archive.Manifest
	switch {
	case m.Format > format:
		return &store.RestoreError{
			Reason: fmt.Sprintf("the backup has format %d, and this program reads formats up to %d", m.Format, format),
			Remedy: "install the version of MailIntegration that made the backup, " + m.Program + ", or a newer one",
		}
	case m.Format < 1:
		return damaged("%s names no format", manifestName)
	case v.archive.dump == nil || v.dump != m.Database:
		return damaged("%s is not the one that %s describes", dumpName, manifestName)
	case v.sums != m.Checksums || v.sums != hex.EncodeToString(v.expected.Sum(nil)):
		return damaged("%s does not fit the files", sumsName)
	case int64(len(v.archive.files)) != m.Attachments.Files || v.octets != m.Attachments.Octets:
		return damaged("it has %d attachment files with %d octets, and %s says %d with %d", len(v.archive.files), v.octets, manifestName,
			m.Attachments.Files, m.Attachments.Octets)
	}
	return nil
}
