// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// soleUsers names what of a package that all may import only one room may use, and why.
var soleUsers = []struct {
	imported string
	names    []string
	room     string
	why      string
}{
	{module + "/signature/gost", []string{"PrivateKey", "NewPrivateKey", "GenerateKey"}, "cardreader/card",
		"a terminal's key talks to a card; documents are signed by the person's token or card alone"},
}

func TestSoleUsers(t *testing.T) {
	seen := 0
	for _, p := range listed(t) {
		if !production(p) {
			continue
		}
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
			for _, rule := range soleUsers {
				if !slices.Contains(p.Imports, rule.imported) {
					continue
				}
				used := uses(t, filepath.Join(p.Dir, name), nil, rule.imported, rule.names)
				seen += len(used)
				if under(p.room(), rule.room) {
					continue
				}
				for _, u := range used {
					t.Errorf("%s/%s uses %s: only %s may (%s)", p.room(), name, u, rule.room, rule.why)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("nobody uses any of the names: the rule looks past them")
	}
}

// The check must see the names under any name of the import.
func TestUsesAreSeen(t *testing.T) {
	const source = "package x\nimport g \"zaver/signature/gost\"\nvar k, _ = g.NewPrivateKey(nil, nil)\nvar p *g.PublicKey"
	if got := uses(t, "x.go", source, module+"/signature/gost", soleUsers[0].names); !slices.Equal(got, []string{"gost.NewPrivateKey"}) {
		t.Errorf("saw %v", got)
	}
}

// uses lists which of the names of a package a file speaks of.
func uses(t *testing.T, path string, src any, imported string, names []string) (out []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, src, 0)
	if err != nil {
		t.Fatal(err)
	}
	last := imported[strings.LastIndex(imported, "/")+1:]
	local := ""
	for _, i := range file.Imports {
		if value, err := strconv.Unquote(i.Path.Value); err == nil && value == imported {
			local = last
			if i.Name != nil {
				local = i.Name.Name
			}
		}
	}
	if local == "." {
		return []string{fmt.Sprintf("%s under no name", last)}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && slices.Contains(names, sel.Sel.Name) {
			if id, ok := sel.X.(*ast.Ident); ok && local != "" && id.Name == local {
				out = append(out, last+"."+sel.Sel.Name)
			}
		}
		return true
	})
	return out
}
