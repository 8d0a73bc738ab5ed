// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zaver/cmd/internal/boot"
	"zaver/signature/cert"
	"zaver/signature/trust"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/tsl"
)

// ministryFolder is a portal's configuration that trusts a ministry by its pinned root.
func ministryFolder(t *testing.T, m *tsl.Ministry, change map[string]any) (dir, path string) {
	t.Helper()
	dir, path = folder(t, change)
	root, err := cert.Parse(m.Root.DER)
	if err != nil {
		t.Fatal(err)
	}
	sum := root.Fingerprint()
	for name, content := range map[string][]byte{
		"root.cer":     m.Root.DER,
		"anchors.json": fmt.Appendf(nil, `{"anchors":[{"file":"root.cer","kind":"qualified","name":"root","sha256":%q}]}`, hex.EncodeToString(sum[:])),
	} {
		if err := os.WriteFile(filepath.Join(dir, "trust", name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir, path
}

// TestTrustCommands: from an empty database to a set that is written out again.
func TestTrustCommands(t *testing.T) {
	m := tsl.NewMinistry(mint.GOST256A)
	server, err := tsl.Start(t.Context(), tsl.Config{Signer: m.Key()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	dir, path := ministryFolder(t, m, map[string]any{"trust_list": map[string]any{"url": server.URL(), "warn_after_days": 30}})
	list := tsl.List{Version: 16314, Date: time.Now().Add(-time.Hour),
		Centres: []tsl.Centre{tsl.Entry("Центр", "1027700132195", time.Now().AddDate(-1, 0, 0), m.Centre("Центр", "1027700132195").DER)}}
	document, err := list.Sign(m.Key())
	if err != nil {
		t.Fatal(err)
	}
	file, forged := filepath.Join(dir, "TSLExt.1.0.xml"), filepath.Join(dir, "forged.xml")
	for name, content := range map[string][]byte{file: document, forged: bytes.Replace(document, []byte("16314"), []byte("16399"), 1)} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list.Version++
	if err := server.Publish(list); err != nil {
		t.Fatal(err)
	}
	do := func(want int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(t.Context(), append([]string{"trust", args[0], "-config", path}, args[1:]...), &out, &errs); code != want {
			t.Fatalf("trust %v: %d\n%s%s", args, code, &out, &errs)
		}
		return out.String() + errs.String()
	}
	var imported struct {
		New  bool
		List trust.ListRef
		Set  string
	}
	if err := json.Unmarshal([]byte(do(boot.ExitOK, "import", file, "--json")), &imported); err != nil || !imported.New || imported.List.Version != 16314 {
		t.Fatalf("%+v %v", imported, err)
	}
	if said := do(boot.ExitFailure, "import", forged); !strings.Contains(said, trust.CodeListSignature) {
		t.Errorf("a forged list: %s", said)
	}
	if said := do(boot.ExitOK, "refresh"); !strings.Contains(said, "version 16315") || !strings.Contains(said, "in force now") {
		t.Errorf("refresh: %s", said)
	}
	if said := do(boot.ExitFailure, "import", file); !strings.Contains(said, trust.CodeListVersion) {
		t.Errorf("the older list: %s", said)
	}
	if said := do(boot.ExitOK, "show"); !strings.Contains(said, "version 16315") || strings.Contains(said, "warning") {
		t.Errorf("show: %s", said)
	}
	var lists []struct{ Version int64 }
	if err := json.Unmarshal([]byte(do(boot.ExitOK, "list", "--json")), &lists); err != nil || len(lists) != 2 || lists[0].Version != 16315 {
		t.Errorf("list: %+v %v", lists, err)
	}
	kept := filepath.Join(dir, "kept.json")
	do(boot.ExitOK, "restore", imported.Set, "-o", kept)
	content, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	if set, err := trust.Restore(content); err != nil || set.ID() != imported.Set {
		t.Errorf("restored: %v", err)
	}
	do(boot.ExitFailure, "restore", imported.Set, "-o", kept)
	do(boot.ExitFailure, "restore", strings.Repeat("0", 64))
	do(boot.ExitUsage, "restore")
	do(boot.ExitUsage, "dance")
}

func TestTrustListConfiguration(t *testing.T) {
	for name, bad := range map[string]map[string]any{
		"no address": {}, "plain": {"url": "http://list.example/x"}, "hours": {"url": "https://list.example/x", "every_hours": -1},
		"days": {"url": "https://list.example/x", "warn_after_days": 400}, "signer": {"url": "https://list.example/x", "signers": []string{"12"}},
	} {
		_, path := folder(t, map[string]any{"trust_list": bad})
		var both bytes.Buffer
		if code := run(t.Context(), []string{"trust", "show", "-config", path}, &both, &both); code != boot.ExitConfig || !strings.Contains(both.String(), "trust_list.") {
			t.Errorf("%s: %d %s", name, code, &both)
		}
	}
}
