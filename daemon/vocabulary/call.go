package vocabulary

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// event returns the event of a call in a method.
func (s *source) event(method *ast.FuncDecl, call *ast.CallExpr, level string) Event {
	e := Event{Package: s.folder, Level: level, Name: s.text(call.Args[0]), Meaning: s.meaning(method, call)}
	for _, arg := range call.Args[1:] {
		e.Fields = join(e.Fields, s.keys(arg))
		if hint := s.hint(arg); hint != "" {
			e.Hint = hint
		}
		for _, name := range identifiers(arg) {
			fields, hint := s.variable(method, call, name)
			e.Fields = join(e.Fields, fields)
			if e.Hint == "" {
				e.Hint = hint
			}
		}
	}
	e.Fields = slices.DeleteFunc(e.Fields, func(name string) bool { return name == "hint" || name == "error" })
	return e
}

// join returns fields and those of more that are not among them.
func join(fields, more []string) []string {
	for _, name := range more {
		if !slices.Contains(fields, name) {
			fields = append(fields, name)
		}
	}
	return fields
}

// identifiers returns the names in an expression.
func identifiers(n ast.Node) []string {
	var names []string
	ast.Inspect(n, func(n ast.Node) bool {
		if id, is := n.(*ast.Ident); is {
			names = append(names, id.Name)
		}
		return true
	})
	return names
}

// variable returns the fields and the hint that a method has put into a variable before a call, or that a function returns.
func (s *source) variable(method *ast.FuncDecl, call *ast.CallExpr, name string) (fields []string, hint string) {
	ast.Inspect(method.Body, func(n ast.Node) bool {
		assignment, is := n.(*ast.AssignStmt)
		if !is || assignment.Pos() > call.Pos() {
			return true
		}
		for i, left := range assignment.Lhs {
			if id, is := left.(*ast.Ident); is && id.Name == name && i < len(assignment.Rhs) {
				fields = join(fields, s.keys(assignment.Rhs[i]))
				if h := s.hint(assignment.Rhs[i]); h != "" {
					hint = h
				}
			}
		}
		return true
	})
	return fields, hint
}

// keys returns the names of the fields that an expression makes with zap, or with a function of the file.
func (s *source) keys(n ast.Node) []string {
	var keys []string
	ast.Inspect(n, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		switch f := call.Fun.(type) {
		case *ast.Ident:
			keys = join(keys, s.helpers[f.Name])
		case *ast.SelectorExpr:
			if from, is := f.X.(*ast.Ident); !is || from.Name != "zap" {
				return true
			}
			key := "error"
			if f.Sel.Name != "Error" {
				key = s.text(call.Args[0])
			}
			keys = join(keys, []string{key})
		}
		return true
	})
	return keys
}

// hint returns the hint that an expression makes, "" for none.
func (s *source) hint(n ast.Node) (hint string) {
	ast.Inspect(n, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is && len(call.Args) == 2 && s.text(call.Args[0]) == "hint" {
			hint = s.text(call.Args[1])
		}
		return true
	})
	return hint
}

// text returns the text of an expression: a string, a constant, a sum of them. The name of a variable stands for its value.
func (s *source) text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text
		}
	case *ast.BinaryExpr:
		return s.text(e.X) + s.text(e.Y)
	case *ast.Ident:
		if value, is := s.constants[e.Name]; is {
			return s.text(value)
		}
		return strings.ToUpper(e.Name)
	case *ast.CallExpr:
		if f, is := e.Fun.(*ast.Ident); is && strings.HasPrefix(strings.ToLower(f.Name), "hint") { // Hint, hintOf
			return "follow the field hint, which depends on the error"
		}
	}
	return ""
}

// meaning returns what an event says: the comment above the call, or else the one of the method, without the method's name.
func (s *source) meaning(method *ast.FuncDecl, call *ast.CallExpr) string {
	line := s.positions.Position(call.Pos()).Line
	for _, c := range s.file.Comments {
		if s.positions.Position(c.End()).Line == line-1 && c.Pos() > method.Body.Pos() {
			return sentence(c.Text())
		}
	}
	text := strings.TrimPrefix(method.Doc.Text(), method.Name.Name+" ")
	for _, verb := range []string{"logs that ", "says that ", "logs ", "says ", "warns that "} {
		if rest, has := strings.CutPrefix(text, verb); has {
			return sentence(rest)
		}
	}
	return sentence(text)
}

// sentence returns a text in one line that begins with a capital letter.
func sentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return ""
	}
	return string(unicode.ToUpper(rune(text[0]))) + text[1:]
}
