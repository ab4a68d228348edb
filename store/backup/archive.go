package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"time"
)

// Names of the entries.
const (
	dumpName     = "database.dump"
	filesName    = "attachments"
	sumsName     = "SHA256SUMS"
	manifestName = "manifest.json"
	lastName     = "manifest.json.sha256"
)

// block is the size to which tar pads its headers and contents.
const block = 512

// fileName returns the name of the entry for an attachment file.
func fileName(digest [sha256.Size]byte) string {
	name := hex.EncodeToString(digest[:])
	return path.Join(filesName, name[:2], name[2:4], name)
}

// sumLine returns the line of SHA256SUMS for an entry.
func sumLine(digest [sha256.Size]byte, name string) string {
	return fmt.Sprintf("%x  %s\n", digest, name)
}

// archiver writes the entries of an archive to a file.
type archiver struct {
	file *os.File
	at   int64     // end of the last entry
	time time.Time // of all entries
}

// add writes an entry whose content write gives, and returns its octets and their digest. The size of the dump is known only
// afterwards, so the header is written last: an entry that was cut has an empty header, which ends the archive.
func (a *archiver) add(name string, write func(io.Writer) error) (size int64, digest [sha256.Size]byte, err error) {
	c := &content{hash: sha256.New(), to: bufio.NewWriterSize(io.NewOffsetWriter(a.file, a.at+block), 256<<10)}
	err = write(c)
	if err == nil {
		_, err = c.to.Write(make([]byte, (block-c.size%block)%block))
	}
	if err == nil {
		err = c.to.Flush()
	}
	if err == nil {
		err = a.writeHeader(name, c.size)
	}
	if err != nil {
		return 0, digest, err
	}
	a.at += block + (c.size+block-1)/block*block
	c.hash.Sum(digest[:0])
	return c.size, digest, nil
}

// content counts and hashes the octets of an entry.
type content struct {
	to   *bufio.Writer
	hash hash.Hash
	size int64
}

// Write implements io.Writer.
func (c *content) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.hash.Write(p[:n])
	c.size += int64(n)
	return n, err
}

// writeHeader writes the header of the entry at the end. GNU's format has any size in one block.
func (a *archiver) writeHeader(name string, size int64) error {
	var header bytes.Buffer
	err := tar.NewWriter(&header).WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: a.time, Format: tar.FormatGNU,
	})
	if err != nil {
		return err
	}
	if header.Len() != block {
		return fmt.Errorf("the header of %s takes %d octets", name, header.Len())
	}
	_, err = a.file.WriteAt(header.Bytes(), a.at)
	return err
}

// addManifest writes the manifest, its SHA-256 and the end of the archive, and makes them durable.
func (a *archiver) addManifest(m Manifest) error {
	_, digest, err := a.add(manifestName, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(m)
	})
	if err == nil {
		_, _, err = a.add(lastName, func(w io.Writer) error {
			_, err := io.WriteString(w, sumLine(digest, manifestName))
			return err
		})
	}
	if err == nil {
		_, err = a.file.WriteAt(make([]byte, 2*block), a.at)
	}
	if err == nil {
		err = a.file.Sync()
	}
	return err
}
