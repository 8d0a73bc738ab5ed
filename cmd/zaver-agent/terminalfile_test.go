// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zaver/cmd/internal/boot"
	"zaver/softhsm-fixtures/uec"
)

// TestTerminalFileIsClosed: a key that others can read is not used, and the words say what to do.
func TestTerminalFileIsClosed(t *testing.T) {
	dir := t.TempDir()
	key, config := filepath.Join(dir, "terminal.json"), filepath.Join(dir, "agent.json")
	must(t, os.WriteFile(key, uec.Shared().NewTerminal(nil).File(), 0o600))
	must(t, os.WriteFile(config, []byte(`{"terminal": "`+key+`"}`), 0o600))
	must(t, os.Chmod(key, 0o644))
	_, errs, code := run(t, []string{"PCSCLITE_CSOCK_NAME=" + filepath.Join(dir, "none")}, "cards", "--config", config)
	if code != boot.ExitConfig || !strings.Contains(errs, "0644") || !strings.Contains(errs, "0600") {
		t.Errorf("code %d, words\n%s", code, errs)
	}
}
