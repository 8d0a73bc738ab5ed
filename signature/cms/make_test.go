// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
)

var (
	moment  = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	content = []byte("zaver.statement/v1\nЯ подтверждаю.\n")
)

// party is a key with its certificate under a root.
type party struct {
	key        crypto.Signer
	leaf, root *cert.Certificate
}

// SignDigest signs in memory.
func (p party) SignDigest(_ context.Context, a algo.Algorithm, digest []byte) ([]byte, error) {
	return p.key.Sign(rand.Reader, digest, a.Digest.Std)
}

func (p party) request() Request {
	return Request{Content: content, Certificate: p.leaf, Chain: []*cert.Certificate{p.root}, SigningTime: moment, Signer: p}
}

func newParty(t testing.TB, key crypto.Signer) party {
	t.Helper()
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Тестовый корень"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: moment.AddDate(-1, 0, 0), NotAfter: moment.AddDate(30, 0, 0), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: new(big.Int).Lsh(big.NewInt(0xfe), 120), Subject: pkix.Name{CommonName: "Анна"},
		NotBefore: moment.AddDate(-1, 0, 0), NotAfter: moment.AddDate(30, 0, 0),
		SubjectKeyId: []byte("leaf"),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	}
	issue := func(template *x509.Certificate, pub crypto.PublicKey) *cert.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, template, root, pub, rootKey)
		if err != nil {
			t.Fatal(err)
		}
		c, err := cert.Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	rootCert := issue(root, rootKey.Public())
	return party{key, issue(leaf, key.Public()), rootCert}
}

func ecParty(t testing.TB, c elliptic.Curve) party {
	t.Helper()
	key, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return newParty(t, key)
}

func rsaParty(t testing.TB, bits int) party {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return newParty(t, key)
}

func sign(t testing.TB, r Request) []byte {
	t.Helper()
	der, err := Sign(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// parties are all kinds of key that sign today.
func parties(t testing.TB) map[string]party {
	return map[string]party{
		"rsa-2048": rsaParty(t, 2048), "p-256": ecParty(t, elliptic.P256()), "p-384": ecParty(t, elliptic.P384()),
	}
}

// verdict returns the codes of everything that is wrong.
func verdict(der []byte) []string {
	s, p := parse(der, Options{})
	if p != nil {
		return []string{p.Code}
	}
	var codes []string
	for _, p := range s.Check() {
		codes = append(codes, p.Code)
	}
	return codes
}
