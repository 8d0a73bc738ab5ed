// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"zaver/signature/revocation"
	"zaver/signature/timestamp"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

func (r *room) stamper(t testing.TB, authority string) *timestamp.Client {
	t.Helper()
	c, err := timestamp.NewClient(timestamp.Config{URL: r.pki.Authority(authority).TSAURL(), Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (r *room) terms(at time.Time) verify.Terms {
	return verify.Terms{At: at, Set: r.set, Revocation: r.checker, Profile: verify.ProfileQualified}
}

// A signature that was extended holds ten years later by nothing but itself and the anchors, though
// every certificate of a holder has ended; the signed bytes are those that were received.
func TestLongTerm(t *testing.T) {
	for _, authority := range []string{pki.CA, pki.GOSTCA} {
		t.Run(authority, func(t *testing.T) {
			r := newRoom(t, pki.P256)
			signature, _ := r.sign(t, pki.Order{Person: people.TokenHolder(), Authority: authority}, moment)
			found := r.verify(t, signature)
			if len(bad(found)) > 0 {
				t.Fatalf("findings %v", bad(found))
			}
			der, err := verify.LongTerm(t.Context(), signature, found, r.stamper(t, authority), r.terms(moment))
			if err != nil {
				t.Fatal(err)
			}
			later := verify.Terms{At: moment.AddDate(10, 0, 0), Set: r.set, Profile: verify.ProfileQualified}
			a := verify.Document(t.Context(), der, nil, later)
			if a.Verdict != verify.Valid || !bytes.Equal(a.Content, content) {
				t.Errorf("ten years later %s: %v %v", a.Verdict, a.Findings, bad(a.Signers[0]))
			}
			if s := a.Signers[0]; len(s.Timestamps) != 1 || !s.Timestamps[0].Holds || !s.At.Equal(s.Timestamps[0].Time) {
				t.Errorf("timestamps %+v", s.Timestamps)
			}
			bare := verify.Document(t.Context(), signature, nil, later)
			if bare.Verdict != verify.Invalid || !bare.Signers[0].Has(verify.CodeCertExpired) {
				t.Errorf("without a timestamp %s: %v", bare.Verdict, bad(bare.Signers[0]))
			}
			beyond := verify.Terms{At: moment.AddDate(14, 0, 0), Set: r.set, Profile: verify.ProfileQualified}
			if a := verify.Document(t.Context(), der, nil, beyond); a.Verdict != verify.Invalid || !a.Signers[0].Has(verify.CodeTimestampUnusable) {
				t.Errorf("when the authority's certificate has ended: %s: %v", a.Verdict, bad(a.Signers[0]))
			}
		})
	}
}

// What an authority of timestamps may do wrong keeps a signature from being extended, and nothing else.
func TestLongTermFaults(t *testing.T) {
	for fault, code := range map[pki.Fault]string{
		pki.Die: verify.CodeTimestampUnusable, pki.Garbage: verify.CodeTimestampUnusable, pki.Fail: verify.CodeTimestampUnusable,
	} {
		t.Run(string(fault), func(t *testing.T) {
			r := newRoom(t, pki.P256)
			signature, _ := r.sign(t, pki.Order{Person: people.TokenHolder(), Authority: pki.GOSTCA}, moment)
			r.pki.Authority(pki.GOSTCA).SetFault(pki.TSA, fault)
			der, err := verify.LongTerm(t.Context(), signature, r.verify(t, signature), r.stamper(t, pki.GOSTCA), r.terms(moment))
			if e := (*verify.LongTermError)(nil); !errors.As(err, &e) || e.Code != code || der != nil {
				t.Errorf("%v, %d bytes", err, len(der))
			}
		})
	}
}

// A revoked or unanswered authority of timestamps proves nothing.
func TestTimestampAuthority(t *testing.T) {
	r := newRoom(t, pki.P256)
	signature, _ := r.sign(t, pki.Order{Person: people.TokenHolder(), Authority: pki.GOSTCA}, moment)
	found := r.verify(t, signature)
	token, err := r.stamper(t, pki.GOSTCA).Stamp(t.Context(), []byte("find the certificate"))
	if err != nil {
		t.Fatal(err)
	}
	tsa := token.Certificate()
	centre := r.pki.Authority(pki.GOSTCA)
	if err := centre.Revoke(tsa.Serial, moment.Add(time.Hour), 1); err != nil {
		t.Fatal(err)
	}
	terms := r.terms(moment.Add(2 * time.Hour))
	terms.Revocation = revocation.NewChecker(revocation.Config{Now: now, MaxCache: -1, Timeout: time.Minute})
	_, err = verify.LongTerm(t.Context(), signature, found, r.stamper(t, pki.GOSTCA), terms)
	if e := (*verify.LongTermError)(nil); !errors.As(err, &e) || e.Code != verify.CodeCertRevoked {
		t.Errorf("key compromised an hour after the token: %v", err)
	}
	terms.Revocation = silent{}
	_, err = verify.LongTerm(t.Context(), signature, found, r.stamper(t, pki.GOSTCA), terms)
	if e := (*verify.LongTermError)(nil); !errors.As(err, &e) || e.Code != verify.CodeRevocationUnknown {
		t.Errorf("nobody answers: %v", err)
	}
}

// silent knows nothing.
type silent struct{}

func (silent) Check(context.Context, revocation.Question) revocation.Result {
	return revocation.Result{Status: revocation.Unknown}
}
