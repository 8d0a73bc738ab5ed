// SPDX-License-Identifier: Apache-2.0

package mint_test

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

func allKinds() []mint.Kind {
	return append(append(standardKinds(), mint.GOSTKinds()...), mint.GOST2001A, mint.GOST2001XB)
}

// TestOpenSSLChecks has OpenSSL verify one of everything under every kind of key.
func TestOpenSSLChecks(t *testing.T) {
	for _, kind := range allKinds() {
		t.Run(string(kind), func(t *testing.T) {
			p := gostpeer.New(t)
			root := mint.Root("Корень", kind)
			ca := mint.CA("УЦ", kind, root)
			leaf := mint.Leaf("Лист", kind, ca, mint.EKU(mint.EmailProtection), mint.KC(2), mint.SubjectSignTool("Средство"),
				mint.IssuerSignTool("а", "б", "в", "г"), mint.IdentificationKind(0))
			bad := mint.Leaf("Отозван", kind, ca)
			lists := [][]byte{mint.CRL{}.Sign(root), mint.CRL{Entries: []mint.Entry{
				mint.Revoked(bad.Serial, time.Now().Add(-time.Hour), mint.ReasonCode(1), mint.InvalidityDate(time.Now().Add(-2*time.Hour))),
			}}.Sign(ca)}
			v := gostpeer.Verifying{Anchors: [][]byte{root.DER}, Untrusted: [][]byte{ca.DER}, CRLs: lists, CheckAll: true, Flags: []string{"-x509_strict"}}
			if err := p.VerifyCertificate(leaf.DER, v); err != nil {
				t.Error(err)
			}
			if err := p.VerifyCertificate(bad.DER, v); err == nil || !strings.Contains(err.Error(), "certificate revoked") {
				t.Errorf("revoked: %v", err)
			}
			checkOCSP(t, p, kind, v, ca, leaf, bad)
			if kind == mint.Ed25519 {
				return // OpenSSL 3.0 checks neither CMS nor timestamps with it
			}
			checkCMS(t, p, v, leaf, bad, ca)
			if kind != mint.PSS2048 { // OpenSSL's timestamps are PKCS #7, which has no PSS
				checkStamp(t, p, kind, v, ca)
			}
		})
	}
}

func checkOCSP(t *testing.T, p *gostpeer.Peer, kind mint.Kind, v gostpeer.Verifying, ca, leaf, bad *mint.Party) {
	t.Helper()
	v.CheckAll, v.CRLs = false, nil
	responder := mint.Certificate{Subject: mint.CN("OCSP"), Key: mint.NewKey(kind), Extensions: []mint.Extension{
		mint.KeyUsage(mint.DigitalSignature), mint.EKU(mint.OCSPSigning), mint.NoCheck(), mint.SKI(), mint.AKI(),
	}}.Sign(ca)
	stranger := &mint.Party{Serial: big.NewInt(77)}
	for _, r := range []struct {
		by     *mint.Party
		byName bool
		name   string
		hash   mint.Digest
	}{{responder, false, "sha1", mint.Digest{}}, {ca, true, "sha256", mint.SHA256}, {responder, true, "md_gost12_256", mint.Streebog256}} {
		answer := mint.OCSP{ByName: r.byName, Nonce: []byte("nonce"), Answers: []mint.Answer{mint.About(leaf, ca, mint.StatusGood),
			mint.About(bad, ca, mint.StatusRevoked), mint.About(stranger, ca, mint.StatusUnknown)}}
		for i := range answer.Answers {
			answer.Answers[i].Hash = r.hash
		}
		answer.Answers[1].Reason = 1
		out, err := p.VerifyOCSP(answer.Sign(r.by), ca.DER, v, r.name, leaf.DER, bad.DER)
		if err != nil || !strings.Contains(out, ": good") || !strings.Contains(out, ": revoked") || !strings.Contains(out, "keyCompromise") {
			t.Errorf("%s: %v\n%s", r.name, err, out)
		}
	}
}

func checkCMS(t *testing.T, p *gostpeer.Peer, v gostpeer.Verifying, leaf, second, ca *mint.Party) {
	t.Helper()
	v.CheckAll, v.CRLs, v.Flags = false, nil, nil
	content := []byte("Документ\n")
	signer := mint.Signer{By: leaf}
	withTime := signer
	withTime.Unsigned = append(withTime.Unsigned, mint.Counter(mint.Signer{By: second}))
	byKey := mint.Signer{By: leaf, ByKey: true}
	for name, sd := range map[string]mint.SignedData{
		"attached":  {Content: content, Signers: []mint.Signer{signer}},
		"detached":  {Content: content, Detached: true, Signers: []mint.Signer{signer}},
		"two":       {Content: content, Signers: []mint.Signer{signer, {By: second}}},
		"by key":    {Content: content, Signers: []mint.Signer{byKey}},
		"unsigned":  {Content: content, Signers: []mint.Signer{withTime}},
		"with CRLs": {Content: content, Signers: []mint.Signer{signer}, CRLs: [][]byte{mint.CRL{}.Sign(ca)}},
	} {
		var outside []byte
		if sd.Detached {
			outside = content
		}
		if err := p.VerifyCMS(sd.DER(), outside, v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.VerifyPlainCMS(mint.SignedData{Content: content, Signers: []mint.Signer{{By: leaf, NoAttributes: true}}}.DER(), nil, v); err != nil {
		t.Errorf("no attributes: %v", err)
	}
	for name, bad := range map[string]mint.Signer{
		"digest":      {By: leaf, Drop: []string{mint.OIDMessageDigest}, Extra: []mint.Attribute{mint.MessageDigest(leaf.Key.Digest.Sum(nil))}},
		"signature":   {By: leaf, EditSignature: mint.FlipBit(7)},
		"certificate": {By: leaf, Drop: []string{mint.OIDSigningCertificateV2}, Extra: []mint.Attribute{mint.SigningCertificate(mint.SHA256, second)}},
		"order":       {By: leaf, Unsorted: true, SignOver: []byte("another")},
	} {
		if p.VerifyCMS(mint.SignedData{Content: content, Signers: []mint.Signer{bad}}.DER(), nil, v) == nil {
			t.Errorf("wrong %s: OpenSSL accepts it", name)
		}
	}
}

func checkStamp(t *testing.T, p *gostpeer.Peer, kind mint.Kind, v gostpeer.Verifying, ca *mint.Party) {
	t.Helper()
	v.Flags = nil
	tsa := mint.Certificate{Subject: mint.CN("TSA"), Key: mint.NewKey(kind), Extensions: []mint.Extension{
		mint.KeyUsage(mint.DigitalSignature), mint.EKU(mint.TimeStamping).Crit(), mint.SKI(), mint.AKI(),
	}}.Sign(ca)
	message := []byte("signature")
	query := p.Query(message, gostpeer.Digest(string(kind)))
	q, ok := mint.ReadTSQ(query)
	if !ok || q.Nonce == nil || !q.WantsCerts {
		t.Fatalf("read a request of OpenSSL: %v %+v", ok, q)
	}
	good := mint.TST{ImprintDER: q.Imprint, Nonce: q.Nonce, TSA: mint.Dir(tsa.Name), Ordering: true}
	if err := p.VerifyStamp(mint.Granted(good.Token(tsa)), query, v); err != nil {
		t.Error(err)
	}
	if err := p.VerifyToken(mint.TST{Message: message}.Token(tsa), message, v); err != nil {
		t.Error(err)
	}
	other := good
	other.Nonce = big.NewInt(5)
	if err := p.VerifyStamp(mint.Granted(other.Token(tsa)), query, v); err == nil || !strings.Contains(err.Error(), "nonce mismatch") {
		t.Errorf("wrong nonce: %v", err)
	}
	if err := p.VerifyStamp(mint.Rejected(2, "no", 14), query, v); err == nil || !strings.Contains(err.Error(), "timeNotAvailable") {
		t.Errorf("rejected: %v", err)
	}
}

// TestKeyFiles has OpenSSL sign with our GOST keys, and us read those of OpenSSL.
func TestKeyFiles(t *testing.T) {
	p := gostpeer.New(t)
	for _, kind := range append(mint.GOSTKinds(), mint.GOST2001Kinds()...) {
		t.Run(string(kind), func(t *testing.T) {
			key, message := mint.NewKey(kind), []byte("message")
			file, out := p.File(key.PKCS8()), p.File(nil)
			if _, err := p.Run("dgst", "-"+gostpeer.Digest(string(kind)), "-sign", file, "-keyform", "DER", "-out", out, p.File(message)); err != nil {
				t.Fatal(err)
			}
			if err := p.VerifyRaw(key.SPKI, gostpeer.Digest(string(kind)), message, key.SignMessage(message)); err != nil {
				t.Error(err)
			}
			public, err := p.Run("pkey", "-in", file, "-inform", "DER", "-pubout", "-outform", "PEM")
			if err != nil || !strings.Contains(public, "BEGIN PUBLIC KEY") {
				t.Errorf("%v %s", err, public)
			}
			read, err := mint.GOSTFromPKCS8(key.PKCS8())
			if err != nil || string(read.SPKI) != string(key.SPKI) || read.Kind != kind {
				t.Errorf("read back: %v", err)
			}
		})
	}
	if _, err := mint.GOSTFromPKCS8(asn.Null()); err == nil {
		t.Error("read a key from nothing")
	}
}
