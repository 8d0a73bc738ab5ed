// SPDX-License-Identifier: Apache-2.0

// Package doctable alone owns the reading of documents whose tables name code
// and tests: docs/standards.md and docs/agent-demands.md. What such a table
// claims is checked, so that a test or a package that goes away takes its row
// with it.
//
// It reads source files and runs nothing. A [Tree] remembers what it read and
// is for one goroutine. A document is at most [MaxSize] bytes.
package doctable

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// MaxSize bounds a document in bytes.
const MaxSize = 1 << 20

// Row is one line of a table, without its heading.
type Row struct {
	// Section is the nearest heading above, Head the cells of the table's own heading.
	Section string
	Head    []string
	// Line counts from 1.
	Line  int
	Cells []string
}

// Rows returns the rows of all tables of a Markdown file in order. A line of
// another number of cells than its table's heading is an error that names it.
func Rows(path string) ([]Row, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(b) > MaxSize {
		return nil, fmt.Errorf("%s: longer than %d bytes", path, MaxSize)
	}
	var rows []Row
	var head []string
	section, n := "", 0
	for line := range strings.Lines(string(b)) {
		n++
		line = strings.TrimSpace(line)
		if after, ok := strings.CutPrefix(line, "#"); ok {
			section = strings.TrimSpace(strings.TrimLeft(after, "#"))
		}
		if !strings.HasPrefix(line, "|") {
			head = nil
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case head == nil:
			head = cells
		case len(cells) != len(head):
			return nil, fmt.Errorf("%s:%d: %d cells, the table has %d", path, n, len(cells), len(head))
		case strings.Trim(line, "|-: ") != "":
			rows = append(rows, Row{Section: section, Head: head, Line: n, Cells: cells})
		}
	}
	return rows, nil
}

var (
	inCode = regexp.MustCompile("`([^`]+)`")
	inBoth = regexp.MustCompile("`([^`]+)`|“([^”]+)”")
)

// Test is a test as a table names it: `package TestName` “case”.
type Test struct {
	Package, Name string
	// Cases are the cases inside, by their names; none when the whole test is meant.
	Cases []string
}

// Tests returns the tests that a cell names. A case belongs to the test before it.
func Tests(cell string) []Test {
	var out []Test
	for _, m := range inBoth.FindAllStringSubmatch(cell, -1) {
		if m[1] != "" {
			where, name, _ := strings.Cut(m[1], " ")
			out = append(out, Test{Package: where, Name: name})
		} else if len(out) > 0 {
			out[len(out)-1].Cases = append(out[len(out)-1].Cases, m[2])
		}
	}
	return out
}

// Tree is a source tree that is asked for tests and packages.
type Tree struct {
	root    string
	sources map[string]string // by package: its tests
	names   map[string]map[string]bool
}

// Open returns the tree whose root is the folder.
func Open(root string) *Tree {
	return &Tree{root: root, sources: map[string]string{}, names: map[string]map[string]bool{}}
}

// Test tells why the test isn't there; nil if it is.
func (t *Tree) Test(named Test) error {
	source, err := t.source(named.Package)
	if err != nil {
		return err
	}
	if !isTest.MatchString(named.Name) || !strings.Contains(source, "\nfunc "+named.Name+"("+argument(named.Name)+")") {
		return fmt.Errorf("no test %s in %s", named.Name, named.Package)
	}
	for _, c := range named.Cases {
		if !strings.Contains(source, `"`+c+`"`) && !strings.Contains(source, "`"+c+"`") {
			return fmt.Errorf("no case %q in the tests of %s", c, named.Package)
		}
	}
	return nil
}

var isTest = regexp.MustCompile(`^(Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9_]*$`)

func argument(name string) string {
	switch {
	case strings.HasPrefix(name, "Fuzz"):
		return "f *testing.F"
	case strings.HasPrefix(name, "Benchmark"):
		return "b *testing.B"
	}
	return "t *testing.T"
}

// source is the text of a package's tests.
func (t *Tree) source(where string) (string, error) {
	if s, ok := t.sources[where]; ok {
		return s, nil
	}
	files, err := filepath.Glob(filepath.Join(t.root, where, "*_test.go"))
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return "", err
		}
		all.Write(b)
	}
	t.sources[where] = all.String()
	return all.String(), nil
}

// Code tells why what a cell names in code marks isn't there: each is a package
// ("cardreader/agent"), a name in it ("cardreader/agent Agent.Begin") or a file.
func (t *Tree) Code(cell string) error {
	found := inCode.FindAllStringSubmatch(cell, -1)
	if len(found) == 0 {
		return errors.New("no code is named")
	}
	for _, m := range found {
		where, name, named := strings.Cut(m[1], " ")
		info, err := os.Stat(filepath.Join(t.root, where))
		if err != nil {
			return fmt.Errorf("no package or file %s", where)
		}
		if !named {
			continue
		}
		if !info.IsDir() {
			return fmt.Errorf("%s is no package", where)
		}
		names, err := t.declared(where)
		if err != nil {
			return err
		}
		if !names[name] {
			return fmt.Errorf("no %s in %s", name, where)
		}
	}
	return nil
}

// declared is what a package declares outside its tests: "Name", and "Type.Name" of methods.
func (t *Tree) declared(where string) (map[string]bool, error) {
	if n, ok := t.names[where]; ok {
		return n, nil
	}
	names := map[string]bool{}
	entries, err := os.ReadDir(filepath.Join(t.root, where))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(t.root, where, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			declare(d, names)
		}
	}
	t.names[where] = names
	return names, nil
}

func declare(d ast.Decl, names map[string]bool) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil && len(d.Recv.List) == 1 {
			receiver := d.Recv.List[0].Type
			if star, ok := receiver.(*ast.StarExpr); ok {
				receiver = star.X
			}
			if id, ok := receiver.(*ast.Ident); ok {
				name = id.Name + "." + name
			}
		}
		names[name] = true
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				names[s.Name.Name] = true
			case *ast.ValueSpec:
				for _, id := range s.Names {
					names[id.Name] = true
				}
			}
		}
	}
}

// Functions counts the functions of one kind ("Test", "Fuzz") in the tests of
// the packages below the folders. TestMain is none.
func (t *Tree) Functions(kind string, folders ...string) (int, error) {
	n := 0
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(t.root, folder), func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.IsDir() {
				return err
			}
			where, err := filepath.Rel(t.root, path)
			if err != nil {
				return err
			}
			source, err := t.source(where)
			n += strings.Count(source, "\nfunc "+kind) - strings.Count(source, "\nfunc TestMain(")*strings.Count("Test", kind)
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	return n, nil
}
