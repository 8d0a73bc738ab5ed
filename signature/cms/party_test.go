// SPDX-License-Identifier: Apache-2.0

package cms_test

import (
	"context"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/cms"
	"zaver/softhsm-fixtures/mint"
)

var (
	moment = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	text   = []byte("zaver.statement/v1\nЯ подтверждаю.\n")
)

// holder is a party of mint that signs as a token does.
type holder struct{ *mint.Party }

var digests = map[string]mint.Digest{"sha256": mint.SHA256, "sha384": mint.SHA384, "sha512": mint.SHA512}

// SignDigest implements cms.Signer.
func (h holder) SignDigest(_ context.Context, a algo.Algorithm, digest []byte) ([]byte, error) {
	key := h.Key
	d, ok := digests[a.Digest.Name]
	switch {
	case a.PSS:
		key = key.PSS(d, a.Digest.Size)
	case ok && !a.WholeMessage:
		key = key.With(d)
	}
	return key.Sign(nil, digest, nil)
}

func certificate(t testing.TB, der []byte) *cert.Certificate {
	t.Helper()
	c, err := cert.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// world is an authority with one leaf of a kind.
type world struct{ root, leaf *mint.Party }

func newWorld(k mint.Kind) world {
	root := mint.Root("Тестовый корень", k)
	return world{root, mint.Leaf("Анна", k, root)}
}

func (w world) request(t testing.TB) cms.Request {
	t.Helper()
	return cms.Request{
		Content: text, Certificate: certificate(t, w.leaf.DER), Chain: []*cert.Certificate{certificate(t, w.root.DER)},
		SigningTime: moment, Signer: holder{w.leaf},
	}
}

func (w world) sign(t testing.TB) []byte {
	t.Helper()
	der, err := cms.Sign(t.Context(), w.request(t))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func codes(list []*cms.Problem) []string {
	var out []string
	for _, p := range list {
		if !slices.Contains(out, p.Code) {
			out = append(out, p.Code)
		}
	}
	return out
}

// verdict is what an auditor finds: problems first, then notes.
func verdict(der []byte, o cms.Options, more ...*cert.Certificate) (problems, notes []string) {
	s, err := cms.Open(der, o)
	if err != nil {
		return []string{err.(*cms.Problem).Code}, nil //nolint:errorlint // the type is promised
	}
	var found []*cms.Problem
	all := s.Notes
	for _, si := range s.Signers {
		found = append(found, si.Check(s.CertificateOf(si, more...))...)
		all = append(all, si.Notes...)
	}
	return codes(found), codes(all)
}

func readPEM(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	if block != nil {
		return block.Bytes
	}
	t.Fatalf("%s is no PEM", name)
	return nil
}

func oidDER(t testing.TB, oid asn1.ObjectIdentifier) []byte {
	t.Helper()
	b, err := asn1.Marshal(oid)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
