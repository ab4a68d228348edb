package config

import "crypto/sha256"

// File is a file that a configuration was read from, or one that it names and that could not be read.
type File struct {
	Path string

	// digest is the SHA-256 of the octets, zero when the file could not be read. It is not exported, because the digest
	// of a short secret gives the secret away.
	digest [sha256.Size]byte
}

// fileOf returns the File of octets that readFile returned.
func fileOf(path string, data []byte, err error) File {
	if err != nil {
		return File{Path: path}
	}
	return File{path, sha256.Sum256(data)}
}

// readNamed reads a file that the document names, and remembers it among the document's files.
func (d *document) readNamed(path string) ([]byte, error) {
	data, err := readFile(path)
	d.files = append(d.files, fileOf(path, data, err))
	return data, err
}
