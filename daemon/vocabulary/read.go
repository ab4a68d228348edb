package vocabulary

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
)

// Event is a line that the program logs: its name, at one level.
type Event struct {
	Package string // the folder of its events.go, below the module's
	Name    string
	Level   string // debug, info, warn or error
	Meaning string
	Fields  []string // without error and hint, which many have
	Hint    string   // what a person can do; "" without a hint
}

// Read returns the events of each events.go below the folder of the module, in the order of the files.
func Read(module string) ([]Event, error) {
	var all []Event
	added := map[string][]string{} // by a method's name: fields that another package adds
	err := filepath.WalkDir(module, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != module || d.Name() == "testdata" || d.Name() == "dist") {
			return fs.SkipDir
		}
		if d.Name() != "events.go" {
			return nil
		}
		folder, err := filepath.Rel(module, filepath.Dir(path))
		if err != nil {
			return err
		}
		s, err := parse(path)
		if err != nil {
			return err
		}
		s.folder = filepath.ToSlash(folder)
		all = append(all, s.events()...)
		for name, fields := range s.helpers {
			added[name] = fields
		}
		return nil
	})
	for i, e := range all {
		if camelled(e.Name) != "" {
			all[i].Fields = join(e.Fields, added[camelled(e.Name)+"Fields"])
		}
	}
	return all, err
}

// camelled returns a name as that of a method: daemonStarted for "daemon started".
func camelled(name string) string {
	words := strings.Fields(name)
	for i := 1; i < len(words); i++ {
		words[i] = strings.ToUpper(words[i][:1]) + words[i][1:]
	}
	return strings.Join(words, "")
}

// source is an events.go.
type source struct {
	folder    string
	positions *token.FileSet
	file      *ast.File
	constants map[string]ast.Expr
	helpers   map[string][]string // fields that a function returns, by its name
}

// parse reads an events.go.
func parse(path string) (*source, error) {
	s := &source{positions: token.NewFileSet(), constants: map[string]ast.Expr{}, helpers: map[string][]string{}}
	var err error
	if s.file, err = parser.ParseFile(s.positions, path, nil, parser.ParseComments); err != nil {
		return nil, err
	}
	for _, d := range s.file.Decls {
		general, is := d.(*ast.GenDecl)
		if !is || general.Tok != token.CONST {
			continue
		}
		for _, spec := range general.Specs {
			if v := spec.(*ast.ValueSpec); len(v.Values) == len(v.Names) {
				for i, name := range v.Names {
					s.constants[name.Name] = v.Values[i]
				}
			}
		}
	}
	for _, d := range s.file.Decls {
		if f, is := d.(*ast.FuncDecl); is && f.Recv == nil {
			s.helpers[f.Name.Name] = s.keys(f.Body)
		}
	}
	return s, nil
}

// events returns the events of the file.
func (s *source) events() []Event {
	var all []Event
	for _, d := range s.file.Decls {
		f, is := d.(*ast.FuncDecl)
		if !is || f.Recv == nil {
			continue
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if call, is := n.(*ast.CallExpr); is {
				if level := levelOf(call); level != "" {
					all = append(all, s.event(f, call, level))
				}
			}
			return true
		})
	}
	return all
}

// levelOf returns the level of a call of log.Debug, log.Info, log.Warn or log.Error, "" for another call.
func levelOf(call *ast.CallExpr) string {
	method, is := call.Fun.(*ast.SelectorExpr)
	if !is {
		return ""
	}
	if log, is := method.X.(*ast.SelectorExpr); !is || log.Sel.Name != "log" {
		return ""
	}
	switch method.Sel.Name {
	case "Debug", "Info", "Warn", "Error":
		return strings.ToLower(method.Sel.Name)
	}
	return ""
}
