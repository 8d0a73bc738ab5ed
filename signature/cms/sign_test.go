// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mozilla.org/pkcs7"

	"zaver/signature/algo"
	"zaver/signature/cert"
)

func TestSignParseCheck(t *testing.T) {
	for name, p := range parties(t) {
		r := p.request()
		r.Chain = []*cert.Certificate{p.leaf, p.root, p.root}
		der := sign(t, r)
		s, err := Parse(der)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if problems := s.Check(); len(problems) != 0 {
			t.Errorf("%s: %v", name, problems)
		}
		if !bytes.Equal(s.Content, content) || !s.Signer.SigningTime.Equal(moment) || len(s.Certificates) != 2 || !s.SignerCertificate().Equal(p.leaf) {
			t.Errorf("%s: parts differ", name)
		}
		if len(s.Signer.SignedAttributes) != 4 || len(s.Signer.UnsignedAttributes) != 0 || s.Signer.RawSignedAttributes[0] != 0x31 {
			t.Errorf("%s: attributes %v", name, s.Signer.SignedAttributes)
		}
		if !bytes.Equal(s.Raw, der) {
			t.Errorf("%s: Raw is not the input", name)
		}
	}
}

// TestOtherReader has the result checked by a library that shares no code.
func TestOtherReader(t *testing.T) {
	for name, p := range parties(t) {
		p7, err := pkcs7.Parse(sign(t, p.request()))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := p7.Verify(); err != nil || !bytes.Equal(p7.Content, content) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSigningTimeTypes(t *testing.T) {
	p := ecParty(t, elliptic.P256())
	for in, want := range map[string]string{
		"2026-11-22T13:00:00.9+03:00": "\x17\x0d261122100000Z",
		"2049-12-31T23:59:59Z":        "\x17\x0d491231235959Z",
		"2050-01-01T00:00:00Z":        "\x18\x0f20500101000000Z",
		"1949-12-31T23:59:59Z":        "\x18\x0f19491231235959Z",
	} {
		r := p.request()
		var err error
		if r.SigningTime, err = time.Parse(time.RFC3339, in); err != nil {
			t.Fatal(err)
		}
		s, err := Parse(sign(t, r))
		if err != nil || !bytes.Contains(s.Signer.RawSignedAttributes, []byte(want)) || !s.Signer.SigningTime.Equal(r.SigningTime.Truncate(time.Second)) {
			t.Errorf("%s: %v", in, err)
		}
	}
}

// signerFunc is a token that misbehaves.
type signerFunc func(digest []byte) ([]byte, error)

func (f signerFunc) SignDigest(_ context.Context, _ algo.Algorithm, digest []byte) ([]byte, error) {
	return f(digest)
}

func TestSignRefuses(t *testing.T) {
	p, other := ecParty(t, elliptic.P256()), ecParty(t, elliptic.P256())
	weak, strange := rsaParty(t, 1024), ecParty(t, elliptic.P224())
	rsa256, err := algo.ByName("rsa-sha256")
	if err != nil {
		t.Fatal(err)
	}
	set := func(f func(*Request)) Request { r := p.request(); f(&r); return r }
	for name, r := range map[string]struct {
		r    Request
		code string
	}{
		"key of another": {set(func(r *Request) { r.Signer = other }), codeSignature},
		"no signature":   {set(func(r *Request) { r.Signer = signerFunc(func([]byte) ([]byte, error) { return nil, nil }) }), codeSignature},
		"huge signature": {set(func(r *Request) {
			r.Signer = signerFunc(func([]byte) ([]byte, error) { return make([]byte, MaxSize), nil })
		}), codeTooLarge},
		"algorithm of RSA":      {set(func(r *Request) { r.Algorithm = rsa256 }), codeAlgorithm},
		"short RSA":             {weak.request(), codeAlgorithm},
		"unknown curve":         {strange.request(), codeAlgorithm},
		"content too large":     {set(func(r *Request) { r.Content = make([]byte, MaxSize+1) }), codeTooLarge},
		"whole too large":       {set(func(r *Request) { r.Content = make([]byte, MaxSize-100) }), codeTooLarge},
		"chain too long":        {set(func(r *Request) { r.Chain = slices.Repeat(r.Chain, MaxCertificates+1) }), codeTooLarge},
		"no content":            {set(func(r *Request) { r.Content = nil }), ""},
		"no certificate":        {set(func(r *Request) { r.Certificate = nil }), ""},
		"no signer":             {set(func(r *Request) { r.Signer = nil }), ""},
		"no time":               {set(func(r *Request) { r.SigningTime = time.Time{} }), ""},
		"time beyond its types": {set(func(r *Request) { r.SigningTime = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) }), codeSigningTime},
	} {
		der, err := Sign(t.Context(), r.r)
		var p *Problem
		if err == nil || der != nil || r.code != "" && (!errors.As(err, &p) || p.Code != r.code) {
			t.Errorf("%s: got %v, want %s", name, err, r.code)
		}
	}
	_, err = Sign(t.Context(), set(func(r *Request) {
		r.Signer = signerFunc(func([]byte) ([]byte, error) { return nil, io.ErrUnexpectedEOF })
	}))
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the signer's error is lost: %v", err)
	}
}

func TestProblem(t *testing.T) {
	var err error = &Problem{Code: codeSignature, Detail: "d", Cause: io.EOF}
	if err.Error() != "cms.signature: d: EOF" || !errors.Is(err, io.EOF) || !errors.Is(err, &Problem{Code: codeSignature}) || errors.Is(err, &Problem{Code: codeTrailing}) {
		t.Error(err)
	}
	for _, c := range Codes() {
		if !strings.HasPrefix(c, "cms.") {
			t.Error(c)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	for name, p := range parties(b) {
		der := sign(b, p.request())
		s, err := Parse(der)
		if err != nil {
			b.Fatal(err)
		}
		digest := s.Signer.Algorithm.Digest.Sum(s.Signer.RawSignedAttributes)
		b.Run(name+"/bare", func(b *testing.B) {
			for b.Loop() {
				if err := p.leaf.PublicKey.Verify(s.Signer.Algorithm, digest, s.Signer.Signature); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/parse+check", func(b *testing.B) {
			for b.Loop() {
				if v := verdict(der); v != nil {
					b.Fatal(v)
				}
			}
		})
	}
}
