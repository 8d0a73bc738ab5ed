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
		code    string
		english bool
	}{
		{pki.Expired, "token.cert_expired", false},
		{pki.Revoked, "sig.cert_revoked", false},
		{pki.WrongSubject, "confirm.other_person", false},
		{pki.NotAccredited, "sig.not_accredited", true},
	} {
		t.Run(string(f.variant), func(t *testing.T) {
			w := Start(t)
			var edit []func(*Options)
			if f.english {
				edit = append(edit, English)
			}
			c := w.Citizen(edit...)
			w.Answers(c.p.PINs.Token)
			w.GiveToken(c.p, f.variant)
			c.fails("token", f.code)
			if f.variant == pki.WrongSubject {
				if s := w.shown(2)[0]; !strings.Contains(s.Text, "СНИЛС в сертификате другой") {
					t.Errorf("the agent did not warn: %s", s.Text)
				}
			}
			w.GiveToken(c.p, pki.Good)
			c.succeeds("token")
		})
	}
}

func TestFaultRevocationSourceDown(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.Answers(c.p.PINs.Token)
	w.GiveToken(c.p, pki.Good)
	w.PKI.SetFault(pki.OCSP, pki.Die)
	w.PKI.SetFault(pki.CRL, pki.Fail)
	c.fails("token", "sig.revocation_unknown")
	for _, a := range w.PKI.Authorities() {
		a.ClearFaults()
	}
	c.succeeds("token")
}
