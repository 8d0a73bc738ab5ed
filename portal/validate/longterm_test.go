// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"testing"
	"time"

	"zaver/portal/method"
	"zaver/portal/validate"
	"zaver/signature/timestamp"
	"zaver/signature/trust"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// stamped is a validator that extends signatures, by the authorities in order.
func (r *rig) stamped(t *testing.T, authorities ...string) *validate.Validator {
	t.Helper()
	var list []verify.Stamper
	for _, name := range authorities {
		c, err := timestamp.NewClient(timestamp.Config{URL: r.pki.Authority(name).TSAURL(), Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
	}
	v, err := validate.New(validate.Config{Trust: func() *trust.Set { return r.set }, Revocation: r.checker, Timestamps: list})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (r *rig) check(t *testing.T, v *validate.Validator, variant pki.Variant) validate.Outcome {
	t.Helper()
	m, _ := method.Lookup(method.Token)
	id := r.make(t, pki.Order{Person: people.TokenHolder(), Variant: variant, Keys: pki.GOST256, Authority: authorityOf(variant)})
	statement := []byte("statement")
	o, err := v.Check(t.Context(), validate.Response{Method: m, Statement: statement, CMS: sign(t, id, statement), At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func authorityOf(v pki.Variant) string {
	if v == pki.Good {
		return pki.GOSTCA
	}
	return ""
}

func TestTimestampIsHad(t *testing.T) {
	r := newRig(t)
	o := r.check(t, r.stamped(t, pki.GOSTCA), pki.Good)
	if len(o.LongTerm) == 0 || !o.Report.Has(verify.CodeTimestamp) || o.Report.Verdict() != verify.Valid {
		t.Errorf("%d bytes, %+v", len(o.LongTerm), o.Report.Findings)
	}
}

// Where the first authority is down the second is asked.
func TestSecondTimestampAuthority(t *testing.T) {
	r := newRig(t)
	r.pki.Authority(pki.CA).SetFault(pki.TSA, pki.Die)
	o := r.check(t, r.stamped(t, pki.CA, pki.GOSTCA), pki.Good)
	if len(o.LongTerm) == 0 || o.Report.Verdict() != verify.Valid {
		t.Errorf("%d bytes, %+v", len(o.LongTerm), o.Report.Findings)
	}
}

// Without a timestamp the evidence would not stand for years: it is a matter of asking later.
func TestTimestampOutage(t *testing.T) {
	r := newRig(t)
	r.pki.Authority(pki.GOSTCA).SetFault(pki.TSA, pki.Fail)
	o := r.check(t, r.stamped(t, pki.GOSTCA), pki.Good)
	if o.LongTerm != nil || !o.Report.Has(verify.CodeTimestampMissing) || o.Report.Verdict() != verify.Undecidable {
		t.Errorf("%d bytes, %+v", len(o.LongTerm), o.Report.Findings)
	}
}

// No authority is asked about a signature that does not count.
func TestNoTimestampForTheBad(t *testing.T) {
	r := newRig(t)
	o := r.check(t, r.stamped(t, pki.GOSTCA), pki.Expired)
	if n := r.pki.Authority(pki.GOSTCA).Requests(pki.TSA); n != 0 || o.LongTerm != nil || o.Report.Has(verify.CodeTimestampMissing) {
		t.Errorf("%d requests, %+v", n, o.Report.Findings)
	}
}
