// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"zaver/cardreader/pcsc"
	"zaver/cmd/internal/boot"
)

func TestPadRules(t *testing.T) {
	builtin, err := pcsc.BuiltinPadRules()
	if err != nil {
		t.Fatal(err)
	}
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "rules")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name, path string
		want       int
	}{
		{"built in", "", len(builtin)},
		{"own behind them", file("deny name \"*Bad*\"\n"), len(builtin) + 1},
		{"no file", "/nonexistent/rules", -1},
		{"wrong", file("deny\n"), -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := config{PadRules: c.path}.padRules()
			if failure := (*boot.Failure)(nil); c.want < 0 {
				if !errors.As(err, &failure) || failure.Exit != boot.ExitConfig {
					t.Errorf("%v", err)
				}
			} else if err != nil || len(got) != c.want {
				t.Errorf("%d rules, %v", len(got), err)
			}
		})
	}
}
