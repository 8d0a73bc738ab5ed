// SPDX-License-Identifier: Apache-2.0

package timestamp_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/timestamp"
	"zaver/softhsm-fixtures/mint"
)

var (
	moment  = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	message = []byte("octets of a signature")
)

// authority makes a timestamp authority whose certificate has the usual
// extensions, those dropped left out and those added.
func authority(k mint.Kind, drop string, extra ...mint.Extension) *mint.Party {
	usual := []mint.Extension{
		mint.BasicConstraints(false, -1), mint.KeyUsage(0), mint.EKU("1.3.6.1.5.5.7.3.8").Crit(), mint.SKI(), mint.AKI(),
	}
	if drop != "" {
		usual = mint.Without(usual, drop)
	}
	return mint.Certificate{
		Subject: mint.CN("Служба времени"), Key: mint.NewKey(k), Extensions: mint.Extensions(usual, extra...),
	}.Sign(mint.Root("Корень", mint.P256))
}

func stamp() mint.TST { return mint.TST{Message: message, Time: moment} }

// verdict is what reading and checking a token finds.
func verdict(token []byte, q timestamp.Question) string {
	t, err := timestamp.Parse(token)
	if err != nil {
		return err.(*timestamp.Problem).Code //nolint:errorlint // the type is promised
	}
	var out []string
	for _, p := range t.Check(q) {
		if !slices.Contains(out, p.Code) {
			out = append(out, p.Code)
		}
	}
	return strings.Join(out, " ")
}

func certificate(t testing.TB, der []byte) *cert.Certificate {
	t.Helper()
	c, err := cert.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// digestOf is the digest of the table under mint's name.
func digestOf(t testing.TB, d mint.Digest) algo.Digest {
	t.Helper()
	for _, a := range algo.All() {
		if a.Digest.OID.String() == d.OID {
			return a.Digest
		}
	}
	t.Fatalf("no digest %s", d.OID)
	return algo.Digest{}
}
