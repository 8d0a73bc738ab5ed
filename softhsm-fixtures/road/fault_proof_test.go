// SPDX-License-Identifier: Apache-2.0

package road

import (
	"testing"

	"zaver/softhsm-fixtures/pki"
)

// Without a timestamp nothing is confirmed: the page says so plainly and that it will pass, whatever is
// wrong with the authority; when it is well again the next try confirms.
func TestFaultTimestamps(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.Answers(c.p.PINs.Token)
	w.GiveTokenOf(c.p, pki.Good, pki.GOST256)
	for i, f := range []pki.Fault{pki.Die, pki.Fail, pki.Stall, pki.Refused, pki.WrongImprint, pki.WrongSigner, pki.Early} {
		w.PKI.SetFault(pki.TSA, f)
		if i > 0 {
			c.restart()
		}
		if result := c.fails("token", "sig.timestamp_missing"); len(result.Codes) != 1 {
			t.Errorf("%s: the page names %q, which a person cannot mend", f, result.Codes)
		}
	}
	w.PKI.SetFault(pki.TSA, pki.None)
	c.succeeds("token")
}

// A source of revocation that does not answer is made up for by the other one, also in the evidence.
func TestOneRevocationSourceIsEnough(t *testing.T) {
	w := Start(t)
	for _, f := range []struct {
		down  pki.Service
		fault pki.Fault
	}{{pki.OCSP, pki.Stall}, {pki.CRL, pki.Fail}} {
		c := w.Citizen()
		w.Answers(c.p.PINs.Token)
		w.GiveTokenOf(c.p, pki.Good, pki.GOST512)
		w.PKI.SetFault(f.down, f.fault)
		request, err := c.Confirm("token")
		w.must(err)
		c.succeeded()
		w.PKI.SetFault(f.down, pki.None)
		w.must(w.Later(t.Context(), request, "token"))
	}
}
