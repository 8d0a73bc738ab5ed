// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"context"
	"slices"
	"testing"

	"zaver/signature/token"
	"zaver/softhsm-fixtures/faultmodule"
)

// twins lists tokens that call themselves the same, and finds two of them by a certificate.
func twins(t *testing.T) (h *token.Host, fault *faultmodule.Module, vera, second token.Token) {
	t.Helper()
	fault = theRig.install(t, faultmodule.Twins()...)
	h = theRig.host(t, theRig.ownStore(t), fault.Path())
	found := list(t, h)
	with := func(name string) token.Token {
		slot := theRig.credential(t, found, name).Ref.Slot
		return found[slices.IndexFunc(found, func(tok token.Token) bool { return tok.Slot == slot })]
	}
	vera, second = with("p256"), with("second")
	if vera.Label != "twin" || vera.Label != second.Label || vera.Serial != second.Serial || vera.Slot == second.Slot {
		t.Fatalf("no twins: %+v, %+v", vera.Ref, second.Ref)
	}
	return h, fault, vera, second
}

func logins(t *testing.T, m *faultmodule.Module) (n int) {
	t.Helper()
	calls, err := m.Calls()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range calls {
		if c == "C_Login" {
			n++
		}
	}
	return n
}

// TestTwinIsGivenNoPIN plugs a token that calls itself as the chosen one into its slot: the chosen one is found where it is now, and the other is given no PIN.
func TestTwinIsGivenNoPIN(t *testing.T) {
	h, fault, vera, _ := twins(t)
	c := theRig.credential(t, list(t, h), "second")
	c.Ref.Slot = vera.Slot
	if err := sign(context.Background(), h, c, newPIN(t, userPIN)); err != nil {
		t.Errorf("the chosen token in another slot: %v", err)
	}
	if n := logins(t, fault); n != 1 {
		t.Errorf("%d logins for one signature", n)
	}
	gone := theRig.credential(t, list(t, h), "second")
	gone.Ref.Certificate = theRig.parsed(t, "lonely") // nobody shows it
	if err := sign(context.Background(), h, gone, newPIN(t, userPIN)); codeOf(err) != token.CodeRemoved {
		t.Errorf("a token that is gone: %v, want %s", err, token.CodeRemoved)
	}
	if n := logins(t, fault); n != 0 {
		t.Errorf("twins of a token that is gone were given its PIN %d times", n)
	}
}

// TestTwinKeepsItsPIN holds the same of a change of the PIN and of unblocking.
func TestTwinKeepsItsPIN(t *testing.T) {
	h, _, vera, second := twins(t)
	ref := second.Ref
	ref.Slot = vera.Slot
	if err := h.ChangePIN(t.Context(), ref, newPIN(t, userPIN), newPIN(t, freshPIN)); err != nil {
		t.Fatal(err)
	}
	signs := func(name, digits, want string) {
		t.Helper()
		if got := codeOf(sign(t.Context(), h, theRig.credential(t, list(t, h), name), newPIN(t, digits))); got != want {
			t.Errorf("%s by %s: %q, want %q", name, digits, got, want)
		}
	}
	signs("p256", userPIN, "")
	signs("second", freshPIN, "")
	ref = vera.Ref
	ref.Slot = second.Slot
	if err := h.UnblockPIN(t.Context(), ref, newPIN(t, soPIN), newPIN(t, freshPIN+"1")); err != nil {
		t.Fatal(err)
	}
	signs("second", freshPIN, "")
	signs("p256", freshPIN+"1", "")
	ref.Certificate = theRig.parsed(t, "lonely").Fingerprint()
	if err := h.ChangePIN(t.Context(), ref, newPIN(t, freshPIN), newPIN(t, userPIN)); codeOf(err) != token.CodeRemoved {
		t.Errorf("a token that is gone: %v, want %s", err, token.CodeRemoved)
	}
}
