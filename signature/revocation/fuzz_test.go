// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/pki"
)

// seeds are true and false answers about one revoked certificate.
func seeds(f *testing.F, make func(*pki.Authority, pki.Fault) ([]byte, error)) (c, issuer *cert.Certificate) {
	f.Helper()
	p := start(f, pki.Config{})
	c, issuer, id := pair(f, p, pki.Order{Variant: pki.Revoked})
	request, err := revocation.NewRequest(c, issuer, nil)
	if err != nil {
		f.Fatal(err)
	}
	a := p.Authority(id.Authority)
	for _, fault := range []pki.Fault{pki.None, pki.Stale, pki.WrongSigner, pki.WrongCertificate, pki.NoRight, pki.Critical, pki.TryLater, pki.Unknown} {
		var der []byte
		if make != nil {
			der, err = make(a, fault)
		} else {
			der, err = a.MakeOCSP(request, fault)
		}
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
	return c, issuer
}

// neverGood is what must hold for any bytes about a revoked certificate: they are refused with a
// code, or say revoked; nothing an attacker sends makes it good.
func neverGood(t *testing.T, r revocation.Result, err error) {
	t.Helper()
	if err != nil {
		if code := problemCode(t, err); code == "" || r.Status != revocation.Unknown {
			t.Fatalf("%s with error %v", r.Status, err)
		}
		return
	}
	if r.Status != revocation.Revoked {
		t.Fatalf("status %s", r.Status)
	}
}

func FuzzOCSP(f *testing.F) {
	c, issuer := seeds(f, nil)
	f.Fuzz(func(t *testing.T, der []byte) {
		r, err := revocation.EvaluateOCSP(der, ask(c, issuer, moment), time.Minute)
		neverGood(t, r, err)
	})
}

func FuzzCRL(f *testing.F) {
	c, issuer := seeds(f, (*pki.Authority).MakeCRL)
	f.Fuzz(func(t *testing.T, der []byte) {
		r, err := revocation.EvaluateCRL(der, ask(c, issuer, moment), time.Minute)
		neverGood(t, r, err)
	})
}
