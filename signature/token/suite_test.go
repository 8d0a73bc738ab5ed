// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"zaver/signature/pin"
	"zaver/signature/token"
	"zaver/softhsm-fixtures/faultmodule"
)

// TestSuite is what every module must pass, whoever wrote it.
func TestSuite(t *testing.T) {
	for name, make := range vehicles() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := make(t)
			h := v.host(t, v.module)
			steps := []struct {
				name string
				run  func(*testing.T, vehicle, *token.Host)
			}{
				{"discover", suiteDiscover}, {"list", suiteList}, {"list again", suiteList}, {"certificate", suiteCertificate}, {"sign", suiteSign},
				{"cms algorithm", suiteSign}, {"no PIN", suiteNoPIN}, {"wrong PIN", suiteWrong}, {"right after wrong", suiteSign}, {"change with a wrong PIN", suiteChangeWrong},
				{"change to nothing", suiteChangeToNothing}, {"change", suiteChange}, {"unblock with a wrong PIN", suiteUnblockWrong}, {"unblock", suiteUnblock},
				{"another certificate", suiteOtherCertificate}, {"another token", suiteOther}, {"deadline", suiteDeadline}, {"crash", suiteCrash}, {"removed", suiteRemoved},
			}
			for _, s := range steps {
				t.Run(s.name, func(t *testing.T) { s.run(t, v, h) })
			}
		})
	}
}

func (v vehicle) host(t testing.TB, module string) *token.Host {
	t.Helper()
	return theRig.host(t, func(c *token.Config) {
		c.Env = nil
		c.Setup = map[string]token.Setup{module: v.with}
		c.SignDeadline = 20 * time.Second
	}, module)
}

// token finds the vehicle's token in a new listing.
func (v vehicle) token(t *testing.T, h *token.Host) token.Token {
	t.Helper()
	found := list(t, h)
	i := slices.IndexFunc(found, func(tok token.Token) bool { return tok.Label == v.label })
	if i < 0 {
		t.Fatalf("%q is not among %d tokens", v.label, len(found))
	}
	return found[i]
}

func (v vehicle) credential(t testing.TB, h *token.Host, der []byte) token.Credential {
	t.Helper()
	for _, tok := range list(t, h) {
		for _, c := range tok.Credentials {
			if c.Certificate != nil && bytes.Equal(c.Certificate.Raw, der) {
				return c
			}
		}
	}
	t.Fatal("the certificate is not listed")
	return token.Credential{}
}

func (v vehicle) signs(t *testing.T, h *token.Host, digits, want string) {
	t.Helper()
	var p *pin.PIN
	if digits != "" {
		p = newPIN(t, digits)
	}
	if got := codeOf(sign(t.Context(), h, v.credential(t, h, v.der), p)); got != want {
		t.Errorf("sign: %q, want %q", got, want)
	}
}

func suiteDiscover(t *testing.T, v vehicle, h *token.Host) {
	if got := h.Modules(); len(got) != 1 || got[0] != v.module {
		t.Errorf("modules %v, want %s alone", got, v.module)
	}
}

func suiteList(t *testing.T, v vehicle, h *token.Host) {
	tok := v.token(t, h)
	if !tok.LoginRequired || tok.ProtectedPath || tok.Problem != "" {
		t.Errorf("login %t, keypad %t, problem %q", tok.LoginRequired, tok.ProtectedPath, tok.Problem)
	}
	if n, known := tok.Tries.Count(); known {
		t.Errorf("%d tries left: no flag says so", n)
	}
	if tok.Ref.Module != v.module || tok.Ref.Label != v.label {
		t.Errorf("ref %+v", tok.Ref)
	}
}

func suiteCertificate(t *testing.T, v vehicle, h *token.Host) {
	if c := v.credential(t, h, v.der); !c.Usable || c.Reason != "" {
		t.Errorf("usable %t, %q", c.Usable, c.Reason)
	}
}

func suiteSign(t *testing.T, v vehicle, h *token.Host) { v.signs(t, h, v.pin, "") }

func suiteNoPIN(t *testing.T, v vehicle, h *token.Host) { v.signs(t, h, "", "pin.format") }

// suiteWrong holds that a wrong PIN is called so and that no number of tries is invented.
func suiteWrong(t *testing.T, v vehicle, h *token.Host) {
	err := sign(t.Context(), h, v.credential(t, h, v.der), newPIN(t, wrongPIN))
	var got *pin.Error
	if !errors.As(err, &got) || got.Code() != v.wrong || got.Ref != token.PINUser {
		t.Fatalf("%v, want %s", err, v.wrong)
	}
	if n, known := got.Tries.Count(); known {
		t.Errorf("%d tries left: no flag says so", n)
	}
}

func (v vehicle) change(t *testing.T, h *token.Host, old, fresh string) error {
	t.Helper()
	return h.ChangePIN(t.Context(), v.token(t, h).Ref, newPIN(t, old), newPIN(t, fresh))
}

func (v vehicle) unblock(t *testing.T, h *token.Host, so, fresh string) error {
	t.Helper()
	return h.UnblockPIN(t.Context(), v.token(t, h).Ref, newPIN(t, so), newPIN(t, fresh))
}

func wantPIN(t *testing.T, err error, code, ref string) {
	t.Helper()
	var got *pin.Error
	if !errors.As(err, &got) || got.Code() != code || got.Ref != ref {
		t.Errorf("%v, want %s of %q", err, code, ref)
	}
}

func suiteChangeWrong(t *testing.T, v vehicle, h *token.Host) {
	wantPIN(t, v.change(t, h, wrongPIN, freshPIN), "pin.wrong", token.PINUser)
	v.signs(t, h, v.pin, "")
}

func suiteChangeToNothing(t *testing.T, v vehicle, h *token.Host) {
	wantPIN(t, v.change(t, h, v.pin, ""), "pin.format", token.PINNew)
	v.signs(t, h, v.pin, "")
}

// suiteChange sets another PIN, sees the old one fail, and goes back.
func suiteChange(t *testing.T, v vehicle, h *token.Host) {
	if err := v.change(t, h, v.pin, freshPIN); err != nil {
		t.Fatal(err)
	}
	v.signs(t, h, v.pin, "pin.wrong")
	v.signs(t, h, freshPIN, "")
	if err := v.change(t, h, freshPIN, v.pin); err != nil {
		t.Fatal(err)
	}
	v.signs(t, h, v.pin, "")
}

func suiteUnblockWrong(t *testing.T, v vehicle, h *token.Host) {
	err := v.unblock(t, h, wrongPIN+"1", freshPIN)
	if !v.unblocks { // a module without an officer says so in its own way, and never with success
		if err == nil {
			t.Error("unblocked by a wrong PIN")
		}
		return
	}
	wantPIN(t, err, "pin.wrong", token.PINSO)
	v.signs(t, h, v.pin, "")
}

func suiteUnblock(t *testing.T, v vehicle, h *token.Host) {
	err := v.unblock(t, h, v.so+"", freshPIN)
	if !v.unblocks {
		if err == nil {
			t.Error("unblocked by a module that has no officer")
		}
		v.signs(t, h, v.pin, "")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	v.signs(t, h, freshPIN, "")
	if err := v.unblock(t, h, v.so, v.pin); err != nil {
		t.Fatal(err)
	}
	v.signs(t, h, v.pin, "")
}

// suiteOtherCertificate asks for a certificate that the token does not show: that is another token, which is given no PIN, right or wrong.
func suiteOtherCertificate(t *testing.T, v vehicle, h *token.Host) {
	c := v.credential(t, h, v.der)
	c.Certificate = theRig.parsed(t, "keyless")
	c.Ref.Certificate = c.Certificate
	for _, id := range [][]byte{c.Ref.ID, []byte("nobody's"), nil} {
		c.Ref.ID = id
		if got := codeOf(sign(t.Context(), h, c, newPIN(t, wrongPIN))); got != token.CodeRemoved {
			t.Errorf("%q, want %q", got, token.CodeRemoved)
		}
	}
}

// suiteOther does not give a PIN to a token with another serial number.
func suiteOther(t *testing.T, v vehicle, h *token.Host) {
	c := v.credential(t, h, v.der)
	c.Ref.Serial = "another"
	if got := codeOf(sign(t.Context(), h, c, newPIN(t, v.pin))); got != token.CodeRemoved {
		t.Errorf("%q, want %q", got, token.CodeRemoved)
	}
	ref := v.token(t, h).Ref
	ref.Serial = "another"
	if got := codeOf(h.ChangePIN(t.Context(), ref, newPIN(t, v.pin), newPIN(t, freshPIN))); got != token.CodeRemoved {
		t.Errorf("change: %q, want %q", got, token.CodeRemoved)
	}
}

// faulty runs the vehicle's module behind the fault module, and signs after the listing.
func (v vehicle) faulty(t *testing.T, order faultmodule.Order, deadline time.Duration) (code string) {
	t.Helper()
	m, err := theRig.faulty.Install(filepath.Join(t.TempDir(), "fault.so"), v.module, order)
	if err != nil {
		t.Fatal(err)
	}
	h := theRig.host(t, func(c *token.Config) {
		c.Env, c.Setup = nil, map[string]token.Setup{m.Path(): v.with}
		c.ListDeadline, c.SignDeadline = time.Minute, deadline
	}, m.Path())
	c := v.credential(t, h, v.der)
	code = codeOf(sign(t.Context(), h, c, newPIN(t, v.pin)))
	if v.mend != nil {
		v.mend(t)
	}
	return code
}

// suiteDeadline: what hangs is ended by the deadline of signatures, a second; that of listings would take a minute.
func suiteDeadline(t *testing.T, v vehicle, _ *token.Host) {
	begin := time.Now()
	code := v.faulty(t, faultmodule.Hang("C_Sign"), time.Second)
	if took := time.Since(begin); code != token.CodeHung || took > time.Minute {
		t.Errorf("%q after %v, want %q soon after a second", code, took, token.CodeHung)
	}
}

func suiteCrash(t *testing.T, v vehicle, h *token.Host) {
	if code := v.faulty(t, faultmodule.Crash("C_SignInit"), time.Minute); code != token.CodeCrashed {
		t.Errorf("%q, want %q", code, token.CodeCrashed)
	}
	v.signs(t, h, v.pin, "") // the module beside it, in its own worker, knows nothing of that
}

// suiteRemoved takes the token out between the listing and the signature: whatever the module says then, nothing is signed and no
// PIN is called wrong.
func suiteRemoved(t *testing.T, v vehicle, h *token.Host) {
	c := v.credential(t, h, v.der)
	v.pull(t)
	if v.holds {
		h = v.host(t, v.module)
	}
	err := sign(t.Context(), h, c, newPIN(t, v.pin))
	var pinErr *pin.Error
	if err == nil || errors.As(err, &pinErr) && pinErr.Reason == pin.ReasonWrong {
		t.Errorf("after the removal: %v", err)
	}
	t.Logf("%s", codeOf(err))
}
