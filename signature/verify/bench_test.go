// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"math"
	"runtime"
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/signature/cms"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// shortest keeps the best of many turns: other work on the machine only ever adds time.
type shortest time.Duration

func (s *shortest) of(run func()) {
	began := time.Now()
	run()
	*s = min(*s, shortest(time.Since(began)))
}

func (s *shortest) report(b *testing.B, unit string) {
	b.ReportMetric(float64(*s)/1e3, unit)
}

// BenchmarkVerify stands beside the bare signature checks in it: of the signed attributes, of the leaf and of the centre,
// each with the hash of what is signed. bare-µs has every key as certificates bring it; known-µs has the centre's and the
// anchor's from the set, whose tables make GOST fast, as verify has them. As agents send it, the signature brings its
// issuers and leaves out the root.
func BenchmarkVerify(b *testing.B) {
	for _, kind := range append(pki.KeyKinds(), pki.GOSTKinds()...) {
		b.Run(kind.String(), func(b *testing.B) { benchVerify(b, kind) })
	}
}

func benchVerify(b *testing.B, kind pki.KeyKind) {
	room := newRoom(b, kind)
	id, err := room.pki.Make(pki.Order{Person: people.TokenHolder(), Keys: kind})
	if err != nil {
		b.Fatal(err)
	}
	der := room.signWith(b, id, id.Chain[:len(id.Chain)-1], moment)
	judge := func() *verify.Report {
		return verify.Verify(b.Context(), verify.Request{CMS: der, At: moment, Set: room.set, Revocation: room.checker})
	}
	for range 8 { // answers are asked for and kept, tables of keys made
		if r := judge(); len(bad(r)) > 0 || len(r.Path) != 3 {
			b.Fatal(r.Findings)
		}
	}
	bare, known := room.checks(b, der, false), room.checks(b, der, true)
	whole, plain, fast := shortest(math.MaxInt64), shortest(math.MaxInt64), shortest(math.MaxInt64)
	for b.Loop() { // by turns: a busy machine slows all alike
		whole.of(func() { judge() })
		plain.of(bare)
		fast.of(known)
	}
	whole.report(b, "verify-µs")
	plain.report(b, "bare-µs")
	fast.report(b, "known-µs")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const rounds = 100
	for range rounds {
		judge()
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/rounds, "verify-allocs")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/rounds/1024, "verify-KiB")
}

// checks are the bare signature checks in a confirmation.
func (r *room) checks(b *testing.B, der []byte, known bool) func() {
	signed, err := cms.Parse(der)
	if err != nil {
		b.Fatal(err)
	}
	leaf, centre, root := signed.SignerCertificate(), parse(b, r.pki.Authority(pki.CA).DER()), parse(b, r.pki.Authority(pki.Root).DER())
	if known {
		root, centre = r.fromSet(b, root), r.fromSet(b, centre)
	}
	a := signed.Signer.Algorithm
	return func() {
		if leaf.PublicKey.Verify(a, a.Input(signed.Signer.RawSignedAttributes), signed.Signer.Signature) != nil ||
			leaf.CheckSignature(centre) != nil || centre.CheckSignature(root) != nil {
			b.Fatal("signature")
		}
	}
}

// fromSet is the certificate as the trust set has it.
func (r *room) fromSet(b *testing.B, c *cert.Certificate) *cert.Certificate {
	if a, ok := r.set.Find(c); ok {
		return a.Certificate
	}
	known, ok := r.set.FindCentre(c)
	if !ok {
		b.Fatal("the set lacks a certificate")
	}
	return known.Certificate
}
