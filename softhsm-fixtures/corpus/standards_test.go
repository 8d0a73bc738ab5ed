// SPDX-License-Identifier: Apache-2.0

package corpus_test

import (
	"os"
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
)

var (
	inCode   = regexp.MustCompile("^`([^`]+)`")
	inQuotes = regexp.MustCompile("“([^”]+)”")
)

// TestStandards reads docs/standards.md: each rule has a test that is there and a code that is told. Of a
// case of the corpus the code must be one that the case demands.
func TestStandards(t *testing.T) {
	root := filepath.Join("..", "..")
	b, err := os.ReadFile(filepath.Join(root, "docs", "standards.md"))
	if err != nil {
		t.Fatal(err)
	}
	codes := slices.Concat(verify.Codes(), revocation.Codes(), timestamp.Codes(), chain.Codes(), cms.Codes(), cert.Codes(), trust.Codes())
	rows, sources := 0, map[string]string{}
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 5 || strings.HasPrefix(cells[0], "---") || strings.TrimSpace(cells[0]) == "Section" {
			if strings.HasPrefix(line, "|") && len(cells) != 5 {
				t.Errorf("not five columns: %s", line)
			}
			continue
		}
		rows++
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
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
		if wrong := missing(root, cells[4], code, sources); wrong != "" {
			t.Errorf("%s: %s", wrong, line)
		}
	}
	if rows < 180 {
		t.Errorf("only %d rules", rows)
	}
	t.Logf("%d rules", rows)
}

// missing says what is wrong with the test that a row names.
func missing(root, cell, code string, sources map[string]string) string {
	m := inCode.FindStringSubmatch(cell)
	if m == nil {
		return "no test"
	}
	where, name, _ := strings.Cut(m[1], " ")
	if where == "corpus" {
		return missingCase(name, code)
	}
	if _, ok := sources[where]; !ok {
		files, _ := filepath.Glob(filepath.Join(root, where, "*_test.go")) // the pattern is right
		var all strings.Builder
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				return err.Error()
			}
			all.Write(b)
		}
		sources[where] = all.String()
	}
	if !strings.Contains(sources[where], "\nfunc "+name+"(t *testing.T)") {
		return "no such test"
	}
	if c := inQuotes.FindStringSubmatch(cell); c != nil && !strings.Contains(sources[where], `"`+c[1]+`"`) {
		return "no such case of the test"
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
