// SPDX-License-Identifier: Apache-2.0

package confirm_test

import (
	"slices"
	"testing"

	"zaver/portal/confirm"
	"zaver/portal/policy"
	"zaver/portal/text"
	"zaver/signature/verify"
)

// TestC9EveryCodeHasWords: whatever a confirmation ends with, the page can say it,
// and what to do.
func TestC9EveryCodeHasWords(t *testing.T) {
	c, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	codes := append(policy.Codes(), verify.Codes()...)
	for _, code := range confirm.Codes() {
		codes = append(codes, string(code))
	}
	ids := c.IDs(text.Russian)
	for _, code := range codes {
		if !slices.Contains(ids, code) || !slices.Contains(ids, code+".do") {
			t.Errorf("%s has no words", code)
		}
	}
}
