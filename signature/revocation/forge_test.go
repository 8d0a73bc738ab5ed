// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"zaver/signature/cert"
	"zaver/signature/revocation"
)

// authority is a made-up issuer whose key the test holds, to forge what pki would never make.
type authority struct {
	x   *x509.Certificate
	key *ecdsa.PrivateKey
	c   *cert.Certificate
}

func newAuthority(t testing.TB, name string, usage x509.KeyUsage) *authority {
	t.Helper()
	a := &authority{}
	a.x, a.key = issue(t, nil, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, KeyUsage: usage,
		IsCA: true, BasicConstraintsValid: true,
	})
	a.c = parse(t, a.x.Raw)
	return a
}

func issue(t testing.TB, by *authority, x *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if x.NotBefore.IsZero() {
		x.NotBefore, x.NotAfter = moment.AddDate(-1, 0, 0), moment.AddDate(1, 0, 0)
	}
	issuer, signer := x, key
	if by != nil {
		issuer, signer = by.x, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, x, issuer, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made, key
}

func problemCode(t testing.TB, err error) string {
	t.Helper()
	var p *revocation.Problem
	if err != nil && !errors.As(err, &p) {
		t.Fatalf("error of type %T: %v", err, err)
	}
	if p == nil {
		return ""
	}
	return p.Code
}

const signLists = x509.KeyUsageCertSign | x509.KeyUsageCRLSign

// TestResponders tells who may sign an OCSP answer.
func TestResponders(t *testing.T) {
	a := newAuthority(t, "authority", signLists)
	same := newAuthority(t, "authority", signLists) // same name, another key
	leaf, _ := issue(t, a, &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"}})
	c := parse(t, leaf.Raw)
	ocspSigning := []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
	critical := []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
	for _, tt := range []struct {
		name    string
		by      *authority        // who issued the responder
		x       *x509.Certificate // nil: by signs itself
		include bool
		want    string
	}{
		{"the issuer itself", a, nil, false, ""},
		{"the issuer itself, sent along", a, nil, true, ""},
		{"an authority of the same name", same, nil, false, revocation.CodeSignature},
		{"an authority of the same name, sent along", same, nil, true, revocation.CodeSigner},
		{"a responder", a, &x509.Certificate{ExtKeyUsage: ocspSigning}, true, ""},
		{"a responder not sent along", a, &x509.Certificate{ExtKeyUsage: ocspSigning}, false, revocation.CodeSigner},
		{"a responder of another authority", same, &x509.Certificate{ExtKeyUsage: ocspSigning}, true, revocation.CodeSigner},
		{"no purpose", a, &x509.Certificate{}, true, revocation.CodeSigner},
		{"another purpose", a, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, true, revocation.CodeSigner},
		{"any purpose is not this purpose", a, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}, true, revocation.CodeSigner},
		{"an expired responder", a, &x509.Certificate{ExtKeyUsage: ocspSigning, NotBefore: moment.AddDate(-1, 0, 0), NotAfter: moment.Add(-time.Second)}, true, revocation.CodeSigner},
		{"a responder with a critical extension", a, &x509.Certificate{ExtKeyUsage: ocspSigning, ExtraExtensions: critical}, true, revocation.CodeSigner},
	} {
		t.Run(tt.name, func(t *testing.T) {
			signer, key := tt.by.x, tt.by.key
			if tt.x != nil {
				tt.x.SerialNumber, tt.x.Subject = big.NewInt(3), pkix.Name{CommonName: "responder"}
				signer, key = issue(t, tt.by, tt.x)
			}
			r := ocsp.Response{
				Status: ocsp.Good, SerialNumber: leaf.SerialNumber, IssuerHash: crypto.SHA256,
				ThisUpdate: moment, NextUpdate: moment.Add(time.Hour),
			}
			if tt.include {
				r.Certificate = signer
			}
			der, err := ocsp.CreateResponse(a.x, signer, r, key)
			if err != nil {
				t.Fatal(err)
			}
			der = merge(t, key, der)
			got, err := revocation.EvaluateOCSP(der, ask(c, a.c, moment), 0)
			if problemCode(t, err) != tt.want || (got.Status == revocation.Good) != (tt.want == "") {
				t.Errorf("%s: %v, want %q", got.Status, err, tt.want)
			}
			if tt.want != "" {
				return
			}
			i := bytes.Index(der, signer.RawSubject) // responder's name, under the signature
			der[i+len(signer.RawSubject)-1] ^= 1
			if got, err := revocation.EvaluateOCSP(der, ask(c, a.c, moment), 0); err == nil {
				t.Errorf("one changed byte under the signature: %s", got.Status)
			}
		})
	}
}

// TestOCSPDetails covers times, extensions and identifiers of single answers.
func TestOCSPDetails(t *testing.T) {
	a := newAuthority(t, "authority", signLists)
	leaf, _ := issue(t, a, &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"}})
	c := parse(t, leaf.Raw)
	critical := []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
	harmless := []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Value: []byte{5, 0}}}
	for _, tt := range []struct {
		name   string
		r      ocsp.Response
		issuer *x509.Certificate
		want   string
	}{
		{"no nextUpdate, just made", ocsp.Response{ThisUpdate: moment}, a.x, ""},
		{"no nextUpdate, an hour old", ocsp.Response{ThisUpdate: moment.Add(-time.Hour)}, a.x, revocation.CodeStale},
		{"nextUpdate before thisUpdate", ocsp.Response{ThisUpdate: moment, NextUpdate: moment.Add(-time.Minute)}, a.x, revocation.CodeMalformed},
		{"critical extension", ocsp.Response{ThisUpdate: moment, ExtraExtensions: critical}, a.x, revocation.CodeCriticalExtension},
		{"other extension", ocsp.Response{ThisUpdate: moment, ExtraExtensions: harmless}, a.x, ""},
		{"SHA-1 identifiers", ocsp.Response{ThisUpdate: moment, IssuerHash: crypto.SHA1}, a.x, ""},
		{"SHA-512 identifiers", ocsp.Response{ThisUpdate: moment, IssuerHash: crypto.SHA512}, a.x, ""},
		{"other issuer in the identifier", ocsp.Response{ThisUpdate: moment}, newAuthority(t, "other", signLists).x, revocation.CodeWrongCertificate},
		{"other serial", ocsp.Response{ThisUpdate: moment, SerialNumber: big.NewInt(-2)}, a.x, revocation.CodeWrongCertificate},
		{"unknown", ocsp.Response{ThisUpdate: moment, Status: ocsp.Unknown}, a.x, revocation.CodeStatusUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.r.SerialNumber == nil {
				tt.r.SerialNumber = leaf.SerialNumber
			}
			if tt.r.IssuerHash == 0 {
				tt.r.IssuerHash = crypto.SHA256
			}
			der, err := ocsp.CreateResponse(tt.issuer, a.x, tt.r, a.key)
			if err != nil {
				t.Fatal(err)
			}
			der = merge(t, a.key, der)
			got, err := revocation.EvaluateOCSP(der, ask(c, a.c, moment), 0)
			if problemCode(t, err) != tt.want || (got.Status == revocation.Good) != (tt.want == "") {
				t.Errorf("%s: %v, want %q", got.Status, err, tt.want)
			}
			if _, err := revocation.EvaluateOCSP(append(der, 0), ask(c, a.c, moment), 0); err == nil {
				t.Error("bytes after the end")
			}
		})
	}
}

// merge signs the single answers of several responses as one, made at moment: x/crypto writes the time of the computer.
func merge(t testing.TB, key *ecdsa.PrivateKey, responses ...[]byte) []byte {
	t.Helper()
	type basic struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
		Certs     []asn1.RawValue `asn1:"explicit,tag:0,optional,omitempty"`
	}
	var outer struct {
		Status asn1.Enumerated
		Bytes  struct {
			Type     asn1.ObjectIdentifier
			Response []byte
		} `asn1:"explicit,tag:0"`
	}
	var inner basic
	var data, all struct {
		Responder asn1.RawValue
		Produced  time.Time `asn1:"generalized"`
		Answers   []asn1.RawValue
	}
	var err error
	must := func(e error) { err = errors.Join(err, e) }
	unmarshal := func(b []byte, v any) { _, e := asn1.Unmarshal(b, v); must(e) }
	marshal := func(v any) []byte { b, e := asn1.Marshal(v); must(e); return b }
	for _, r := range responses {
		unmarshal(r, &outer)
		unmarshal(outer.Bytes.Response, &inner)
		unmarshal(inner.TBS.FullBytes, &data)
		all.Responder, all.Produced, all.Answers = data.Responder, moment, append(all.Answers, data.Answers...)
	}
	inner.TBS = asn1.RawValue{FullBytes: marshal(all)}
	sum := sha256.Sum256(inner.TBS.FullBytes)
	sig, e := ecdsa.SignASN1(rand.Reader, key, sum[:])
	must(e)
	inner.Signature = asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)}
	outer.Bytes.Response = marshal(inner)
	out := marshal(outer)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTwoAnswers: "good" before "revoked" about one certificate must not count as good.
func TestTwoAnswers(t *testing.T) {
	a := newAuthority(t, "authority", signLists)
	leaf, _ := issue(t, a, &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"}})
	c := parse(t, leaf.Raw)
	answer := func(serial int64, status int) []byte {
		der, err := ocsp.CreateResponse(a.x, a.x, ocsp.Response{Status: status, SerialNumber: big.NewInt(serial), RevokedAt: moment.Add(-time.Hour),
			ThisUpdate: moment, NextUpdate: moment.Add(time.Hour), IssuerHash: crypto.SHA256}, a.key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	for _, tt := range []struct {
		name      string
		responses [][]byte
		status    revocation.Status
		want      string
	}{
		{"ours alone", [][]byte{answer(2, ocsp.Good)}, revocation.Good, ""},
		{"another's beside ours", [][]byte{answer(3, ocsp.Revoked), answer(2, ocsp.Good)}, revocation.Good, ""},
		{"good, then revoked", [][]byte{answer(2, ocsp.Good), answer(2, ocsp.Revoked)}, revocation.Unknown, revocation.CodeMalformed},
		{"revoked, then good", [][]byte{answer(2, ocsp.Revoked), answer(2, ocsp.Good)}, revocation.Unknown, revocation.CodeMalformed},
	} {
		got, err := revocation.EvaluateOCSP(merge(t, a.key, tt.responses...), ask(c, a.c, moment), 0)
		if problemCode(t, err) != tt.want || got.Status != tt.status {
			t.Errorf("%s: %s, %v", tt.name, got.Status, err)
		}
	}
}

// scope encodes an IssuingDistributionPoint from raw parts.
func scope(parts ...[]byte) []pkix.Extension {
	body := bytes.Join(parts, nil)
	value := append([]byte{0x30, byte(len(body))}, body...)
	return []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: value}}
}

// pointName is the part distributionPoint with one URI.
func pointName(uri string) []byte {
	n := byte(len(uri))
	return append([]byte{0xa0, n + 4, 0xa0, n + 2, 0x86, n}, uri...)
}

// TestLists covers who may sign a CRL and which certificates it speaks of.
func TestLists(t *testing.T) {
	a := newAuthority(t, "authority", signLists)
	mute := newAuthority(t, "mute", x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature)
	point := "http://127.0.0.1/a.crl"
	leaf, _ := issue(t, a, &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"}, CRLDistributionPoints: []string{point}})
	c := parse(t, leaf.Raw)
	isTrue := func(tag byte) []byte { return []byte{0x80 | tag, 1, 0xff} }
	for _, tt := range []struct {
		name       string
		entry      *x509.RevocationListEntry
		extensions []pkix.Extension
		status     revocation.Status
		want       string
	}{
		{"empty", nil, nil, revocation.Good, ""},
		{"revoked", &x509.RevocationListEntry{SerialNumber: big.NewInt(2), RevocationTime: moment}, nil, revocation.Revoked, ""},
		{"on hold", &x509.RevocationListEntry{SerialNumber: big.NewInt(2), RevocationTime: moment, ReasonCode: 6}, nil, revocation.Revoked, ""},
		{"another revoked", &x509.RevocationListEntry{SerialNumber: big.NewInt(3), RevocationTime: moment}, nil, revocation.Good, ""},
		{"critical entry extension", &x509.RevocationListEntry{SerialNumber: big.NewInt(3), RevocationTime: moment,
			ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 99}, Critical: true, Value: []byte{0x30, 0}}}},
			nil, revocation.Unknown, revocation.CodeCriticalExtension},
		{"certificate issuer in a direct CRL", &x509.RevocationListEntry{SerialNumber: big.NewInt(3), RevocationTime: moment,
			ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Critical: true, Value: []byte{0x30, 0}}}},
			nil, revocation.Unknown, revocation.CodeMalformed},
		{"delta", nil, []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}}}, revocation.Unknown, revocation.CodeNoBase},
		{"delta, not marked critical", nil, []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Value: []byte{2, 1, 1}}}, revocation.Unknown, revocation.CodeNoBase},
		{"our point", nil, scope(pointName(point)), revocation.Good, ""},
		{"other point", nil, scope(pointName("http://127.0.0.1/b.crl")), revocation.Unknown, revocation.CodeScope},
		{"users only", nil, scope(isTrue(1)), revocation.Good, ""},
		{"authorities only", nil, scope(isTrue(2)), revocation.Unknown, revocation.CodeScope},
		{"some reasons only", nil, scope([]byte{0x83, 2, 5, 0x60}), revocation.Unknown, revocation.CodeReasons},
		{"indirect, by the same issuer", nil, scope(isTrue(4)), revocation.Good, ""},
		{"attribute certificates only", nil, scope(isTrue(5)), revocation.Unknown, revocation.CodeScope},
		{"broken scope", nil, scope([]byte{0x30}), revocation.Unknown, revocation.CodeMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: moment, NextUpdate: moment.Add(time.Hour), ExtraExtensions: tt.extensions}
			if tt.entry != nil {
				list.RevokedCertificateEntries = []x509.RevocationListEntry{*tt.entry}
			}
			der, err := x509.CreateRevocationList(rand.Reader, list, a.x, a.key)
			if err != nil {
				t.Fatal(err)
			}
			got, err := revocation.EvaluateCRL(der, ask(c, a.c, moment), 0)
			if problemCode(t, err) != tt.want || got.Status != tt.status {
				t.Errorf("%s: %v, want %s %q", got.Status, err, tt.status, tt.want)
			}
			if tt.want != "" {
				return
			}
			der[len(der)-1] ^= 1
			if _, err := revocation.EvaluateCRL(der, ask(c, a.c, moment), 0); problemCode(t, err) != revocation.CodeSignature {
				t.Errorf("one changed byte of the signature: %v", err)
			}
		})
	}
	t.Run("key may not sign lists", func(t *testing.T) {
		allowed := *mute.x
		allowed.KeyUsage = signLists
		der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: moment, NextUpdate: moment.Add(time.Hour)}, &allowed, mute.key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := revocation.EvaluateCRL(der, ask(c, mute.c, moment), 0); problemCode(t, err) != revocation.CodeIssuer {
			t.Errorf("%v", err)
		}
	})
}
