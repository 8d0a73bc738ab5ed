// SPDX-License-Identifier: Apache-2.0

package faultmodule_test

import (
	"os"
	"strings"
	"testing"

	"zaver/softhsm-fixtures/faultmodule"
)

// TestCallsAreThere holds the list of calls to the source: a call that the module does not watch can't crash on order.
func TestCallsAreThere(t *testing.T) {
	b, err := os.ReadFile("src/fault.c")
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range faultmodule.Calls() {
		if !strings.Contains(string(b), `"`+call+`"`) {
			t.Errorf("%s is not in the source", call)
		}
	}
}
