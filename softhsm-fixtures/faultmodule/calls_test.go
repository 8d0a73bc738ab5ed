// SPDX-License-Identifier: Apache-2.0

package faultmodule_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zaver/softhsm-fixtures/faultmodule"
)

// TestCallsAreThere holds the list of calls to the source: a call that the module does not watch can't crash on order.
func TestCallsAreThere(t *testing.T) {
	files, err := filepath.Glob("src/*.c")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var all []byte
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	for _, call := range faultmodule.Calls() {
		if !strings.Contains(string(all), `"`+call+`"`) {
			t.Errorf("%s is not in the source", call)
		}
	}
}
