// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/cert"
	"zaver/signature/cms"
	"zaver/signature/revocation"
	"zaver/signature/trust"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

var (
	moment  = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	content = []byte("zaver.statement/v1\nЯ подтверждаю.\n")
)

func now() time.Time { return moment }

// room is a PKI with the anchors and a checker for it.
type room struct {
	pki     *pki.PKI
	set     *trust.Set
	checker *revocation.Checker
}

func newRoom(t testing.TB, kind pki.KeyKind) *room {
	t.Helper()
	p, err := pki.Start(pki.Config{Now: now, Keys: kind})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	dir := t.TempDir()
	if err := p.WriteTrust(dir); err != nil {
		t.Fatal(err)
	}
	set, err := trust.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &room{p, set, revocation.NewChecker(revocation.Config{Now: now, Timeout: time.Minute})}
}

func parse(t testing.TB, der []byte) *cert.Certificate {
	t.Helper()
	c, err := cert.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sign makes an identity and a signature by it at the moment, with the chain inside.
func (r *room) sign(t testing.TB, o pki.Order, at time.Time) ([]byte, *pki.Identity) {
	t.Helper()
	id, err := r.pki.Make(o)
	if err != nil {
		t.Fatal(err)
	}
	return r.signWith(t, id, id.Chain, at), id
}

func (r *room) signWith(t testing.TB, id *pki.Identity, chain [][]byte, at time.Time) []byte {
	t.Helper()
	request := cms.Request{Content: content, Certificate: parse(t, id.DER), SigningTime: at, Signer: id}
	for _, der := range chain {
		request.Chain = append(request.Chain, parse(t, der))
	}
	der, err := cms.Sign(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (r *room) verify(t testing.TB, der []byte) *verify.Report {
	t.Helper()
	return check(t, verify.Verify(t.Context(), verify.Request{CMS: der, At: moment, Set: r.set, Revocation: r.checker}))
}

// check holds what is true of every report.
func check(t testing.TB, r *verify.Report) *verify.Report {
	t.Helper()
	for _, f := range r.Findings {
		if !slices.Contains(verify.Codes(), f.Code) {
			t.Errorf("code %s is not listed", f.Code)
		}
		for _, p := range people.All() {
			if strings.Contains(f.Detail, p.SNILS) || strings.Contains(f.Detail, p.Surname) || strings.Contains(f.Detail, p.INN) {
				t.Errorf("%s tells personal data: %s", f.Code, f.Detail)
			}
		}
	}
	if (len(r.Path) > 0) != (r.Anchor != nil) {
		t.Error("path and anchor do not go together")
	}
	return r
}

// bad lists the codes of a report that are neither ok nor info, in order, each once.
func bad(r *verify.Report) []string {
	list := []string{}
	for _, f := range r.Findings {
		if f.Severity != verify.OK && f.Severity != verify.Info && !slices.Contains(list, f.Code) {
			list = append(list, f.Code)
		}
	}
	return list
}

// TestVariants walks every variant of a holder's certificate under every kind of key.
func TestVariants(t *testing.T) {
	want := map[pki.Variant][]string{
		pki.Good:          {},
		pki.Expired:       {"sig.cert_expired"},
		pki.NotYetValid:   {"sig.cert_not_yet_valid"},
		pki.Revoked:       {"sig.cert_revoked"},
		pki.WrongUsage:    {"sig.key_usage"},
		pki.WrongSubject:  {}, // whose it is, policy asks
		pki.NotAccredited: {"sig.not_accredited", "chain.no_anchor", "sig.revocation_unknown"},
		pki.NotQualified:  {"sig.not_qualified", "sig.identification_kind"},
	}
	for _, kind := range pki.KeyKinds() {
		t.Run(kind.String(), func(t *testing.T) {
			room := newRoom(t, kind)
			for _, v := range pki.Variants() {
				t.Run(string(v), func(t *testing.T) {
					der, id := room.sign(t, pki.Order{Person: people.Head(), Variant: v, Keys: kind}, moment)
					r := room.verify(t, der)
					if d := cmp.Diff(want[v], bad(r)); d != "" {
						t.Errorf("%s\n%+v", d, r.Findings)
					}
					if !r.Has(verify.CodeOK) || !bytes.Equal(r.Content, content) || !r.SigningTime.Equal(moment) || !bytes.Equal(r.Signer.Raw, id.DER) {
						t.Errorf("%+v", r)
					}
					if r.TrustSetID != room.set.ID() || !r.At.Equal(moment) {
						t.Error("report does not name its set and moment")
					}
				})
			}
		})
	}
}

// TestGoodReport looks at all facts of one good signature.
func TestGoodReport(t *testing.T) {
	room := newRoom(t, pki.P256)
	der, id := room.sign(t, pki.Order{Person: people.TokenHolder()}, moment)
	r := room.verify(t, der)
	var got []string
	for _, f := range r.Findings {
		if f.Severity != verify.OK {
			t.Errorf("%+v", f)
		}
		got = append(got, f.Code)
	}
	want := []string{"sig.ok", "sig.chain_ok", "sig.accredited", "sig.qualified", "sig.not_revoked", "sig.not_revoked"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(r.Path) != 3 || r.Anchor.Kind != trust.Qualified || len(r.Revocations) != 2 {
		t.Errorf("path of %d, anchor %v, %d answers", len(r.Path), r.Anchor, len(r.Revocations))
	}
	sum := parse(t, id.DER).Fingerprint()
	for i, a := range r.Revocations {
		if a.Status != revocation.Good || len(a.Raw) == 0 || a.URL == "" || (i == 0) != (a.Certificate == hex.EncodeToString(sum[:])) {
			t.Errorf("answer %d: %+v", i, a.Result.Status)
		}
	}
	card, _ := room.sign(t, pki.Order{Person: people.CardHolder(), Authority: pki.UEC}, moment)
	if r := room.verify(t, card); len(bad(r)) > 0 || r.Anchor.Kind != trust.UEC || len(r.Path) != 2 || len(r.Revocations) != 1 {
		t.Errorf("%+v", r.Findings)
	}
}

// TestCentreFromSet completes a path that the signer left open.
func TestCentreFromSet(t *testing.T) {
	room := newRoom(t, pki.P256)
	id, err := room.pki.Make(pki.Order{Person: people.TokenHolder()})
	if err != nil {
		t.Fatal(err)
	}
	if r := room.verify(t, room.signWith(t, id, nil, moment)); len(bad(r)) > 0 || len(r.Path) != 3 {
		t.Errorf("%+v", r.Findings)
	}
}

// TestAccreditation ends the accreditation of the anchor and of the centre.
func TestAccreditation(t *testing.T) {
	room := newRoom(t, pki.P256)
	der, _ := room.sign(t, pki.Order{Person: people.TokenHolder()}, moment)
	root, ca := parse(t, room.pki.Authority(pki.Root).DER()), parse(t, room.pki.Authority(pki.CA).DER())
	for _, tt := range []struct {
		name           string
		anchor, centre time.Time // until
		want           []string
	}{
		{name: "both run", anchor: moment.Add(1), centre: moment.Add(1), want: []string{}},
		{name: "anchor ended", anchor: moment, centre: moment.Add(1), want: []string{"sig.not_accredited"}},
		{name: "centre ended", anchor: moment.Add(1), centre: moment, want: []string{"sig.not_accredited"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set, err := trust.NewSet(
				[]trust.Anchor{{Certificate: root, Kind: trust.Qualified, AccreditedUntil: tt.anchor}},
				trust.Centre{Certificate: ca, Periods: []trust.Period{{Until: tt.centre}}})
			if err != nil {
				t.Fatal(err)
			}
			r := check(t, verify.Verify(t.Context(), verify.Request{CMS: der, At: moment, Set: set, Revocation: room.checker}))
			if d := cmp.Diff(tt.want, bad(r)); d != "" {
				t.Error(d)
			}
			if r.Has(verify.CodeAccredited) == r.Has(verify.CodeNotAccredited) {
				t.Error("accredited and not, or neither")
			}
		})
	}
}

// TestSigningTime compares the claim with the moment.
func TestSigningTime(t *testing.T) {
	room := newRoom(t, pki.P256)
	for _, tt := range []struct {
		at   time.Duration
		want []string
	}{
		{0, []string{}},
		{-10 * time.Minute, []string{}},
		{-10*time.Minute - time.Second, []string{"sig.signing_time"}},
		{5 * time.Minute, []string{}},
		{5*time.Minute + time.Second, []string{"sig.signing_time"}},
	} {
		der, _ := room.sign(t, pki.Order{Person: people.TokenHolder()}, moment.Add(tt.at))
		r := room.verify(t, der)
		if d := cmp.Diff(tt.want, bad(r)); d != "" || len(r.With(verify.Fail)) > 0 {
			t.Errorf("%v: %s", tt.at, d)
		}
	}
}

// TestBadBytes changes the CMS: each kind of damage has its cms code beside sig.invalid.
func TestBadBytes(t *testing.T) {
	room := newRoom(t, pki.P256)
	der, _ := room.sign(t, pki.Order{Person: people.TokenHolder()}, moment)
	other := bytes.Replace(der, []byte("подтверждаю"), []byte("подтвердждю"), 1)
	broken := append([]byte(nil), der...)
	broken[len(broken)-1] ^= 1
	for _, tt := range []struct {
		name string
		der  []byte
		want []string
	}{
		{"nothing", nil, []string{"sig.invalid", "cms.malformed"}},
		{"text", []byte("hello"), []string{"sig.invalid", "cms.malformed"}},
		{"trailing byte", append(slices.Clone(der), 0), []string{"sig.invalid", "cms.trailing"}},
		{"other content", other, []string{"sig.invalid", "cms.message_digest"}},
		{"other signature", broken, []string{"sig.invalid", "cms.signature"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := room.verify(t, tt.der)
			if d := cmp.Diff(tt.want, bad(r)); d != "" {
				t.Error(d)
			}
			if r.Has(verify.CodeOK) {
				t.Error("also holds")
			}
		})
	}
}

// TestOutage leaves revocation unknown and nothing else.
func TestOutage(t *testing.T) {
	for _, fault := range []pki.Fault{pki.Fail, pki.Die, pki.Stale, pki.WrongSigner, pki.WrongCertificate, pki.Garbage} {
		t.Run(string(fault), func(t *testing.T) {
			room := newRoom(t, pki.P256)
			der, _ := room.sign(t, pki.Order{Person: people.TokenHolder(), Variant: pki.Revoked}, moment)
			room.pki.SetFault(pki.OCSP, fault)
			room.pki.SetFault(pki.CRL, fault)
			r := room.verify(t, der)
			if d := cmp.Diff([]string{"sig.revocation_unknown"}, bad(r)); d != "" || len(r.With(verify.Unknown)) != 2 {
				t.Errorf("%s\n%+v", d, r.Findings)
			}
		})
	}
	room := newRoom(t, pki.P256)
	der, _ := room.sign(t, pki.Order{Person: people.TokenHolder()}, moment)
	r := check(t, verify.Verify(t.Context(), verify.Request{CMS: der, At: moment, Set: room.set}))
	if d := cmp.Diff([]string{"sig.revocation_unknown"}, bad(r)); d != "" {
		t.Errorf("nobody to ask: %s", d)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	r = check(t, verify.Verify(gone, verify.Request{CMS: der, At: moment, Set: room.set, Revocation: room.checker}))
	if r.Has(verify.CodeOK) && len(r.With(verify.Fail)) > 0 {
		t.Errorf("cancelled: %+v", r.Findings)
	}
	r = check(t, verify.Verify(t.Context(), verify.Request{CMS: der, At: moment, Revocation: room.checker}))
	if !r.Has(verify.CodeNotAccredited) || r.TrustSetID != "" {
		t.Errorf("no set: %+v", r.Findings)
	}
}

// TestCARevoked revokes the centre above a good certificate.
func TestCARevoked(t *testing.T) {
	room := newRoom(t, pki.P256)
	der, id := room.sign(t, pki.Order{Person: people.TokenHolder()}, moment)
	serial, err := pki.Serial(id.Chain[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := room.pki.Authority(pki.Root).Revoke(serial, moment.Add(-time.Hour), 2); err != nil {
		t.Fatal(err)
	}
	r := room.verify(t, der)
	if d := cmp.Diff([]string{"sig.ca_revoked"}, bad(r)); d != "" {
		t.Error(d)
	}
}

// TestUntrustedAddressesNotCalled keeps a stranger's certificate from choosing whom the portal calls.
func TestUntrustedAddressesNotCalled(t *testing.T) {
	room := newRoom(t, pki.P256)
	der, _ := room.sign(t, pki.Order{Person: people.TokenHolder(), Variant: pki.NotAccredited}, moment)
	room.verify(t, der)
	rogue := room.pki.Authority(pki.RogueCA)
	if n := rogue.Requests(pki.OCSP) + rogue.Requests(pki.CRL); n != 0 {
		t.Errorf("%d requests to an authority that nobody trusts", n)
	}
}

// TestReplay stores a report as JSON and repeats the judgement from what it holds, without a network.
func TestReplay(t *testing.T) {
	room := newRoom(t, pki.P256)
	for _, v := range pki.Variants() {
		der, _ := room.sign(t, pki.Order{Person: people.TokenHolder(), Variant: v}, moment)
		first := room.verify(t, der)
		stored, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		var read verify.Report
		if err := json.Unmarshal(stored, &read); err != nil {
			t.Fatal(err)
		}
		archive := &revocation.Archive{}
		for _, a := range read.Revocations {
			archive.Answers = append(append(archive.Answers, a.Raw), a.Supporting...)
		}
		again := verify.Verify(t.Context(), verify.Request{CMS: der, At: read.At, Set: room.set, Revocation: archive})
		if d := cmp.Diff(first.Findings, again.Findings); d != "" {
			t.Errorf("%s: %s", v, d)
		}
		twice, err := json.Marshal(&read)
		if err != nil || !bytes.Equal(stored, twice) {
			t.Errorf("%s: JSON does not survive a reading: %v", v, err)
		}
	}
	for _, text := range []string{`{}`, `{"format":"zaver.report/v2"}`, `{"format":"zaver.report/v1","signer":"AAAA"}`, `[]`} {
		var r verify.Report
		if err := json.Unmarshal([]byte(text), &r); err == nil {
			t.Errorf("%s was read", text)
		}
	}
}

// TestCodes keeps the list free of repetitions.
func TestCodes(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range verify.Codes() {
		if seen[c] || !strings.Contains(c, ".") {
			t.Errorf("code %q", c)
		}
		seen[c] = true
	}
}
