// SPDX-License-Identifier: Apache-2.0

package road

import (
	"strings"
	"testing"

	"zaver/softhsm-fixtures/pki"
)

// The token's certificate is what is wrong; with another token the road is open.
func TestFaultCertificate(t *testing.T) {
	for _, f := range []struct {
		variant pki.Variant
		keys    pki.KeyKind
		code    string
		english bool
	}{
		{pki.Expired, pki.P256, "token.cert_expired", false},
		{pki.Revoked, pki.P256, "sig.cert_revoked", false},
		{pki.Revoked, pki.GOST256, "sig.cert_revoked", true},
		{pki.WrongSubject, pki.P256, "confirm.other_person", false},
		{pki.WrongSubject, pki.GOST512, "confirm.other_person", false},
		{pki.NotAccredited, pki.P256, "sig.not_accredited", true},
	} {
		t.Run(string(f.variant)+" "+f.keys.String(), func(t *testing.T) {
			w := Start(t)
			var edit []func(*Options)
			if f.english {
				edit = append(edit, English)
			}
			c := w.Citizen(edit...)
			w.Answers(c.p.PINs.Token)
			w.GiveTokenOf(c.p, f.variant, f.keys)
			c.fails("token", f.code)
			if f.variant == pki.WrongSubject {
				if s := w.shown(2)[0]; !strings.Contains(s.Text, "СНИЛС в сертификате другой") {
					t.Errorf("the agent did not warn: %s", s.Text)
				}
			}
			w.GiveTokenOf(c.p, pki.Good, f.keys)
			c.succeeds("token")
		})
	}
}

func TestFaultRevocationSourceDown(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.Answers(c.p.PINs.Token)
	w.GiveTokenOf(c.p, pki.Good, pki.GOST256)
	w.PKI.SetFault(pki.OCSP, pki.Die)
	w.PKI.SetFault(pki.CRL, pki.Fail)
	c.fails("token", "sig.revocation_unknown")
	for _, a := range w.PKI.Authorities() {
		a.ClearFaults()
	}
	c.succeeds("token")
}
