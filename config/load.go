package config

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"mailintegration/config/key"
)

// The roots of the two kinds of files. A mailbox file may have any root but serviceRoot.
const (
	mailboxRoot = "MailIntegration"
	serviceRoot = "MailIntegrationService"
)

// LoadMailbox reads one mailbox file and the files that it names; keys decrypts its encrypted values. The error is an *Error
// with every mistake. Login and Team are "" when the file has none: the command line of the original, which polls the mailbox
// of one file, gives them.
func LoadMailbox(path string, keys key.Source) (*Mailbox, []Warning, error) {
	m, d := loadMailbox(path, newKeyring(keys), nil)
	if err := asError(d.mistakes); err != nil {
		return nil, d.warnings, err
	}
	return m, d.warnings, nil
}

// loadMailbox reads one mailbox file, or the draft that stands for it. The mailbox is nil when the file cannot be read.
func loadMailbox(path string, keys *keyring, draft *Draft) (*Mailbox, *filling) {
	data, err := draft.read(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	m, f := readMailbox(path, data, keys)
	f.files = append([]File{fileOf(path, data, nil)}, f.files...)
	return m, f
}

// unreadable returns the result of a file that could not be read: one mistake.
func unreadable(path string, err error) *filling {
	d := &document{file: path, files: []File{fileOf(path, nil, err)}}
	d.mistake(position{}, "", "cannot be read: "+err.Error())
	return &filling{document: d}
}

// readMailbox reads the mailbox file at path from its octets.
func readMailbox(path string, data []byte, keys *keyring) (*Mailbox, *filling) {
	set := mailboxSet()
	d := parse(path, data, set)
	d.keys = keys
	m := &Mailbox{File: path}
	if strings.EqualFold(d.root, serviceRoot) {
		d.mistakes = nil // they come from reading the wrong kind of file
		d.mistake(d.rootAt, "", "is a service file (name a mailbox file; it begins with <"+mailboxRoot+">)")
		return m, &filling{document: d}
	}
	f := d.fill(m, set)
	if d.root != "" {
		checking{f, m, set}.all()
	}
	d.mistakes, d.warnings = sorted(d.mistakes), sortedWarnings(d.warnings)
	return m, f
}

// DefaultService returns the service that an empty file would give, without mailboxes, for a data directory; "" means
// the usual one.
func DefaultService(dataDirectory string) *Service {
	s := &Service{Storage: Storage{DataDirectory: dataDirectory}}
	set := serviceSet()
	(&document{}).fill(s, set)
	s.MailboxFiles = nil
	s.setDirectories()
	return s
}

// LoadService reads the service file and every mailbox file that it names; keys decrypts their encrypted values. The error is an
// *Error with every mistake of every file. When only mailbox files, and the files of ListenCertificate and ListenKey, have
// mistakes, LoadService also returns the service: with the mailboxes that have none, and with ListenFault. Otherwise the service
// is nil.
func LoadService(path string, keys key.Source) (*Service, []Warning, error) {
	s, f := loadService(path, keys)
	return s.orMistakes(f)
}

// LoadListening returns where a running daemon answers, as far as the service file says so. A daemon goes on with the configuration
// before when the file has a mistake, and with the certificate before when its file has: whoever asks how it is needs no more than this.
func LoadListening(path string, keys key.Source) Listening {
	data, err := readFile(path)
	if err != nil {
		return Listening{}
	}
	s, _ := readService(path, data, newKeyring(keys))
	return s.Listening
}

// orMistakes returns the results of LoadService for what loadService has read.
func (s *Service) orMistakes(f *filling) (*Service, []Warning, error) {
	warnings, mistakes := f.warnings, slices.Clone(f.mistakes)
	if s.ListenFault != nil {
		mistakes = sorted(append(mistakes, s.ListenFault.Mistakes...))
	}
	if of := s.MailboxMistakes(); of != nil {
		mistakes = append(mistakes, of.Mistakes...)
	}
	if len(f.mistakes) > 0 {
		return nil, warnings, asError(mistakes)
	}
	return s, warnings, asError(mistakes)
}

// loadService reads the service file and its mailbox files. The service holds what could be read of them. The filling has
// the mistakes of the service file alone, and the warnings of all files.
func loadService(path string, source key.Source) (*Service, *filling) {
	return loadServiceWith(path, source, nil)
}

// loadServiceWith does the same with a draft in the place of a file, nil for none.
func loadServiceWith(path string, source key.Source, draft *Draft) (*Service, *filling) {
	data, err := draft.read(path)
	if err != nil {
		f := unreadable(path, err)
		return &Service{File: path, Files: f.files}, f
	}
	keys := newKeyring(source)
	s, f := readService(path, data, keys)
	s.Files = append([]File{fileOf(path, data, nil)}, f.files...)
	files := f.mailboxFiles(s)
	if draft.isNew(s, files) {
		files = append(files, draft.Path)
	}
	f.mistakes, f.warnings = sorted(f.mistakes), sortedWarnings(f.warnings)
	f.loadMailboxes(files, s, keys, draft)
	return s, f
}

// readService reads the service file at path from its octets, without its mailbox files.
func readService(path string, data []byte, keys *keyring) (*Service, *filling) {
	set := serviceSet()
	d := parse(path, data, set)
	d.keys = keys
	s := &Service{File: path}
	if d.root != "" && !strings.EqualFold(d.root, serviceRoot) {
		d.mistakes = nil
		d.mistake(d.rootAt, shown(d.root), "is not the root of a service file (write <"+serviceRoot+">)")
		return s, &filling{document: d}
	}
	f := d.fill(s, set)
	s.setDirectories()
	f.exposure(s)
	f.listening(s)
	s.Smtp = f.readSmtp(path, set, nil)
	return s, f
}

// setDirectories fills in the paths that have defaults, and makes all paths absolute.
func (s *Service) setDirectories() {
	if s.DataDirectory == "" {
		s.DataDirectory = defaultDataDirectory()
	}
	s.DataDirectory = beside(s.File, s.DataDirectory)
	if s.AttachmentDirectory == "" {
		s.AttachmentDirectory = filepath.Join(s.DataDirectory, "attachments")
	}
	s.AttachmentDirectory = beside(s.File, s.AttachmentDirectory)
	if s.SpoolDirectory == "" {
		s.SpoolDirectory = filepath.Join(s.DataDirectory, "spool")
	}
	s.SpoolDirectory = beside(s.File, s.SpoolDirectory)
	if s.LogDirectory != "" {
		s.LogDirectory = beside(s.File, s.LogDirectory)
	}
}

// mailboxFiles returns the files that the tags Mailboxes name, each file once.
func (f *filling) mailboxFiles(s *Service) []string {
	var files []string
	seen := map[string]bool{filepath.Clean(s.File): true} // a pattern may match the service file itself
	for _, pattern := range s.MailboxFiles {
		found, err := f.match(s.File, pattern)
		if err != nil {
			f.mistake(f.at("Mailboxes"), "Mailboxes", f.shown(pattern)+" "+err.Error()+
				" (name a mailbox file, or a pattern such as mailboxes/*.xml)")
		}
		for _, file := range found {
			if clean := filepath.Clean(file); !seen[clean] {
				seen[clean] = true
				files = append(files, clean)
			}
		}
	}
	return files
}

// match returns the files that a name or pattern stands for. Its errors continue the sentence that begins with it.
func (f *filling) match(serviceFile, pattern string) ([]string, error) {
	path := pattern
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(serviceFile), path)
	}
	if isFile(path) {
		return []string{path}, nil
	}
	if !strings.ContainsAny(pattern, "*?[") {
		return nil, errors.New("is not an existing file")
	}
	found, err := filepath.Glob(path)
	if err != nil {
		return nil, errors.New("is not a well-formed pattern")
	}
	if len(found) == 0 {
		f.warn(f.at("Mailboxes"), "Mailboxes", f.shown(pattern)+" matches no file (check the folder and the pattern)")
	}
	return found, nil
}
