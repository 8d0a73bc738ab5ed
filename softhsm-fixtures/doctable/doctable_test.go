// SPDX-License-Identifier: Apache-2.0

package doctable_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/softhsm-fixtures/doctable"
)

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRows(t *testing.T) {
	dir := t.TempDir()
	got, err := doctable.Rows(write(t, dir, "good.md", "# Title\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\ntext\n\n## Second\n\n| c |\n|---|\n| 3 |\n| 4 |\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []doctable.Row{
		{Section: "Title", Head: []string{"a", "b"}, Line: 5, Cells: []string{"1", "2"}},
		{Section: "Second", Head: []string{"c"}, Line: 13, Cells: []string{"3"}},
		{Section: "Second", Head: []string{"c"}, Line: 14, Cells: []string{"4"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for name, text := range map[string]string{
		"cells":  "| a | b |\n|---|---|\n| 1 |\n",
		"length": strings.Repeat("x", doctable.MaxSize+1),
	} {
		if _, err := doctable.Rows(write(t, dir, name, text)); err == nil {
			t.Errorf("%s: read", name)
		}
	}
	if _, err := doctable.Rows(filepath.Join(dir, "none")); err == nil {
		t.Error("a document that is not there was read")
	}
}

func TestTests(t *testing.T) {
	got := doctable.Tests("`a/b TestOne` “x”, “y z”; `c FuzzTwo`")
	want := []doctable.Test{{Package: "a/b", Name: "TestOne", Cases: []string{"x", "y z"}}, {Package: "c", Name: "FuzzTwo"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := doctable.Tests("“x” alone"); got != nil {
		t.Errorf("a case without a test: %v", got)
	}
}

// What a table names must be there: this test fails for a checker that believes everything.
func TestMissingIsNamed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/b/b.go", "package b\n\nfunc F() {}\n\ntype T struct{}\n\nfunc (t *T) M() {}\n\nconst C = 1\n")
	write(t, dir, "a/b/b_test.go", "package b\n\nfunc TestMain(m *testing.M) {}\n\nfunc TestF(t *testing.T) { t.Run(\"case\", nil) }\n\nfunc FuzzF(f *testing.F) {}\n\nfunc testG(t *testing.T) {}\n")
	tree := doctable.Open(dir)
	for cell, want := range map[string]string{
		"`a/b TestF`":                "",
		"`a/b TestF` “case”":         "",
		"`a/b FuzzF`":                "",
		"`a/b TestF` “another case”": "no case",
		"`a/b TestG`":                "no test",
		"`a/b testG`":                "no test",
		"`a/b TestMain`":             "no test",
		"`a/b Test`":                 "no test",
		"`a/c TestF`":                "no test",
	} {
		err := tree.Test(doctable.Tests(cell)[0])
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", cell, err)
		}
	}
	for cell, want := range map[string]string{
		"`a/b`":                 "",
		"`a/b F`, `a/b T.M`":    "",
		"`a/b C`":               "",
		"`a/b/b.go`":            "",
		"`a/b F`, `a/b G`":      "no G in a/b",
		"`a/b TestF`":           "no TestF",
		"`a/c`":                 "no package",
		"`a/b/b.go F`":          "no package",
		"package a/b, unmarked": "no code",
	} {
		err := tree.Code(cell)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", cell, err)
		}
	}
	for kind, want := range map[string]int{"Test": 1, "Fuzz": 1} {
		if n, err := tree.Functions(kind, "a"); err != nil || n != want {
			t.Errorf("%s: %d, %v", kind, n, err)
		}
	}
	if _, err := tree.Functions("Test", "nowhere"); err == nil {
		t.Error("tests of a folder that is not there were counted")
	}
}
