// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/token"
	"zaver/softhsm-fixtures/faultmodule"
)

// TestGoodBesideBad is the reason for the worker processes: one module that crashes and one that hangs, at any place, beside three good tokens.
func TestGoodBesideBad(t *testing.T) {
	for _, call := range []string{"C_GetFunctionList", "C_Initialize", "C_GetSlotList", "C_GetTokenInfo", "C_OpenSession", "C_FindObjects"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			crash, hang := theRig.install(t, faultmodule.Crash(call)), theRig.install(t, faultmodule.Hang(call))
			h := theRig.host(t, theRig.ownStore(t), crash.Path(), hang.Path(), theRig.store.Module())
			tokens := listBeside(t, h, crash.Path(), hang.Path())
			theRig.credential(t, tokens, "rsa")
			theRig.credential(t, tokens, "second")
			if err := sign(context.Background(), h, theRig.credential(t, tokens, "rsa"), newPIN(t, userPIN)); err != nil {
				t.Error(err)
			}
		})
	}
}

// listBeside lists where one module crashes and one hangs: those that answer are listed in under two seconds.
func listBeside(t *testing.T, h *token.Host, crash, hang string) []token.Token {
	t.Helper()
	begin := time.Now()
	tokens, problems := h.List(t.Context())
	took := time.Since(begin)
	if t.Logf("listed after %v", took); took >= 2*time.Second {
		t.Errorf("the good tokens were listed after %v, want under 2 s", took)
	}
	got := make(map[string]string)
	for _, p := range problems {
		got[p.Module] = p.Code
	}
	if got[crash] == token.CodeSlow { // a busy machine: the crash itself came too late for this listing
		h.ListEach(t.Context(), func(l token.Listing) {
			if l.Module == crash {
				got[crash] = codeOf(l.Err)
			}
		})
	}
	if diff := cmp.Diff(map[string]string{crash: token.CodeCrashed, hang: token.CodeSlow}, got); diff != "" {
		t.Error(diff)
	}
	return tokens
}
