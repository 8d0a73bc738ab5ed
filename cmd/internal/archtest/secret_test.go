// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"zaver/cardreader/agent/message"
)

// speakOfPINs are the fields of messages and files whose name speaks of a PIN, each with what it holds: none holds one. A new one is a new row here, with a reason.
var speakOfPINs = map[string]string{
	"cardreader/agent/terminal PIN.pin":  "the name of a PIN of a card or token",
	"cmd/zaver-agent pinOutcome.pin":     "the name of a PIN of a card or token",
	"cmd/zaver-agent pinStatus.pins":     "the list of PINs by name, with tries",
	"signature/token request.pin":        "whether a PIN follows, outside of the message, to the worker on this computer",
	"signature/token tokenReply.min_pin": "the shortest length",
	"signature/token tokenReply.max_pin": "the longest length",
}

var (
	pinWord   = regexp.MustCompile(`(^|_)(pins?|pin[12]|puk|krp|secret)(_|$)`)
	inputName = regexp.MustCompile(`name="([^"]*)"`)
	jsList    = regexp.MustCompile(`(?s)const fields = \{(.*?)\}`)
	jsEntry   = regexp.MustCompile(`(\w+): \[([^\]]*)\]`)
)

// TestNoMessageHasAPIN looks at every structure that is written or read as JSON, at every field of a form, and at what the browser's extension hands on.
func TestNoMessageHasAPIN(t *testing.T) {
	seen := map[string]bool{}
	fields := 0
	for _, p := range listed(t) {
		if !production(p) {
			continue
		}
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
			for _, f := range jsonFields(t, filepath.Join(p.Dir, name), nil) {
				fields++
				if f.secret {
					t.Errorf("%s %s is a PIN that would be written out", p.room(), f.name)
				}
				if _, member, _ := strings.Cut(f.name, "."); pinWord.MatchString(member) {
					seen[p.room()+" "+f.name] = true
				}
			}
		}
	}
	for name := range seen {
		if speakOfPINs[name] == "" {
			t.Errorf("%s: what does it hold?", name)
		}
	}
	for name := range speakOfPINs {
		if !seen[name] {
			t.Errorf("%s is not there any more", name)
		}
	}
	if fields < 300 {
		t.Errorf("only %d fields", fields)
	}
	t.Logf("%d fields", fields)
	root := moduleRoot(t)
	forms(t, filepath.Join(root, "portal/web/templates"))
	handedOn(t, filepath.Join(root, "cardreader/agent/nativemsg/extension/files"))
}

// The check must see what it is there for.
func TestPINsAreSeen(t *testing.T) {
	const source = "package x\nimport \"zaver/signature/pin\"\ntype m struct {\n\tA string `json:\"user_pin\"`\n\tB *pin.PIN `json:\"b\"`\n\tC pin.Tries `json:\"tries\"`\n\td int\n}"
	got := jsonFields(t, "x.go", source)
	want := []field{{"m.user_pin", false}, {"m.b", true}, {"m.tries", false}}
	if !slices.Equal(got, want) || !pinWord.MatchString("user_pin") || pinWord.MatchString("pinentry") || pinWord.MatchString("pinned_key") {
		t.Errorf("saw %v", got)
	}
}

// field is a field with a name in JSON; secret, when its type is that of a PIN.
type field struct {
	name   string
	secret bool
}

func jsonFields(t *testing.T, path string, src any) (out []field) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	owner := "" // the type or function around it
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			owner = n.Name.Name
		case *ast.TypeSpec:
			owner = n.Name.Name
		case *ast.StructType:
			for _, f := range n.Fields.List {
				if f.Tag == nil {
					continue
				}
				tag, err := strconv.Unquote(f.Tag.Value)
				if err != nil {
					t.Fatal(err)
				}
				if name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ","); name != "" && name != "-" {
					out = append(out, field{owner + "." + name, isPIN(f.Type)})
				}
			}
		}
		return true
	})
	return out
}

// isPIN says whether a type is pin.PIN, or made of it.
func isPIN(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "PIN" {
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == "pin" {
				found = true
			}
		}
		return true
	})
	return found
}

// forms fails for a field of the portal's pages that asks for a PIN.
func forms(t *testing.T, dir string) {
	t.Helper()
	inputs := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range inputName.FindAllStringSubmatch(string(b), -1) {
			inputs++
			if pinWord.MatchString(strings.ReplaceAll(m[1], "-", "_")) {
				t.Errorf("%s asks for %q", path, m[1])
			}
		}
		return err
	})
	if err != nil || inputs < 10 {
		t.Errorf("%d fields of forms, %v", inputs, err)
	}
}

// handedOn fails when the extension hands on more than the doors take.
func handedOn(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"background.js", "content.js"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		list := jsList.FindSubmatch(b)
		if list == nil {
			t.Fatalf("%s: no list of fields", name)
		}
		want := map[string]string{"hello": "", "doctor": "'lang'", "confirm": "'" + strings.Join(message.RequestFields(), "', '") + "'"}
		got := map[string]string{}
		for _, m := range jsEntry.FindAllSubmatch(list[1], -1) {
			got[string(m[1])] = string(m[2])
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s hands on %v, want %v", name, got, want)
		}
	}
}
