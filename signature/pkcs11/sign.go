// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package pkcs11

import (
	"crypto"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/miekg/pkcs11"

	"zaver/signature/algo"
	"zaver/signature/pin"
)

// Sign signs a digest with one signature operation. An RSA signature comes as PKCS#1 v1.5 or PSS, as the algorithm says, an ECDSA signature as DER (RFC 3279
// section 2.2.3), a GOST signature as s || r, each big-endian (RFC 9215 section 3), whichever half the module puts first. Keys of GOST R 34.10-2001 and
// Ed25519 keys are algo.ErrUnsupported.
// A key that wants authentication for every use (CKA_ALWAYS_AUTHENTICATE) gets the same PIN once more, so the
// person is asked once; p may be nil where Login took nil. Only where several keys may be the certificate's is the signature checked here.
func (k *Key) Sign(a algo.Algorithm, digest []byte, p *pin.PIN) (sig []byte, err error) {
	for _, h := range k.candidates {
		if sig, err = k.signWith(h, a, digest, p); err != nil {
			return nil, err
		}
		if len(k.candidates) == 1 || k.public.Verify(a, digest, sig) == nil {
			break
		}
	}
	return sig, nil
}

func (k *Key) signWith(h pkcs11.ObjectHandle, a algo.Algorithm, digest []byte, p *pin.PIN) ([]byte, error) {
	mech, input, err := k.prepare(a, digest)
	if err != nil {
		return nil, err
	}
	always, _ := k.s.flag(h, pkcs11.CKA_ALWAYS_AUTHENTICATE)
	sig, err := k.operate(h, mech, input, p, always)
	if errors.Is(err, rv(pkcs11.CKR_USER_NOT_LOGGED_IN)) && !always {
		// The module hides that the key wants it. The PIN has just been accepted, so this costs no try.
		sig, err = k.operate(h, mech, input, p, true)
	}
	if err != nil {
		return nil, k.s.used("sign", err)
	}
	switch {
	case a.Key == algo.ECDSA:
		return k.ecdsaDER(sig)
	case isGOST(a.Key):
		return k.gostOrder(a, digest, sig)
	}
	return sig, nil
}

func (k *Key) operate(key pkcs11.ObjectHandle, mech *pkcs11.Mechanism, input []byte, p *pin.PIN, authenticate bool) ([]byte, error) {
	lib, h := k.s.m.lib, k.s.h
	if err := lib.signInit(h, key, mech); err != nil {
		return nil, err
	}
	if authenticate && k.s.token.LoginRequired {
		if err := k.s.login(pkcs11.CKU_CONTEXT_SPECIFIC, p); err != nil {
			return nil, k.s.loginError(err, PINRef)
		}
	}
	return lib.sign(h, input)
}

// prepare picks the mechanism that signs a ready digest, and what it takes as input.
func (k *Key) prepare(a algo.Algorithm, digest []byte) (m *pkcs11.Mechanism, input []byte, err error) {
	if !a.Allows(k.public.Kind(), k.public.Bits()) || a.Legacy || a.WholeMessage || len(digest) != a.Digest.Size {
		return nil, nil, fmt.Errorf("sign with %s: %w", a.Name, algo.ErrUnsupported)
	}
	switch {
	case a.PSS:
		m, err = pss(a)
		return m, digest, err
	case a.Key == algo.GOST256:
		return pkcs11.NewMechanism(pkcs11.CKM_GOSTR3410, nil), digest, nil // the digest as Streebog prints it; the token turns it into a number
	case a.Key == algo.GOST512:
		return pkcs11.NewMechanism(ckmGOST512, nil), digest, nil
	case a.Key == algo.RSA:
		input, err = digestInfo(a.Digest.OID, digest)
		return pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS, nil), input, err
	case a.Key == algo.ECDSA:
		// FIPS 186-5 section 6.4.1 takes the leftmost bits; tokens differ in whether they do it themselves.
		return pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil), digest[:min(len(digest), k.half())], nil
	}
	return nil, nil, fmt.Errorf("sign with %s: %w", a.Name, algo.ErrUnsupported)
}

// pss is CKM_RSA_PKCS_PSS over a ready digest, with MGF1 over the same digest and a salt as long as the row names, else as the digest
// (PKCS#11 mechanisms v2.40 section 2.1.10).
func pss(a algo.Algorithm) (*pkcs11.Mechanism, error) {
	salt := uint(a.Digest.Size)
	if a.SaltLength != algo.AnySalt {
		salt = uint(a.SaltLength)
	}
	var hash, mask uint
	switch a.Digest.Std {
	case crypto.SHA256:
		hash, mask = pkcs11.CKM_SHA256, pkcs11.CKG_MGF1_SHA256
	case crypto.SHA384:
		hash, mask = pkcs11.CKM_SHA384, pkcs11.CKG_MGF1_SHA384
	case crypto.SHA512:
		hash, mask = pkcs11.CKM_SHA512, pkcs11.CKG_MGF1_SHA512
	default:
		return nil, fmt.Errorf("sign with %s: %w", a.Name, algo.ErrUnsupported)
	}
	return pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS_PSS, pkcs11.NewPSSParams(hash, mask, salt)), nil
}

// half is the number of bytes of r and of s.
func (k *Key) half() int { return (k.public.Bits() + 7) / 8 }

// digestInfo is what CKM_RSA_PKCS pads and signs (RFC 8017 section 9.2).
func digestInfo(oid asn1.ObjectIdentifier, digest []byte) ([]byte, error) {
	der, err := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}{pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: asn1.NullRawValue}, digest})
	if err != nil {
		return nil, fmt.Errorf("build DigestInfo: %w", err)
	}
	return der, nil
}

// ecdsaDER turns the standard's r||s (PKCS#11 v2.40 section 2.3.1 of the mechanisms) into DER; modules that already give DER exist.
func (k *Key) ecdsaDER(sig []byte) ([]byte, error) {
	type pair struct{ R, S *big.Int }
	if n := k.half(); len(sig) == 2*n {
		return asn1.Marshal(pair{new(big.Int).SetBytes(sig[:n]), new(big.Int).SetBytes(sig[n:])})
	}
	var p pair
	if rest, err := asn1.Unmarshal(sig, &p); err != nil || len(rest) != 0 {
		return nil, errors.New("sign: the module's signature is neither r||s nor DER")
	}
	return sig, nil
}
