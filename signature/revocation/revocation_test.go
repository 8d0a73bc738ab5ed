// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"zaver/signature/cert"
	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// moment is whole seconds, like every time in a certificate.
var moment = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func start(t testing.TB, cfg pki.Config) *pki.PKI {
	t.Helper()
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return moment }
	}
	p, err := pki.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func parse(t testing.TB, der []byte) *cert.Certificate {
	t.Helper()
	c, err := cert.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pair makes a holder's certificate and gives it with its issuer.
func pair(t testing.TB, p *pki.PKI, o pki.Order) (c, issuer *cert.Certificate, id *pki.Identity) {
	t.Helper()
	if o.Person.Key == "" {
		o.Person = people.TokenHolder()
	}
	id, err := p.Make(o)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, id.DER), parse(t, id.Chain[0]), id
}

// checker asks servers that answer, as a rule: it waits for them however busy the machine is.
func checker(t testing.TB, cfg revocation.Config) *revocation.Checker {
	t.Helper()
	if cfg.Timeout == 0 {
		cfg.Timeout = time.Minute
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return moment }
	}
	k := revocation.NewChecker(cfg)
	t.Cleanup(k.CloseIdle)
	return k
}

// ask is the plain question.
func ask(c, issuer *cert.Certificate, at time.Time) revocation.Question {
	return revocation.Question{Certificate: c, Issuer: issuer, At: at}
}

func codes(r revocation.Result) []string {
	var list []string
	for _, p := range r.Problems {
		list = append(list, p.Code)
	}
	return list
}

// TestStatus asks about good and revoked certificates by both sources under every kind of key.
func TestStatus(t *testing.T) {
	for _, kind := range pki.KeyKinds() {
		t.Run(kind.String(), func(t *testing.T) {
			p := start(t, pki.Config{Keys: kind})
			for _, tt := range []struct {
				variant pki.Variant
				ocsp    pki.Fault
				status  revocation.Status
				source  revocation.Source
			}{
				{pki.Good, pki.None, revocation.Good, revocation.SourceOCSP},
				{pki.Revoked, pki.None, revocation.Revoked, revocation.SourceOCSP},
				{pki.Good, pki.Fail, revocation.Good, revocation.SourceCRL},
				{pki.Revoked, pki.Fail, revocation.Revoked, revocation.SourceCRL},
				{pki.Revoked, pki.Unknown, revocation.Revoked, revocation.SourceCRL},
				{pki.Revoked, pki.WrongSigner, revocation.Revoked, revocation.SourceCRL},
				{pki.Revoked, pki.NoRight, revocation.Revoked, revocation.SourceCRL},
				{pki.Revoked, pki.WrongCertificate, revocation.Revoked, revocation.SourceCRL},
			} {
				t.Run(string(tt.variant)+"/"+string(tt.ocsp), func(t *testing.T) {
					c, issuer, _ := pair(t, p, pki.Order{Variant: tt.variant})
					p.Authority(pki.CA).SetFault(pki.OCSP, tt.ocsp)
					r := checker(t, revocation.Config{}).Check(t.Context(), ask(c, issuer, moment))
					if r.Status != tt.status || r.Source != tt.source || len(r.Raw) == 0 || r.URL == "" {
						t.Fatalf("%s by %q from %q, %d bytes: %v", r.Status, r.Source, r.URL, len(r.Raw), r.Problems)
					}
					if tt.status == revocation.Revoked && (!r.RevokedAt.Equal(moment.Add(-time.Hour)) || r.Reason != 1) {
						t.Errorf("revoked at %v for reason %d", r.RevokedAt, r.Reason)
					}
					if (tt.ocsp == pki.None) != (len(r.Problems) == 0) {
						t.Errorf("problems %v", r.Problems)
					}
				})
			}
		})
	}
}

// TestFaults makes both sources fail in the same way: every fault ends as unknown and is named.
func TestFaults(t *testing.T) {
	p := start(t, pki.Config{})
	c, issuer, _ := pair(t, p, pki.Order{})
	a := p.Authority(pki.CA)
	for _, tt := range []struct {
		ocsp, crl pki.Fault
		want      []string
	}{
		{pki.Fail, pki.Fail, []string{revocation.CodeUnreachable, revocation.CodeUnreachable}},
		{pki.Die, pki.Die, []string{revocation.CodeUnreachable, revocation.CodeUnreachable}},
		{pki.Stall, pki.Stall, []string{revocation.CodeTimeout, revocation.CodeTimeout}},
		{pki.Garbage, pki.Garbage, []string{revocation.CodeMalformed, revocation.CodeMalformed}},
		{pki.Endless, pki.Endless, []string{revocation.CodeTooLarge, revocation.CodeTooLarge}},
		{pki.Redirect, pki.Redirect, []string{revocation.CodeUnreachable, revocation.CodeUnreachable}},
		{pki.Stale, pki.Stale, []string{revocation.CodeStale, revocation.CodeStale}},
		{pki.Early, pki.Early, []string{revocation.CodeEarly, revocation.CodeEarly}},
		{pki.WrongSigner, pki.WrongSigner, []string{revocation.CodeSigner, revocation.CodeSignature}},
		{pki.WrongCertificate, pki.WrongCertificate, []string{revocation.CodeWrongCertificate, revocation.CodeIssuer}},
		{pki.NoRight, pki.Critical, []string{revocation.CodeSigner, revocation.CodeCriticalExtension}},
		{pki.TryLater, pki.Fail, []string{revocation.CodeResponder, revocation.CodeUnreachable}},
		{pki.Unknown, pki.Fail, []string{revocation.CodeStatusUnknown, revocation.CodeUnreachable}},
	} {
		t.Run(string(tt.ocsp)+"+"+string(tt.crl), func(t *testing.T) {
			a.SetFault(pki.OCSP, tt.ocsp)
			a.SetFault(pki.CRL, tt.crl)
			cfg := revocation.Config{Timeout: time.Minute}
			if tt.ocsp == pki.Stall {
				cfg.Timeout = 300 * time.Millisecond
			}
			cfg.Transport = ending{t, cfg.Timeout}
			r := checker(t, cfg).Check(t.Context(), ask(c, issuer, moment))
			if r.Status != revocation.Unknown || !slices.Equal(codes(r), tt.want) {
				t.Errorf("%s, %v", r.Status, r.Problems)
			}
			if len(r.Raw) != 0 || r.Source != "" {
				t.Error("an unknown result keeps an answer")
			}
		})
	}
	a.ClearFaults()
	if r := checker(t, revocation.Config{}).Check(t.Context(), ask(c, issuer, moment)); r.Status != revocation.Good {
		t.Errorf("after the faults: %v", r.Problems)
	}
}

// ending is a transport that wants every request to end in time.
type ending struct {
	t  *testing.T
	in time.Duration
}

func (e ending) RoundTrip(r *http.Request) (*http.Response, error) {
	if end, ok := r.Context().Deadline(); !ok || time.Until(end) > e.in {
		e.t.Errorf("a request has until %v, %t", end, ok)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// TestServerDown closes the whole server.
func TestServerDown(t *testing.T) {
	p, err := pki.Start(pki.Config{Now: func() time.Time { return moment }})
	if err != nil {
		t.Fatal(err)
	}
	c, issuer, _ := pair(t, p, pki.Order{})
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	r := checker(t, revocation.Config{}).Check(t.Context(), ask(c, issuer, moment))
	if want := []string{revocation.CodeUnreachable, revocation.CodeUnreachable}; r.Status != revocation.Unknown || !slices.Equal(codes(r), want) {
		t.Errorf("%s, %v", r.Status, r.Problems)
	}
}

// silent is a transport to a responder that says nothing, and to a server that has one CRL.
type silent struct{ crl []byte }

func (s silent) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(s.crl)), ContentLength: int64(len(s.crl)), Request: r}, nil
}

// TestStalledOCSPLeavesTimeForCRL keeps one slow source from starving the next, in false time.
func TestStalledOCSPLeavesTimeForCRL(t *testing.T) {
	p := start(t, pki.Config{})
	c, issuer, _ := pair(t, p, pki.Order{})
	crl, err := p.Authority(pki.CA).MakeCRL(pki.None)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		r := checker(t, revocation.Config{Timeout: time.Second, Transport: silent{crl}}).Check(t.Context(), ask(c, issuer, moment))
		if r.Status != revocation.Good || r.Source != revocation.SourceCRL {
			t.Errorf("%s, %v", r.Status, r.Problems)
		}
		if spent := time.Since(begin); spent != time.Second/2 {
			t.Errorf("the responder was given %v", spent)
		}
	})
}

// TestAddresses refuses what is not plain http or https, and a certificate that names nobody.
func TestAddresses(t *testing.T) {
	p := start(t, pki.Config{})
	c, issuer, _ := pair(t, p, pki.Order{})
	for _, tt := range []struct {
		address, want string
	}{
		{"", revocation.CodeNoSource},
		{"ldap://127.0.0.1/cn=crl", revocation.CodeAddress},
		{"file:///etc/passwd", revocation.CodeAddress},
		{"http://user:word@127.0.0.1/", revocation.CodeAddress},
		{"http://", revocation.CodeAddress},
		{"http://127.0.0.1:%zz/", revocation.CodeAddress},
	} {
		changed := *c
		changed.OCSP, changed.CRLPoints = nil, nil
		if tt.address != "" {
			changed.CRLPoints = []cert.DistributionPoint{{FullName: []cert.GeneralName{{Tag: cert.URI, Text: tt.address}}}}
		}
		r := checker(t, revocation.Config{}).Check(t.Context(), ask(&changed, issuer, moment))
		if r.Status != revocation.Unknown || !slices.Equal(codes(r), []string{tt.want}) {
			t.Errorf("%q: %s, %v", tt.address, r.Status, r.Problems)
		}
	}
}

// TestFreshness judges one kept answer at moments around its two times.
func TestFreshness(t *testing.T) {
	p := start(t, pki.Config{OCSPLife: time.Hour, CRLLife: time.Hour})
	c, issuer, _ := pair(t, p, pki.Order{})
	request, err := revocation.NewRequest(c, issuer, nil)
	if err != nil {
		t.Fatal(err)
	}
	ocsp, err := p.Authority(pki.CA).MakeOCSP(request, pki.None)
	if err != nil {
		t.Fatal(err)
	}
	crl, err := p.Authority(pki.CA).MakeCRL(pki.None)
	if err != nil {
		t.Fatal(err)
	}
	const skew = time.Minute
	for _, tt := range []struct {
		at   time.Duration
		want string
	}{
		{-skew - time.Second, revocation.CodeEarly},
		{-skew, ""},
		{0, ""},
		{time.Hour + skew, ""},
		{time.Hour + skew + time.Second, revocation.CodeStale},
	} {
		at := moment.Add(tt.at)
		_, errOCSP := revocation.EvaluateOCSP(ocsp, ask(c, issuer, at), skew)
		_, errCRL := revocation.EvaluateCRL(crl, ask(c, issuer, at), skew)
		for _, err := range []error{errOCSP, errCRL} {
			var p *revocation.Problem
			got := ""
			if errors.As(err, &p) {
				got = p.Code
			}
			if got != tt.want {
				t.Errorf("%v: %q, want %q", tt.at, got, tt.want)
			}
		}
	}
}

// TestArchive repeats judgements from kept bytes, and a revocation outweighs a good answer.
func TestArchive(t *testing.T) {
	p := start(t, pki.Config{})
	c, issuer, id := pair(t, p, pki.Order{})
	good := checker(t, revocation.Config{}).Check(t.Context(), ask(c, issuer, moment))
	if err := p.Authority(pki.CA).Revoke(id.Serial, moment, 6); err != nil {
		t.Fatal(err)
	}
	p.Authority(pki.CA).SetFault(pki.OCSP, pki.Fail)
	bad := checker(t, revocation.Config{}).Check(t.Context(), ask(c, issuer, moment))
	other, otherIssuer, _ := pair(t, p, pki.Order{Authority: pki.UEC})
	elsewhere := checker(t, revocation.Config{}).Check(t.Context(), ask(other, otherIssuer, moment))
	for _, tt := range []struct {
		name    string
		answers [][]byte
		want    revocation.Status
	}{
		{"nothing", nil, revocation.Unknown},
		{"garbage", [][]byte{{1, 2, 3}, nil}, revocation.Unknown},
		{"good", [][]byte{good.Raw}, revocation.Good},
		{"good among others", [][]byte{elsewhere.Raw, {}, good.Raw}, revocation.Good},
		{"revoked after good", [][]byte{good.Raw, bad.Raw}, revocation.Revoked},
		{"revoked before good", [][]byte{bad.Raw, good.Raw}, revocation.Revoked},
		{"about another certificate", [][]byte{elsewhere.Raw}, revocation.Unknown},
	} {
		r := (&revocation.Archive{Answers: tt.answers}).Check(t.Context(), ask(c, issuer, moment))
		if r.Status != tt.want || (r.Status == revocation.Unknown) != (len(r.Problems) > 0) {
			t.Errorf("%s: %s, %v", tt.name, r.Status, r.Problems)
		}
	}
	r := (&revocation.Archive{Answers: [][]byte{good.Raw}}).Check(t.Context(), ask(c, issuer, moment.AddDate(1, 0, 0)))
	if r.Status != revocation.Unknown || !slices.Contains(codes(r), revocation.CodeStale) {
		t.Errorf("a year later: %s, %v", r.Status, r.Problems)
	}
}

// TestWrongIssuer asks about a certificate together with an authority that did not issue it.
func TestWrongIssuer(t *testing.T) {
	p := start(t, pki.Config{})
	c, _, _ := pair(t, p, pki.Order{})
	uec := parse(t, p.Authority(pki.UEC).DER())
	r := checker(t, revocation.Config{}).Check(t.Context(), ask(c, uec, moment))
	if r.Status != revocation.Unknown {
		t.Errorf("%s, %v", r.Status, r.Problems)
	}
}
