// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Root and address of updates go together, or the packages have none.
func TestUpdateRoot(t *testing.T) {
	good := rootFile(t)
	wrong := filepath.Join(t.TempDir(), "root.json")
	// The year alone stands in keys and signatures now and then, and one signature too few is still enough.
	forged := bytes.Replace(read(t, good), []byte(`"expires": "2027-`), []byte(`"expires": "2037-`), 1)
	if bytes.Equal(forged, read(t, good)) {
		t.Fatal("the root has no such day")
	}
	if err := os.WriteFile(wrong, forged, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, config, root, refused string
		there                       bool
	}{
		{"both", portals, good, "", true},
		{"none", `{"portals": []}`, "", "", false},
		{"a root without an address", `{"portals": []}`, good, "names no server", false},
		{"an address without a root", portals, "", "no root to trust", false},
		{"an address with a root of the operator's own", `{"updates": {"url": "https://updates.example/", "root": "/srv/root.json"}}`, "", "", false},
		{"a forged root", portals, wrong, "is no root", false},
		{"an address that clients refuse", `{"updates": {"url": "http://updates.example/"}}`, good, "is not https", false},
		{"the same with a root of the operator's own", `{"updates": {"url": "https://u:p@updates.example/", "root": "/srv/root.json"}}`, "", "more than a host", false},
		{"two roots", `{"updates": {"url": "https://updates.example/", "root": "/srv/root.json"}}`, good, "trusts another", false},
		{"the same root named twice", `{"updates": {"url": "https://updates.example/", "root": "/usr/share/zaver/update/root.json"}}`, good, "", true},
		{"no such file", portals, wrong + "x", "no such file", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &build{Config: Config{Agent: "agent.json", UpdateRoot: c.root}, tree: t.TempDir()}
			err := b.updates([]byte(c.config))
			if c.refused == "" && err != nil || c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)) {
				t.Errorf("got %v, want %q", err, c.refused)
			}
			content, err := os.ReadFile(filepath.Join(b.tree, "usr/share/zaver/update/root.json"))
			if (err == nil) != c.there || c.there && !bytes.Equal(content, read(t, good)) {
				t.Errorf("root in the tree: %v", err)
			}
		})
	}
}
