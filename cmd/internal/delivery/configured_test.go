// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A configuration that its own agent refuses gets into no package.
func TestConfigured(t *testing.T) {
	b := &build{Config: Config{Agent: "the operator's agent.json"}, work: t.TempDir(), tree: t.TempDir()}
	tool(t, "go", "build", "-o", filepath.Join(b.tree, agentPath), "zaver/cmd/zaver-agent")
	const portal = `{"name": "Demo", "origin": "https://portal.example", "key": "portal.example+00000000+AAAA"}`
	for _, c := range []struct{ name, config, refused string }{
		{"right", portals, ""},
		{"with files that only the person's computer has", `{"portals": [` + portal + `], "terminal": "/none/t.json", "profiles": "/none", "modules": ["/none/x.so"], "log": {"file": "/none/log"}}`, ""},
		{"with a member misspelled", `{"portals": [{"name": "Demo", "origin": "https://portal.example", "keey": "x"}]}`, `the operator's agent.json:1: json: unknown field "keey"`},
		{"cut", `{"portals": [`, "unexpected EOF"},
		{"with a relative root", `{"portals": [` + portal + `], "updates": {"url": "https://updates.example/", "root": "root.json"}}`, "updates.root"},
		{"without portals", `{}`, "no portals"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := b.configured(t.Context(), []byte(c.config))
			if c.refused == "" && err != nil || c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)) {
				t.Errorf("got %v, want %q", err, c.refused)
			}
		})
	}
	if err := os.Remove(filepath.Join(b.tree, agentPath)); err != nil {
		t.Fatal(err)
	}
	if err := b.configured(t.Context(), []byte(portals)); err == nil {
		t.Error("without an agent")
	}
}
