// SPDX-License-Identifier: Apache-2.0

package extension

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The extension's own scripts decide who reaches the program. Here they run with a browser of paper round them (testdata/browser.mjs), so that
// each thing that a browser may say of a sender, and each thing that a page may do, is tried alone.

type verdicts struct {
	Background []struct {
		Name      string
		Got, Want string
	}
	Content []struct {
		Name      string
		Got, Want []string
	}
}

func TestScripts(t *testing.T) {
	dir := t.TempDir()
	// Firefox's manifest has no ports in its patterns: there the scripts alone tell ports apart.
	if err := Write(dir, Firefox, []string{"https://portal.example:8443", "https://second.example"}); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("testdata/browser.mjs")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "browser.mjs")
	if err := os.WriteFile(path, script, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"type":"module"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", path)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var v verdicts
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(v.Background) < 20 || len(v.Content) < 12 {
		t.Fatalf("only %d and %d cases", len(v.Background), len(v.Content))
	}
	for _, c := range v.Background {
		t.Run("background/"+c.Name, func(t *testing.T) {
			if c.Got != c.Want {
				t.Errorf("got %s, want %s", c.Got, c.Want)
			}
		})
	}
	for _, c := range v.Content {
		t.Run("content/"+c.Name, func(t *testing.T) {
			got, _ := json.Marshal(c.Got)
			want, _ := json.Marshal(c.Want)
			if string(got) != string(want) {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
