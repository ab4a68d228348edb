package config

import (
	"embed"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"strings"
)

// documented holds the source of the structs whose fields describe tags: a field's comment is the tag's documentation.
//
//go:embed mailbox.go filter.go smtp.go service.go
var documented embed.FS

// documentation holds the statements of a field's comment about its tag.
type documentation struct {
	text      string
	otherwise string // from a line "Default: …": in words, what the program uses when the tag is absent
	mandatory string // from a line "Mandatory: …": when the tag is mandatory
}

// documentations returns the comments of the fields, by struct and field ("Server.Port").
func documentations() (map[string]documentation, error) {
	files, err := documented.ReadDir(".")
	if err != nil {
		return nil, err
	}
	found := map[string]documentation{}
	for _, file := range files {
		source, err := documented.ReadFile(path.Base(file.Name()))
		if err != nil {
			return nil, err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Name(), source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if spec, isType := n.(*ast.TypeSpec); isType {
				addFields(found, spec)
			}
			return true
		})
	}
	return found, nil
}

// addFields adds the comments of a struct's fields to found.
func addFields(found map[string]documentation, spec *ast.TypeSpec) {
	structure, isStruct := spec.Type.(*ast.StructType)
	if !isStruct {
		return
	}
	for _, field := range structure.Fields.List {
		for _, name := range field.Names {
			found[spec.Name.Name+"."+name.Name] = documentationOf(field.Doc.Text())
		}
	}
}

// documentationOf splits the comment of a field. Each part becomes one line.
func documentationOf(comment string) documentation {
	var d documentation
	part := &d.text
	for line := range strings.Lines(comment) {
		if otherwise, found := strings.CutPrefix(line, "Default: "); found {
			part, line = &d.otherwise, otherwise
		} else if mandatory, found := strings.CutPrefix(line, "Mandatory: "); found {
			part, line = &d.mandatory, mandatory
		}
		*part = strings.TrimSpace(*part + " " + strings.TrimSpace(line))
	}
	return d
}
