// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/portal/account"
	"zaver/portal/method"
	"zaver/portal/policy"
	"zaver/portal/validate"
	"zaver/signature/cert"
	"zaver/signature/cms"
	"zaver/signature/ident"
	"zaver/signature/revocation"
	"zaver/signature/trust"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// rig is a test PKI with a validator that trusts it.
type rig struct {
	pki     *pki.PKI
	set     *trust.Set
	checker *revocation.Checker
}

func newRig(t *testing.T) *rig {
	t.Helper()
	p, err := pki.Start(pki.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	dir := t.TempDir()
	if err := p.WriteTrust(dir); err != nil {
		t.Fatal(err)
	}
	set, err := trust.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{pki: p, set: set, checker: revocation.NewChecker(revocation.Config{MaxCache: -1, Timeout: time.Minute})}
}

func (r *rig) validator(t *testing.T) *validate.Validator {
	t.Helper()
	v, err := validate.New(validate.Config{Trust: func() *trust.Set { return r.set }, Revocation: r.checker})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (r *rig) make(t *testing.T, o pki.Order) *pki.Identity {
	t.Helper()
	id, err := r.pki.Make(o)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func parse(t *testing.T, der []byte) *cert.Certificate {
	t.Helper()
	c, err := cert.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func sign(t *testing.T, id *pki.Identity, content []byte) []byte {
	t.Helper()
	req := cms.Request{Content: content, Certificate: parse(t, id.DER), SigningTime: time.Now(), Signer: id}
	for _, der := range id.Chain[:len(id.Chain)-1] {
		req.Chain = append(req.Chain, parse(t, der))
	}
	der, err := cms.Sign(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func subjectOf(p people.Person) account.Subject {
	return account.Subject{
		Account: account.Account{Kind: account.Person, Level: account.Standard,
			Name: ident.PersonName{Surname: p.Surname, Given: p.Given, Patronymic: p.Patronymic}},
		SNILS: ident.SNILS(p.SNILS),
	}
}

var statement = []byte("zaver.statement/v1\nthe bytes that were issued\n")

// judge checks and judges a response, and gives the reasons.
func judge(t *testing.T, r *rig, id method.ID, der []byte, s account.Subject) policy.Decision {
	t.Helper()
	m, _ := method.Lookup(id)
	at := time.Now()
	out, err := r.validator(t).Check(t.Context(), validate.Response{Method: m, Statement: statement, CMS: der, At: at})
	if err != nil {
		t.Fatal(err)
	}
	return policy.Judge(policy.Case{Method: m, Report: out.Report, SameStatement: out.SameStatement, Subject: s, At: at})
}

// first is what must be the first reason; empty means raised.
func first(t *testing.T, d policy.Decision, want string) {
	t.Helper()
	got := ""
	if len(d.Reasons) > 0 {
		got = d.Reasons[0].Code
	}
	if got != want {
		t.Fatalf("first reason %q of %v, want %q", got, d.Codes(), want)
	}
}

// TestC1EveryCertificateFault sends every variant of a certificate through the real check.
func TestC1EveryCertificateFault(t *testing.T) {
	r := newRig(t)
	vera, timur, olga := people.TokenHolder(), people.Entrepreneur(), people.Head()
	for _, c := range []struct {
		name   string
		method method.ID
		order  pki.Order
		person people.Person
		want   string
	}{
		{"person", method.Token, pki.Order{Person: vera}, vera, ""},
		{"person, RSA", method.Token, pki.Order{Person: vera, Keys: pki.RSA2048}, vera, ""},
		{"person, P-384", method.Token, pki.Order{Person: vera, Keys: pki.P384}, vera, ""},
		{"entrepreneur", method.Token, pki.Order{Person: timur}, timur, ""},
		{"head", method.Token, pki.Order{Person: olga}, olga, ""},
		{"card", method.UEC, pki.Order{Person: vera, Authority: pki.UEC}, vera, ""},

		{"expired", method.Token, pki.Order{Person: vera, Variant: pki.Expired}, vera, verify.CodeCertExpired},
		{"not yet valid", method.Token, pki.Order{Person: vera, Variant: pki.NotYetValid}, vera, verify.CodeCertNotYetValid},
		{"revoked", method.Token, pki.Order{Person: vera, Variant: pki.Revoked}, vera, verify.CodeCertRevoked},
		{"wrong usage", method.Token, pki.Order{Person: vera, Variant: pki.WrongUsage}, vera, verify.CodeKeyUsage},
		{"wrong subject", method.Token, pki.Order{Person: vera, Variant: pki.WrongSubject}, vera, policy.CodeOtherPerson},
		{"not accredited", method.Token, pki.Order{Person: vera, Variant: pki.NotAccredited}, vera, verify.CodeNotAccredited},
		{"not qualified", method.Token, pki.Order{Person: vera, Variant: pki.NotQualified}, vera, verify.CodeNotQualified},
		{"another person's token", method.Token, pki.Order{Person: timur}, vera, policy.CodeOtherPerson},
		{"card method with a token", method.UEC, pki.Order{Person: vera}, vera, policy.CodeNotUEC},
		{"token method with a card", method.Token, pki.Order{Person: vera, Authority: pki.UEC}, vera, policy.CodeNotToken},
		{"card past its validity", method.UEC, pki.Order{Person: vera, Authority: pki.UEC, Variant: pki.Expired}, vera, verify.CodeCertExpired},
		{"card revoked", method.UEC, pki.Order{Person: vera, Authority: pki.UEC, Variant: pki.Revoked}, vera, verify.CodeCertRevoked},
		{"card of a head", method.UEC, pki.Order{Person: olga, Authority: pki.UEC}, olga, policy.CodeHolderKind},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := judge(t, r, c.method, sign(t, r.make(t, c.order), statement), subjectOf(c.person))
			first(t, d, c.want)
			if d.Raises != (c.want == "") {
				t.Fatalf("raises %v", d.Raises)
			}
		})
	}
}

func TestC1SameSNILSAnotherName(t *testing.T) {
	r := newRig(t)
	vera := people.TokenHolder()
	vera.Surname = "Новикова" // married since the certificate was issued
	d := judge(t, r, method.Token, sign(t, r.make(t, pki.Order{Person: people.TokenHolder()}), statement), subjectOf(vera))
	want := []policy.Reason{{Code: policy.CodeNameDiffers, Args: map[string]string{
		"certificate": "С***а В***а А***а", "account": "Н***а В***а А***а",
	}}}
	if diff := cmp.Diff(want, d.Reasons); diff != "" {
		t.Fatal(diff)
	}
}

// TestC1RevocationOutageRefusesAndIsNoError takes the sources away one by one.
func TestC1RevocationOutageRefusesAndIsNoError(t *testing.T) {
	r := newRig(t)
	der := sign(t, r.make(t, pki.Order{Person: people.TokenHolder()}), statement)
	for _, f := range []pki.Fault{pki.Fail, pki.Stall, pki.Die, pki.Garbage, pki.Stale, pki.WrongSigner} {
		t.Run(string(f), func(t *testing.T) {
			defer func() {
				r.pki.SetFault(pki.OCSP, pki.None)
				r.pki.SetFault(pki.CRL, pki.None)
			}()
			r.pki.SetFault(pki.OCSP, f)
			r.pki.SetFault(pki.CRL, f)
			r := *r
			if f == pki.Stall { // nothing else makes it wait
				r.checker = revocation.NewChecker(revocation.Config{MaxCache: -1, Timeout: 2 * time.Second})
			}
			d := judge(t, &r, method.Token, der, subjectOf(people.TokenHolder()))
			first(t, d, verify.CodeRevocationUnknown)
			if !d.Retry() {
				t.Error("an outage gives no hope")
			}
		})
	}
	r.pki.SetFault(pki.OCSP, pki.Fail)
	first(t, judge(t, r, method.Token, der, subjectOf(people.TokenHolder())), "") // the list answers
}

func TestC1WhatWasSigned(t *testing.T) {
	r := newRig(t)
	id := r.make(t, pki.Order{Person: people.TokenHolder()})
	good := sign(t, id, statement)
	vera := subjectOf(people.TokenHolder())
	broken := bytes.Clone(good)
	broken[len(broken)-1] ^= 1
	inside := bytes.Replace(good, []byte("were issued"), []byte("were forged"), 1)
	for _, c := range []struct {
		name string
		der  []byte
		want string
	}{
		{"other bytes", sign(t, id, []byte("zaver.statement/v1\nother bytes\n")), policy.CodeStatement},
		{"statement with one more byte", sign(t, id, append(bytes.Clone(statement), '\n')), policy.CodeStatement},
		{"content exchanged after signing", inside, policy.CodeStatement},
		{"signature changed", broken, verify.CodeInvalid},
		{"no signature at all", []byte("-----BEGIN"), verify.CodeInvalid},
		{"bytes after the end", append(bytes.Clone(good), 0), verify.CodeInvalid},
		{"two signers", twoSigners(t, id, r.make(t, pki.Order{Person: people.Entrepreneur()})), verify.CodeInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := judge(t, r, method.Token, c.der, vera)
			first(t, d, c.want)
			if d.Raises {
				t.Fatal("raised")
			}
		})
	}
}

// twoSigners has openssl sign with two keys.
func twoSigners(t *testing.T, a, b *pki.Identity) []byte {
	t.Helper()
	dir := t.TempDir()
	args := []string{"cms", "-sign", "-nodetach", "-binary", "-cades", "-outform", "DER", "-in", filepath.Join(dir, "in")}
	files := map[string][]byte{"in": statement}
	for name, id := range map[string]*pki.Identity{"a": a, "b": b} {
		key, err := id.KeyPEM()
		if err != nil {
			t.Fatal(err)
		}
		files[name+".pem"], files[name+".key"] = id.PEM(), key
		args = append(args, "-signer", filepath.Join(dir, name+".pem"), "-inkey", filepath.Join(dir, name+".key"))
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("openssl", args...) //nolint:gosec // arguments of this test
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("openssl cms -sign: %v: %s", err, complaint.String())
	}
	return out
}

func TestErrorsAreThePortalsOwn(t *testing.T) {
	r := newRig(t)
	m, _ := method.Lookup(method.Token)
	der := sign(t, r.make(t, pki.Order{Person: people.TokenHolder()}), statement)
	resp := validate.Response{Method: m, Statement: statement, CMS: der, At: time.Now()}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.validator(t).Check(ctx, resp); !errors.Is(err, context.Canceled) {
		t.Errorf("caller gave up: %v", err)
	}
	none, err := validate.New(validate.Config{Trust: func() *trust.Set { return nil }, Revocation: r.checker})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := none.Check(t.Context(), resp); err == nil {
		t.Error("no anchors: no error")
	}
	resp.Method.Channel = "letter"
	if _, err := r.validator(t).Check(t.Context(), resp); !errors.Is(err, validate.ErrMethod) {
		t.Errorf("method without a response: %v", err)
	}
	if _, err := validate.New(validate.Config{}); err == nil {
		t.Error("a validator of nothing")
	}
}

func TestAnEmptyStatementMatchesNothing(t *testing.T) {
	r := newRig(t)
	m, _ := method.Lookup(method.Token)
	out, err := r.validator(t).Check(t.Context(), validate.Response{Method: m, CMS: []byte("x"), At: time.Now()})
	if err != nil || out.SameStatement {
		t.Fatalf("%v, %v", out.SameStatement, err)
	}
}
