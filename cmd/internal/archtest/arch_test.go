// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestImportRules(t *testing.T) {
	for _, v := range violations(listed(t)) {
		t.Error(v)
	}
}

// Each rule is shown to fail: one forbidden import is added to the real graph, and the breach must be named.
func TestForbiddenImportIsNamed(t *testing.T) {
	graph := listed(t)
	cases := []struct{ from, imported, want string }{
		{"signature/cms", module + "/portal/account", "tree signature may not import tree portal"},
		{"signature/cms", module + "/cardreader/apdu", "tree signature may not import tree cardreader"},
		{"cardreader/agent", module + "/portal/confirm", "tree cardreader may not import tree portal"},
		{"portal/confirm", module + "/cardreader/card", "tree portal may not import tree cardreader"},
		{"portal/confirm", module + "/softhsm-fixtures/pki", "production code imports no fixtures"},
		{"cmd/zaver-agent", module + "/softhsm-fixtures/pki", "production code imports no fixtures"},
		{"signature/ident", module + "/signature/cms", "stands below it"},
		{"portal/policy", module + "/portal/store", "stands below it"},
		{"cardreader/card", module + "/cardreader/agent", "stands below it"},
		{"portal/confirm", "database/sql", "only portal/store may"},
		{"portal/web", "github.com/labstack/echo/v4", "only portal/httpapi may"},
		{"cardreader/card", "github.com/ebfe/scard", "only cardreader/pcsc may"},
		{"signature/token", "github.com/miekg/pkcs11", "only signature/pkcs11 may"},
		{"cmd/zaver-portal", "github.com/miekg/pkcs11", "cmd/zaver-portal contains github.com/miekg/pkcs11"},
		{"cmd/zaver-agent", module + "/portal/fault", "cmd/zaver-agent contains zaver/portal/fault"},
		{"portal/policy", "net/http", "must stay pure"},
		{"signature/challenge", "os", "must stay pure"},
	}
	for _, c := range cases {
		t.Run(c.from+"→"+c.imported, func(t *testing.T) {
			if !rooms(graph)[c.from] {
				t.Fatalf("the rule speaks of %s, which no longer exists", c.from)
			}
			got := violations(with(graph, c.from, c.imported))
			if !slices.ContainsFunc(got, func(v string) bool { return strings.Contains(v, c.want) && strings.HasPrefix(v, c.from) }) {
				t.Errorf("no breach saying %q; got %q", c.want, got)
			}
		})
	}
}

func TestVagueNameIsNamed(t *testing.T) {
	got := violations([]pkg{{ImportPath: module + "/portal/util", Name: "util"}})
	if len(got) != 1 || !strings.Contains(got[0], "says nothing") {
		t.Errorf("got %q", got)
	}
}

// The rules may only speak of rooms that exist: a rule about a renamed package would hold forever.
func TestRulesSpeakOfRealRooms(t *testing.T) {
	have := rooms(listed(t))
	for top, names := range order {
		for _, name := range names {
			if !have[top+"/"+name] {
				t.Errorf("order names %s/%s, which is no package (have %v)", top, name, sorted(have))
			}
		}
	}
	for _, room := range pure {
		if !have[room] {
			t.Errorf("pure names %s, which is no package", room)
		}
	}
	for _, rule := range binaries {
		if !have[rule.binary] {
			t.Errorf("binaries names %s, which is no package", rule.binary)
		}
	}
}

// Every package of signature, cardreader and portal has its place in the order, so that no import goes unjudged.
func TestEveryRoomHasAPlace(t *testing.T) {
	for room := range rooms(listed(t)) {
		if top := tree(room); order[top] != nil && room != top && place(top, room) < 0 {
			t.Errorf("%s has no place in the order of %s: name it there and in %s/DESIGN.md", room, top, top)
		}
	}
}

func TestEveryPackageHasOneDoc(t *testing.T) {
	for _, p := range listed(t) {
		docs := 0
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			if file.Doc != nil {
				docs++
				if strings.Contains(file.Doc.Text(), "SPDX-License-Identifier") {
					t.Errorf("%s/%s: the licence line became the package doc; leave a blank line after it", p.room(), name)
				}
			}
		}
		if docs != 1 {
			t.Errorf("%s has %d package docs, want exactly one", p.room(), docs)
		}
	}
}

// DESIGN.md of a tree names each of its packages: a newcomer finds the room for a line in a minute.
func TestEveryRoomIsInItsDesign(t *testing.T) {
	root := moduleRoot(t)
	for room := range rooms(listed(t)) {
		top := tree(room)
		name := strings.TrimPrefix(room, top+"/")
		if name == room {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, top, "DESIGN.md"))
		if err != nil {
			t.Errorf("%s: %v", room, err)
			continue
		}
		if !strings.Contains(string(text), name) {
			t.Errorf("%s/DESIGN.md does not say what %s alone owns", top, name)
		}
	}
}

// Pure rooms take time as an argument.
func TestPureRoomsHaveNoClock(t *testing.T) {
	for _, p := range listed(t) {
		if !slices.Contains(pure, p.room()) {
			continue
		}
		for _, name := range p.GoFiles {
			for _, clock := range clockCalls(t, filepath.Join(p.Dir, name), nil) {
				t.Errorf("%s/%s calls %s", p.room(), name, clock)
			}
		}
	}
	if got := clockCalls(t, "x.go", "package x\nimport \"time\"\nvar t = time.Now()"); len(got) != 1 {
		t.Errorf("the check itself sees %v, want one call", got)
	}
}

func clockCalls(t *testing.T, path string, src any) (calls []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, src, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); ok && id.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "Tick"}, sel.Sel.Name) {
			calls = append(calls, "time."+sel.Sel.Name)
		}
		return true
	})
	return calls
}
