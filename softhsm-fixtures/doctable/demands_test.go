// SPDX-License-Identifier: Apache-2.0

package doctable_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"zaver/softhsm-fixtures/doctable"
)

var (
	link    = regexp.MustCompile(`\]\(([^)#]*)(#[^)]*)?\)`)
	unquote = regexp.MustCompile(`[^\pL\pN -]`)
)

// TestDemands reads docs/agent-demands.md: whatever a row names is there, and there are as many tests as promised.
func TestDemands(t *testing.T) {
	root := filepath.Join("..", "..")
	docs := filepath.Join(root, "docs")
	rows, err := doctable.Rows(filepath.Join(docs, "agent-demands.md"))
	if err != nil {
		t.Fatal(err)
	}
	tree := doctable.Open(root)
	sections, roads, fuzzed := map[string]int{}, map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		sections[row.Section]++
		tests := row.Cells[len(row.Cells)-1]
		if len(row.Head) == 4 {
			tests = row.Cells[2]
			if err := tree.Code(row.Cells[1]); err != nil {
				t.Errorf("line %d: %v", row.Line, err)
			}
			figure(t, docs, row)
		}
		named := doctable.Tests(tests)
		if len(named) == 0 {
			t.Errorf("line %d names no test", row.Line)
		}
		for _, one := range named {
			if err := tree.Test(one); err != nil {
				t.Errorf("line %d: %v", row.Line, err)
			}
			if strings.HasPrefix(one.Name, "Fuzz") {
				fuzzed[one.Package+one.Name] = true
			}
		}
		if row.Section == "From browser to card" {
			if roads[tests] || len(named) != 1 || named[0].Package != "softhsm-fixtures/road" {
				t.Errorf("line %d: no road of its own", row.Line)
			}
			roads[tests] = true
		}
	}
	if len(sections) != 13 {
		t.Errorf("%d sections: %v", len(sections), sections)
	}
	if len(roads) < 30 || len(fuzzed) < 8 {
		t.Errorf("%d roads from browser to card, %d fuzz targets", len(roads), len(fuzzed))
	}
	count, err := tree.Functions("Test", "cardreader", "signature/token", "signature/pkcs11", "signature/pin", "signature/challenge")
	if err != nil || count < 300 {
		t.Errorf("%d tests, %v", count, err)
	}
	t.Logf("%d rows, %d tests, %d roads", len(rows), count, len(roads))
}

// figure follows the links of a row to files and headings.
func figure(t *testing.T, docs string, row doctable.Row) {
	t.Helper()
	for _, m := range link.FindAllStringSubmatch(row.Cells[3], -1) {
		b, err := os.ReadFile(filepath.Join(docs, m[1]))
		if err != nil {
			t.Errorf("line %d: %v", row.Line, err)
			continue
		}
		found := m[2] == ""
		for line := range strings.Lines(string(b)) {
			if heading, ok := strings.CutPrefix(line, "#"); ok {
				heading = strings.TrimSpace(strings.TrimLeft(heading, "#"))
				found = found || "#"+strings.ReplaceAll(strings.ToLower(unquote.ReplaceAllString(heading, "")), " ", "-") == m[2]
			}
		}
		if !found {
			t.Errorf("line %d: %s has no heading %s", row.Line, m[1], m[2])
		}
	}
}
