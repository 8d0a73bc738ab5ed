// SPDX-License-Identifier: Apache-2.0

package confirm_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/portal/account"
	"zaver/portal/confirm"
	"zaver/portal/evidence"
	"zaver/portal/method"
	"zaver/portal/policy"
	"zaver/signature/challenge"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pgtest"
	"zaver/softhsm-fixtures/pki"
)

// TestC1C2MainRoad confirms one account by token and one by card and looks at
// everything that must follow.
func TestC1C2MainRoad(t *testing.T) {
	for _, c := range []struct {
		method method.ID
		person people.Person
		order  pki.Order
	}{
		{method.Token, people.TokenHolder(), pki.Order{Person: people.TokenHolder()}},
		{method.Token, people.Head(), pki.Order{Person: people.Head(), Keys: pki.RSA2048}},
		{method.UEC, people.CardHolder(), pki.Order{Person: people.CardHolder(), Authority: pki.UEC}},
	} {
		t.Run(string(c.method)+" "+c.person.Key, func(t *testing.T) {
			r := newRig(t, nil)
			id := r.account(t, c.person)
			o := r.start(t, id, c.method)
			verifier, err := challenge.NewVerifier(r.key.Public)
			if err != nil {
				t.Fatal(err)
			}
			st, err := challenge.Open(o.statement, verifier)
			if err != nil {
				t.Fatal(err)
			}
			if err := st.Check(portal, o.Request, challenge.ConfirmIdentity, r.clock.now()); err != nil {
				t.Fatal(err)
			}
			if st.ControlCode != o.ControlCode || len(o.ControlCode) != 4 || st.Account != (account.Account{Phone: c.person.Phone}).Own() {
				t.Errorf("C8: statement shows %q for %q", st.ControlCode, st.Account)
			}
			der := r.sign(t, r.identity(t, c.order), o.statement)
			got, err := r.service.Respond(t.Context(), o.answer(der))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(confirm.Result{State: confirm.Confirmed, Codes: []string{}}, got); diff != "" {
				t.Fatal(diff)
			}
			if l := r.level(t, id); l != account.Confirmed {
				t.Errorf("level %v", l)
			}
			r.checkTraces(t, id, o, account.EventConfirmed, "notice.confirmed")
			r.checkEvidence(t, o.Request, der, o.statement)
			r.checkSealed(t, c.person, der)
			if _, err := r.service.Start(t.Context(), confirm.Request{Account: id, Method: c.method}); code(err) != confirm.CodeAlready {
				t.Errorf("start again: %v", err)
			}
		})
	}
}

// checkTraces looks for the event, the notice and the audit record of an outcome.
func (r *rig) checkTraces(t *testing.T, id account.ID, o open, kind account.EventKind, template string) {
	t.Helper()
	events, err := r.store.Events(t.Context(), id, 10)
	if err != nil {
		t.Fatal(err)
	}
	if events[0].Kind != kind || events[0].Client.Device != "zaver-agent" || events[1].Kind != account.EventConfirmStart {
		t.Errorf("E5: journal %+v", events)
	}
	if n := r.psql(t, "SELECT count(*) FROM notices WHERE template = '"+template+"' AND account_id = '"+string(id)+"'"); n != "1" {
		t.Errorf("C9: %s notices", n)
	}
	proofs, err := r.keeper.Prove(t.Context(), o.Request, r.clock.now())
	if err != nil || len(proofs) != 1 {
		t.Fatalf("E5: %d proofs, %v", len(proofs), err)
	}
	verifier, err := challenge.NewVerifier(r.key.Public)
	if err != nil {
		t.Fatal(err)
	}
	rec, _, err := proofs[0].Check("portal.example/audit", verifier)
	if err != nil {
		t.Fatal(err)
	}
	c := r.state(t, o.Request)
	if rec.Kind != confirm.AuditKind || rec.Account != string(id) || rec.Outcome != string(c.State) || len(rec.Codes) != len(c.Codes) {
		t.Errorf("E5: record %+v", rec)
	}
	if b, err := r.store.Evidence().Bundle(t.Context(), o.Request); err == nil && b.Digest != rec.Evidence {
		t.Error("C10: the audit record names other evidence")
	}
}

// checkEvidence exports the bundle and has openssl and sha256sum check it.
func (r *rig) checkEvidence(t *testing.T, request string, der, statement []byte) {
	t.Helper()
	b, err := r.store.Evidence().Bundle(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	files, err := evidence.Export(b.Parts, b.Digest)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		switch {
		case f.Name == evidence.NameCMS && !bytes.Equal(f.Data, der), f.Name == evidence.NameStatement && !bytes.Equal(f.Data, statement):
			t.Errorf("C10: %s is not what was received", f.Name)
		}
	}
	d, err := evidence.Open(b.Parts, b.Digest)
	if err != nil {
		t.Fatal(err)
	}
	_, engine := os.Stat(filepath.Join(dir, evidence.NameEngine))
	command := evidence.Command(d.Judged, evidence.Checkable(files), engine == nil)
	for _, cmd := range []string{
		command, "cmp signed.txt statement.txt", "sha256sum -c SHA256SUMS",
		"openssl ocsp -respin revocation-0-signer.ocsp -noverify -resp_text",
	} {
		c := exec.Command("sh", "-c", cmd) //nolint:gosec // the command that the README names
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("C10: %s: %v: %s", cmd, err, out)
		}
	}
	readme, err := os.ReadFile(filepath.Join(dir, evidence.NameReadme))
	if err != nil || !strings.Contains(string(readme), command) {
		t.Errorf("C10: the README lacks the command (%v)", err)
	}
}

// checkSealed looks for personal data in what lies on the disk.
func (r *rig) checkSealed(t *testing.T, p people.Person, der []byte) {
	t.Helper()
	dump := pgtest.Dump(t, r.dsn)
	for _, secret := range []string{p.Surname, p.SNILS, p.Phone, hexOf([]byte(p.Surname)), hexOf([]byte(p.SNILS)), hexOf(der[:64])} {
		if strings.Contains(dump, secret) {
			t.Errorf("the database holds %q in the clear", secret)
		}
	}
}

// TestC1Refusals has one reason of each part refused, and looks at what stays.
func TestC1Refusals(t *testing.T) {
	vera := people.TokenHolder()
	for _, c := range []struct {
		name   string
		method method.ID
		order  pki.Order
		want   string
	}{
		{"expired", method.Token, pki.Order{Person: vera, Variant: pki.Expired}, verify.CodeCertExpired},
		{"revoked", method.Token, pki.Order{Person: vera, Variant: pki.Revoked}, verify.CodeCertRevoked},
		{"another person", method.Token, pki.Order{Person: vera, Variant: pki.WrongSubject}, policy.CodeOtherPerson},
		{"not accredited", method.Token, pki.Order{Person: vera, Variant: pki.NotAccredited}, verify.CodeNotAccredited},
		{"card past its validity", method.UEC, pki.Order{Person: vera, Authority: pki.UEC, Variant: pki.Expired}, verify.CodeCertExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, nil)
			id := r.account(t, vera)
			o := r.start(t, id, c.method)
			got, err := r.service.Respond(t.Context(), o.answer(r.sign(t, r.identity(t, c.order), o.statement)))
			if err != nil {
				t.Fatal(err)
			}
			if got.State != confirm.Refused || len(got.Codes) == 0 || got.Codes[0] != c.want {
				t.Fatalf("got %+v, want %s", got, c.want)
			}
			if l := r.level(t, id); l != account.Standard {
				t.Errorf("level %v", l)
			}
			r.checkTraces(t, id, o, account.EventRefused, "notice.confirm_refused")
			// The same road is open again at once.
			o = r.start(t, id, method.Token)
			if got, err := r.service.Respond(t.Context(), o.answer(r.sign(t, r.identity(t, pki.Order{Person: vera}), o.statement))); err != nil || got.State != confirm.Confirmed {
				t.Errorf("again: %+v, %v", got, err)
			}
		})
	}
}

func TestC1OtherBytes(t *testing.T) {
	r := newRig(t, nil)
	id := r.account(t, people.TokenHolder())
	key := r.identity(t, pki.Order{Person: people.TokenHolder()})
	older := r.start(t, id, method.Token)
	o := r.start(t, id, method.Token)
	// The statement of another confirmation, signed well, is a replay.
	got, err := r.service.Respond(t.Context(), o.answer(r.sign(t, key, older.statement)))
	if err != nil || got.State != confirm.Refused || got.Codes[0] != policy.CodeStatement {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestC9MaskedNamesReachThePage(t *testing.T) {
	r := newRig(t, nil)
	p := people.TokenHolder()
	id := r.account(t, p)
	married := p
	married.Surname = "Новикова"
	o := r.start(t, id, method.Token)
	if _, err := r.service.Respond(t.Context(), o.answer(r.sign(t, r.identity(t, pki.Order{Person: married}), o.statement))); err != nil {
		t.Fatal(err)
	}
	st, err := r.service.Status(t.Context(), id, o.Request)
	if err != nil {
		t.Fatal(err)
	}
	want := []policy.Reason{{Code: policy.CodeNameDiffers, Args: map[string]string{"certificate": "Н***а В***а А***а", "account": "С***а В***а А***а"}}}
	if diff := cmp.Diff(want, st.Reasons); diff != "" {
		t.Fatal(diff)
	}
}

// TestC1RevocationOutage refuses with hope and leaves the account as it was.
func TestC1RevocationOutage(t *testing.T) {
	r := newRig(t, nil)
	id := r.account(t, people.TokenHolder())
	key := r.identity(t, pki.Order{Person: people.TokenHolder()})
	r.pki.SetFault(pki.OCSP, pki.Die)
	r.pki.SetFault(pki.CRL, pki.Die)
	o := r.start(t, id, method.Token)
	got, err := r.service.Respond(t.Context(), o.answer(r.sign(t, key, o.statement)))
	if err != nil || got.State != confirm.Refused || got.Codes[0] != verify.CodeRevocationUnknown {
		t.Fatalf("%+v, %v", got, err)
	}
	if c := r.state(t, o.Request); !c.Reasons[0].Retry || r.level(t, id) != account.Standard {
		t.Errorf("%+v", c.Reasons)
	}
	r.pki.SetFault(pki.OCSP, pki.None)
	r.pki.SetFault(pki.CRL, pki.None)
	o = r.start(t, id, method.Token)
	if got, err := r.service.Respond(t.Context(), o.answer(r.sign(t, key, o.statement))); err != nil || got.State != confirm.Confirmed {
		t.Fatalf("after the outage: %+v, %v", got, err)
	}
}
