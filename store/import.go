package store

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// ImportResult says what an import did, or what it would do.
type ImportResult struct {
	Added     int            `json:"added"`
	Changed   int            `json:"changed"`
	Unchanged int            `json:"unchanged"`
	Users     []ImportedUser `json:"users"` // those who were added or changed, in the order of the file
}

// ImportedUser is a user whom an import has added or changed.
type ImportedUser struct {
	Line    int      `json:"line"`
	Logon   string   `json:"logon"`
	Added   bool     `json:"added"`
	Columns []string `json:"columns"` // that were changed, empty for a user who was added
}

// Mistake is one mistake in a file.
type Mistake struct {
	Line int
	What string
}

// ImportError lists every mistake in a file, in the order of the lines.
type ImportError struct {
	File     string // its name, "" if the caller has given none
	Mistakes []Mistake
}

// maxListed is how many mistakes an error lists.
const maxListed = 50

// Error lists the mistakes, one per line: what is wrong in several lines once, with the first of them.
func (e *ImportError) Error() string {
	var firsts []Mistake
	lines, last := map[string]int{}, map[string]int{} // by what is wrong: how many lines have it, and the last one
	for _, m := range e.Mistakes {
		switch {
		case lines[m.What] == 0:
			firsts = append(firsts, m)
		case last[m.What] == m.Line:
			continue
		}
		lines[m.What]++
		last[m.What] = m.Line
	}
	var text []string
	for _, m := range firsts[:min(maxListed, len(firsts))] {
		place := fmt.Sprintf("line %d", m.Line)
		if e.File != "" {
			place = fmt.Sprintf("%s:%d", e.File, m.Line)
		}
		more := ""
		switch n := lines[m.What] - 1; n {
		case 0:
		case 1:
			more = " (and 1 more line)"
		default:
			more = fmt.Sprintf(" (and %d more lines)", n)
		}
		text = append(text, place+": "+m.What+more)
	}
	if n := len(firsts) - maxListed; n > 0 {
		text = append(text, fmt.Sprintf("… and %d more mistakes", n))
	}
	return strings.Join(text, "\n")
}

func (e *ImportError) add(line int, err error) {
	for what := range strings.Lines(err.Error()) { // errors.Join puts each error on a line
		e.Mistakes = append(e.Mistakes, Mistake{line, strings.TrimSuffix(what, "\n")})
	}
}

// result returns the mistakes as an error when there are any.
func (e *ImportError) result() error {
	if len(e.Mistakes) == 0 {
		return nil
	}
	slices.SortStableFunc(e.Mistakes, func(a, b Mistake) int { return a.Line - b.Line })
	return e
}

// ImportUsers adds and updates users from CSV. When the file has a mistake, it changes no user and returns an
// *ImportError with every mistake. A dry run finds the same mistakes and differences, and changes nothing.
//
// The first line names the columns, in any order: logon (mandatory), name, addresses, site, language, title, department, phone.
// Fields are separated by semicolons, commas or tabs, the addresses within their field by spaces or vertical bars. A user whose logon
// exists is updated: an empty field clears the value, a column that is not in the file changes nothing. Users who are not in the
// file stay as they are.
func (s *Store) ImportUsers(ctx context.Context, r io.Reader, dryRun bool) (ImportResult, error) {
	file, err := readUsers(r)
	if err != nil {
		return ImportResult{}, err
	}
	var result ImportResult
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		result, err = file.save(ctx, tx, dryRun)
		return err
	})
	if err != nil {
		return ImportResult{}, err
	}
	return result, nil
}

// userFile is the content of a CSV file.
type userFile struct {
	columns columns
	users   []User
	lines   []int // the line of each user
}

func (f userFile) save(ctx context.Context, tx pgx.Tx, dryRun bool) (ImportResult, error) {
	p, err := lookUpPeople(ctx, tx, f.users)
	if err != nil {
		return ImportResult{}, fmt.Errorf("import users: %w", err)
	}
	if err := f.check(p); err != nil {
		return ImportResult{}, err
	}
	result, changed := f.compare(p)
	if dryRun {
		return result, nil
	}
	if err := p.save(ctx, tx, changed, f.columns); err != nil {
		return ImportResult{}, fmt.Errorf("import users: %w", err)
	}
	return result, nil
}

// check returns every mistake that only the database shows.
func (f userFile) check(p people) error {
	var wrong ImportError
	moving := map[string]bool{}
	for _, u := range f.users {
		moving[fold(u.Logon)] = f.columns["addresses"]
	}
	for i, u := range f.users {
		if err := p.check(u, moving); err != nil {
			wrong.add(f.lines[i], err)
		}
	}
	return wrong.result()
}

// compare returns what the file changes, and the users whom it adds or changes.
func (f userFile) compare(p people) (r ImportResult, changed []User) {
	r.Users = []ImportedUser{}
	for i, u := range f.users {
		was, there := p.users[fold(u.Logon)]
		one := ImportedUser{Line: f.lines[i], Logon: u.Logon, Added: !there, Columns: []string{}}
		if there {
			one.Columns = append(one.Columns, was.changes(u, f.columns)...)
		}
		switch {
		case !there:
			r.Added++
		case len(one.Columns) == 0:
			r.Unchanged++
			continue
		default:
			r.Changed++
		}
		r.Users = append(r.Users, one)
		changed = append(changed, u)
	}
	return r, changed
}

// maxImport is the largest file in octets; the whole file is held in memory.
const maxImport = 64 << 20

// readUsers reads the file. Its error lists every mistake that can be found without the database.
func readUsers(r io.Reader) (userFile, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxImport+1))
	if err != nil {
		return userFile{}, fmt.Errorf("import users: %w", err)
	}
	if len(content) > maxImport {
		return userFile{}, fmt.Errorf("import users: the file has more than %d octets: split it", maxImport)
	}
	content = bytes.TrimPrefix(content, []byte("\uFEFF"))
	var wrong ImportError
	checkUTF8(content, &wrong)
	if len(wrong.Mistakes) > 0 { // in another encoding, all further mistakes would be wrong
		return userFile{}, wrong.result()
	}
	comma := separator(content)
	if named, is := bytes.CutPrefix(content, []byte("sep=")); is && len(named) > 1 && (named[1] == '\r' || named[1] == '\n') { // as Excel writes it
		comma, content = rune(named[0]), named[1:] // with an empty line: the lines keep their numbers
	}
	if bytes.IndexByte(content, '\n') < 0 && bytes.IndexByte(content, '\r') >= 0 {
		wrong.add(1, errors.New("the lines end with CR alone: save the file with the line ends of Windows or Unix"))
		return userFile{}, wrong.result()
	}
	if !slices.Contains(separators, comma) {
		wrong.add(1, errors.New("separate the columns by commas, semicolons or tabs"))
		return userFile{}, wrong.result()
	}
	in := csv.NewReader(bytes.NewReader(content))
	in.Comma = comma
	in.FieldsPerRecord = -1 // readRows counts the fields, for a better message
	var file userFile
	header := file.readHeader(in, &wrong)
	if len(wrong.Mistakes) > 0 {
		return userFile{}, wrong.result()
	}
	file.readRows(in, header, &wrong)
	return file, wrong.result()
}

// checkUTF8 notes the first line that is not UTF-8 or has a NUL, which PostgreSQL cannot hold.
func checkUTF8(content []byte, wrong *ImportError) {
	line := 0
	for text := range bytes.Lines(content) {
		line++
		if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
			wrong.add(line, errors.New("not UTF-8: save the file as UTF-8 (in Excel: CSV UTF-8)"))
			return
		}
	}
}

// The characters that may separate columns. Those that come first are looked for first.
var separators = []rune{';', ',', '\t'}

// separator returns the character that separates the columns of the first line.
func separator(content []byte) rune {
	first, _, _ := bytes.Cut(content, []byte("\n"))
	for _, r := range separators {
		if bytes.ContainsRune(first, r) {
			return r
		}
	}
	return ','
}

// The columns that a file of users may have.
var userColumns = []string{"logon", "name", "addresses", "site", "language", "title", "department", "phone"}

// readHeader reads the first line and returns the name of each column.
func (f *userFile) readHeader(in *csv.Reader, wrong *ImportError) []string {
	header, err := in.Read()
	if err != nil {
		wrong.add(1, fmt.Errorf("no header: name the columns in the first line: %s", strings.Join(userColumns, ", ")))
		return nil
	}
	line, _ := in.FieldPos(0)
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		if !slices.Contains(userColumns, name) {
			wrong.add(line, fmt.Errorf("unknown column %q: the columns are %s", name, strings.Join(userColumns, ", ")))
		} else if slices.Contains(header[:i], name) {
			wrong.add(line, fmt.Errorf("column %s appears twice", name))
		}
		header[i] = name
	}
	if !slices.Contains(header, "logon") {
		wrong.add(line, errors.New("the column logon is missing"))
	}
	f.columns = columnsOf(header)
	return header
}

func (f *userFile) readRows(in *csv.Reader, columns []string, wrong *ImportError) {
	logons, addresses := map[string]int{}, map[string]int{} // the line of each
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			wrong.add(syntax.StartLine, explainQuotes(syntax))
			continue
		}
		if err != nil {
			wrong.add(0, err)
			return
		}
		line, _ := in.FieldPos(0)
		if len(row) != len(columns) {
			wrong.add(line, fmt.Errorf("%d fields, but the header has %d", len(row), len(columns)))
			continue
		}
		u := userOf(columns, row)
		if at := slices.Index(columns, "addresses"); at >= 0 && strings.ContainsAny(row[at], "<>") {
			wrong.add(line, fmt.Errorf("%q: write the address alone, without a name and < >", row[at]))
			u.Addresses = nil
		}
		u, err = u.cleaned()
		if err != nil {
			wrong.add(line, err)
		}
		noteDuplicate(logons, "logon", u.Logon, line, wrong)
		for _, a := range u.Addresses {
			noteDuplicate(addresses, "address", a, line, wrong)
		}
		f.users = append(f.users, u)
		f.lines = append(f.lines, line)
	}
}

// explainQuotes returns in words what is wrong with the quotes of a record, and which lines went with it.
func explainQuotes(syntax *csv.ParseError) error {
	switch {
	case errors.Is(syntax.Err, csv.ErrBareQuote):
		return errors.New(`a field has " within it: put the field in " and write "" for each`)
	case !errors.Is(syntax.Err, csv.ErrQuote):
		return syntax.Err
	case syntax.Line > syntax.StartLine:
		return fmt.Errorf(`a field begins with " and does not end with one, so that the lines up to %d were not examined`, syntax.Line)
	}
	return errors.New(`a field begins with " and does not end with one; within it, write "" for "`)
}

func userOf(columns, row []string) User {
	var u User
	for i, column := range columns {
		switch column {
		case "logon":
			u.Logon = row[i]
		case "name":
			u.Name = row[i]
		case "addresses":
			u.Addresses = strings.FieldsFunc(row[i], func(r rune) bool { return r == ' ' || r == '|' })
		case "site":
			u.Site = row[i]
		case "language":
			u.Language = row[i]
		case "title":
			u.Title = row[i]
		case "department":
			u.Department = row[i]
		case "phone":
			u.Phone = row[i]
		}
	}
	return u
}

// noteDuplicate notes a mistake when an earlier line has the same name.
func noteDuplicate(seen map[string]int, what, name string, line int, wrong *ImportError) {
	if name == "" {
		return
	}
	if before, twice := seen[fold(name)]; twice {
		wrong.add(line, fmt.Errorf("%s %s is also on line %d", what, name, before))
		return
	}
	seen[fold(name)] = line
}
