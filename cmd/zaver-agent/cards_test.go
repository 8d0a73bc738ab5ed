// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCardsNameBadProfiles: the list says which profile of the person's folder can't be used, whatever else fails.
func TestCardsNameBadProfiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bad.json"), []byte("{\n\"kind\": 7}"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "agent.json")
	if err := os.WriteFile(path, []byte(`{"profiles": "`+dir+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs, _ := run(t, []string{"PCSCLITE_CSOCK_NAME=" + filepath.Join(t.TempDir(), "none")}, "cards", "--config", path)
	if !strings.Contains(errs, `card profile bad.json: line 2: kind: is a number`) {
		t.Errorf("the list says\n%s", errs)
	}
}
