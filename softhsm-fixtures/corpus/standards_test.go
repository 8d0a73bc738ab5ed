// SPDX-License-Identifier: Apache-2.0

package corpus_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/signature/cms"
	"zaver/signature/revocation"
	"zaver/signature/timestamp"
	"zaver/signature/trust"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/corpus"
	"zaver/softhsm-fixtures/doctable"
)

var inCode = regexp.MustCompile("^`([^`]+)`")

// TestStandards reads docs/standards.md: each rule has a test that is there and a code that is told. Of a
// case of the corpus the code must be one that the case demands.
func TestStandards(t *testing.T) {
	root := filepath.Join("..", "..")
	table, err := doctable.Rows(filepath.Join(root, "docs", "standards.md"))
	if err != nil {
		t.Fatal(err)
	}
	codes := slices.Concat(verify.Codes(), revocation.Codes(), timestamp.Codes(), chain.Codes(), cms.Codes(), cert.Codes(), trust.Codes())
	tree := doctable.Open(root)
	for _, row := range table {
		cells, line := row.Cells, strings.Join(row.Cells, " | ")
		if len(cells) != 5 {
			t.Errorf("not five columns: %s", line)
			continue
		}
		if !slices.Contains([]string{"implemented", "refused", "reported", "not read"}, cells[2]) {
			t.Errorf("what is %q? %s", cells[2], line)
		}
		code := ""
		if m := inCode.FindStringSubmatch(cells[3]); m != nil {
			code = m[1]
			if !slices.Contains(codes, code) {
				t.Errorf("nobody tells %s: %s", code, line)
			}
		} else if cells[3] != "–" {
			t.Errorf("what code is %q? %s", cells[3], line)
		}
		if cells[2] == "not read" && cells[4] == "–" {
			continue
		}
		if wrong := missing(tree, cells[4], code); wrong != "" {
			t.Errorf("%s: %s", wrong, line)
		}
	}
	if len(table) < 180 {
		t.Errorf("only %d rules", len(table))
	}
	t.Logf("%d rules", len(table))
}

// missing says what is wrong with the test that a row names.
func missing(tree *doctable.Tree, cell, code string) string {
	tests := doctable.Tests(cell)
	if len(tests) == 0 || !strings.HasPrefix(cell, "`") {
		return "no test"
	}
	for _, named := range tests {
		if named.Package == "corpus" {
			if wrong := missingCase(named.Name, code); wrong != "" {
				return wrong
			}
		} else if err := tree.Test(named); err != nil {
			return err.Error()
		}
	}
	return ""
}

func missingCase(name, code string) string {
	found := false
	for _, c := range corpus.All() {
		if strings.TrimPrefix(c.Name, string(c.Door)+"/") != name {
			continue
		}
		found = true
		for _, k := range corpus.Kinds() {
			if code == "" || c.For(k) && slices.Contains(c.Codes(k), code) {
				return ""
			}
		}
	}
	if found {
		return "the case does not demand the code"
	}
	return "no such case of the corpus"
}
