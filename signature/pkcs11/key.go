// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package pkcs11

import (
	"bytes"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"

	"github.com/miekg/pkcs11"

	"zaver/signature/algo"
	"zaver/signature/cert"
)

// maxCandidates bounds how many private keys are tried for one certificate.
const maxCandidates = 4

// Key is the private key of a certificate in an open session.
type Key struct {
	s          *Session
	candidates []pkcs11.ObjectHandle // the likeliest first; more than one where the token does not tell them apart
	public     cert.PublicKey
}

// Key finds the private key that belongs to a certificate's public key: among the keys with that CKA_ID first, then, by public
// key, among all. A key that shows another public half never matches. ErrNoKey when there is none.
// Most tokens show private keys only after Login.
func (s *Session) Key(id []byte, public cert.PublicKey) (*Key, error) {
	if len(id) > 0 {
		handles, err := s.find(pkcs11.CKO_PRIVATE_KEY, id)
		if err != nil {
			return nil, err
		}
		if c := s.choose(handles, public, true); len(c) > 0 {
			return &Key{s: s, candidates: c, public: public}, nil
		}
	}
	handles, err := s.find(pkcs11.CKO_PRIVATE_KEY, nil)
	if err != nil {
		return nil, err
	}
	if c := s.choose(handles, public, false); len(c) > 0 {
		return &Key{s: s, candidates: c, public: public}, nil
	}
	return nil, ErrNoKey
}

// choose puts the keys first that prove to be the certificate's. Where trustID is set, keys of the right kind that
// show no public half at all follow, because their CKA_ID vouches for them.
func (s *Session) choose(handles []pkcs11.ObjectHandle, public cert.PublicKey, trustID bool) []pkcs11.ObjectHandle {
	var proven, vouched []pkcs11.ObjectHandle
	for _, h := range handles {
		if signs, known := s.flag(h, pkcs11.CKA_SIGN); known && !signs {
			continue
		}
		k := s.publicKey(h)
		if k.Kind != keyKind(public) {
			continue
		}
		shown := [][]byte{k.SPKI}
		if k.SPKI == nil && len(k.ID) > 0 {
			shown = s.shownBeside(k)
		}
		switch proof := match(shown, public); {
		case proof == same:
			proven = append(proven, h)
		case proof == unknown && trustID:
			vouched = append(vouched, h)
		}
	}
	all := append(proven, vouched...)
	return all[:min(len(all), maxCandidates)]
}

// keyKind is what a token calls the kind of a certificate's key: it knows no RSA keys that are for PSS alone.
func keyKind(public cert.PublicKey) algo.KeyKind {
	if public.Kind() == algo.RSAPSS {
		return algo.RSA
	}
	return public.Kind()
}

// shownBeside are the public halves in public key objects with a private key's CKA_ID: elliptic private keys show none themselves.
func (s *Session) shownBeside(k PublicKey) (shown [][]byte) {
	handles, err := s.find(pkcs11.CKO_PUBLIC_KEY, k.ID)
	if err != nil {
		return nil
	}
	for _, h := range handles {
		if beside := s.publicKey(h); beside.Kind == k.Kind {
			shown = append(shown, beside.SPKI)
		}
	}
	return shown
}

type proof int

const (
	unknown proof = iota
	same
	other
)

func match(shown [][]byte, public cert.PublicKey) proof {
	result := unknown
	for _, spki := range shown {
		if spki == nil {
			continue
		}
		if bytes.Equal(spki, public.SPKI()) {
			return same
		}
		if k, err := cert.ParsePublicKey(spki); err == nil && k.Equal(public) || samePoint(spki, public) || sameModulus(spki, public) {
			return same
		}
		result = other
	}
	return result
}

// sameModulus compares an RSA key of a token with a certificate's key for PSS alone: both end with the same RSAPublicKey (RFC 4055 section 1.2).
func sameModulus(spki []byte, public cert.PublicKey) bool {
	if public.Kind() != algo.RSAPSS {
		return false
	}
	var shown, wanted struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	_, err1 := asn1.Unmarshal(spki, &shown)
	_, err2 := asn1.Unmarshal(public.SPKI(), &wanted)
	return err1 == nil && err2 == nil && len(shown.Key.Bytes) > 0 && bytes.Equal(shown.Key.Bytes, wanted.Key.Bytes)
}

// rsaSPKI builds SubjectPublicKeyInfo from CKA_MODULUS and CKA_PUBLIC_EXPONENT; nil when they are no key.
func rsaSPKI(modulus, exponent []byte) []byte {
	e := new(big.Int).SetBytes(exponent)
	if len(modulus) == 0 || e.Sign() == 0 || e.BitLen() > 31 {
		return nil
	}
	spki, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(e.Int64())})
	if err != nil {
		return nil
	}
	return spki
}

var oidECPublicKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}

// ecSPKI builds SubjectPublicKeyInfo from CKA_EC_PARAMS and CKA_EC_POINT; nil when they are no key. The
// point is a DER OCTET STRING by the standard and bare in some modules.
func ecSPKI(params, point []byte) []byte {
	if len(params) == 0 || len(point) == 0 {
		return nil
	}
	var inner []byte
	if rest, err := asn1.Unmarshal(point, &inner); err == nil && len(rest) == 0 && !barePoint(params, point) {
		point = inner
	}
	spki, err := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{
		pkix.AlgorithmIdentifier{Algorithm: oidECPublicKey, Parameters: asn1.RawValue{FullBytes: params}},
		asn1.BitString{Bytes: point, BitLength: 8 * len(point)},
	})
	if err != nil {
		return nil
	}
	return spki
}

// barePoint tells a bare uncompressed point from a wrapped one: both begin with 04, so only the length decides.
func barePoint(params, point []byte) bool {
	for _, c := range []struct {
		oid   asn1.ObjectIdentifier
		curve elliptic.Curve
	}{
		{asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}, elliptic.P256()},
		{asn1.ObjectIdentifier{1, 3, 132, 0, 34}, elliptic.P384()},
	} {
		if der, err := asn1.Marshal(c.oid); err == nil && bytes.Equal(der, params) {
			return len(point) == 1+2*((c.curve.Params().BitSize+7)/8)
		}
	}
	return false
}
