// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCardProfiles: one bad file of the person's folder is named with its line, and the others serve.
func TestCardProfiles(t *testing.T) {
	dir := t.TempDir()
	good, err := os.ReadFile(filepath.Join("..", "..", "cardreader", "card", "profiles", "piv.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"good.json": strings.Replace(string(good), `"name": "piv"`, `"name": "own"`, 1),
		"bad.json":  strings.Replace(string(good), `"kind": "signature"`, `"kind": "bank"`, 1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := config{Profiles: dir}
	profiles, problems, err := c.cardProfiles()
	if err != nil || profiles[0].Name != "own" || len(problems) != 1 || problems[0].Line != 4 {
		t.Errorf("problems %v, %v", problems, err)
	}
	t.Run("in the log", func(t *testing.T) {
		var log strings.Builder
		if _, err := c.cardSource(slog.New(slog.NewTextHandler(&log, nil))); err != nil {
			t.Fatal(err)
		}
		if want := `file=bad.json line=4 field=kind`; strings.Count(log.String(), want) != 1 {
			t.Errorf("the log does not say %s once:\n%s", want, log.String())
		}
	})
	t.Run("missing folder", func(t *testing.T) {
		if _, err := (config{Profiles: filepath.Join(dir, "none")}).cardSource(nil); err == nil {
			t.Error("a folder that is not there goes unnoticed")
		}
	})
}
