package config

import (
	"cmp"
	"path/filepath"
	"strings"

	"mailintegration/config/key"
)

// credentials is where systemd hands secrets to the service, and where it reads them from.
type credentials struct {
	given  string // the folder with a file secret_NAME for each secret; it is there while the service runs
	source string // the folder with the files NAME, which only root may read
}

// systemdCredentials are the folders of LoadCredential in deploy/systemd/mailintegration.service.
var systemdCredentials = credentials{"/run/credentials/mailintegration.service", "/etc/mailintegration/credentials"}

// sourceOf returns the file from which systemd reads the credential at path, "" if path is not one.
func (c credentials) sourceOf(path string) string {
	name, is := strings.CutPrefix(path, c.given+"/secret_")
	if !is || name == "" || strings.ContainsAny(name, `/\`) {
		return ""
	}
	return c.source + "/" + name
}

// read reads the file that holds a secret. A credential is missing while the service is stopped, and if it was written after
// the service has started: then a process of root reads what systemd will.
func (c credentials) read(d *document, path string) ([]byte, error) {
	data, err := d.readNamed(path)
	if source := c.sourceOf(path); err != nil && source != "" {
		if own, other := readFile(source); other == nil {
			return own, nil
		}
	}
	return data, err
}

// remedy says what to do if the secret in a file cannot be read; plain is the tag that holds the secret itself.
func (c credentials) remedy(path, noun, plain string) string {
	if c.sourceOf(path) != "" {
		return "write the " + noun + " into the file in " + c.source + " that is named like this one without secret_, then restart the service"
	}
	return "name a file that holds the " + noun + ", or write the " + noun + " itself in " + plain
}

// KeyCredentials returns the paths at which systemd may hand the service its key file, and the one that it reads the key file
// from, which only root can read. given is the folder that systemd names in CREDENTIALS_DIRECTORY, "" outside the service.
func KeyCredentials(given string) []string { return systemdCredentials.keys(given) }

// keys returns the paths at which a key file may be: as a file in the folder of secrets, or as a credential of its own, which
// systemd may have decrypted.
func (c credentials) keys(given string) []string {
	given = cmp.Or(given, c.given)
	return []string{filepath.Join(given, key.FileName), filepath.Join(given, "secret_"+key.FileName), filepath.Join(c.source, key.FileName)}
}
