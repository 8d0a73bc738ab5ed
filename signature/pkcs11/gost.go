// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package pkcs11

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"github.com/miekg/pkcs11"

	"zaver/signature/algo"
	"zaver/signature/cert"
)

// What TC26 added to PKCS#11 in the vendor range 0xD4321000, and all Russian
// tokens use; 256-bit keys have the standard's own type and mechanism.
const (
	ckkGOST512 = 0xD4321003 // CKK_GOSTR3410_512
	ckmGOST512 = 0xD4321006 // CKM_GOSTR3410_512
)

var (
	oidGOST256  = asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 1, 1}
	oidGOST512  = asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 1, 2}
	oidGOST2001 = asn1.ObjectIdentifier{1, 2, 643, 2, 2, 19}

	// hash94Params is CKA_GOSTR3411_PARAMS of a key of 2001: GOST R 34.11-94
	// with CryptoPro's substitution (1.2.643.2.2.30.1).
	hash94Params = []byte{6, 7, 0x2A, 0x85, 3, 2, 2, 0x1E, 1}
)

// gostKey reads what a key object shows of a GOST key. The type alone does not
// tell keys of 2012 from those of 2001: CKA_GOSTR3411_PARAMS does.
func (s *Session) gostKey(h pkcs11.ObjectHandle, keyType uint) (kind algo.KeyKind, spki []byte) {
	kind = algo.GOST256
	switch {
	case keyType == ckkGOST512:
		kind = algo.GOST512
	case bytes.Equal(s.value(h, pkcs11.CKA_GOSTR3411_PARAMS), hash94Params):
		kind = algo.GOST2001
	}
	// CKA_VALUE of a private key is the secret itself, which must not be read
	// even where a careless token would show it.
	if class, ok := s.number(h, pkcs11.CKA_CLASS); !ok || class != pkcs11.CKO_PUBLIC_KEY {
		return kind, nil
	}
	return kind, gostSPKI(kind, s.value(h, pkcs11.CKA_GOSTR3410_PARAMS), s.value(h, pkcs11.CKA_VALUE))
}

// gostSPKI builds SubjectPublicKeyInfo (RFC 9215 section 4) from the DER of the
// parameter set and from the point, x then y, each little-endian, which some
// modules wrap in an OCTET STRING; nil when they are no key.
func gostSPKI(kind algo.KeyKind, set, point []byte) []byte {
	oid, size := oidGOST256, 64
	switch kind {
	case algo.GOST512:
		oid, size = oidGOST512, 128
	case algo.GOST2001:
		oid = oidGOST2001
	}
	if len(point) != size {
		var inner []byte
		if rest, err := asn1.Unmarshal(point, &inner); err != nil || len(rest) != 0 {
			return nil
		}
		point = inner
	}
	var curve asn1.ObjectIdentifier
	if rest, err := asn1.Unmarshal(set, &curve); err != nil || len(rest) != 0 || len(point) != size {
		return nil
	}
	params := []asn1.ObjectIdentifier{curve}
	if kind == algo.GOST2001 {
		params = append(params, asn1.ObjectIdentifier{1, 2, 643, 2, 2, 30, 1})
	}
	wrapped, err := asn1.Marshal(point)
	if err != nil {
		return nil
	}
	spki, err := asn1.Marshal(struct {
		Algorithm struct {
			OID    asn1.ObjectIdentifier
			Params []asn1.ObjectIdentifier
		}
		Key asn1.BitString
	}{
		struct {
			OID    asn1.ObjectIdentifier
			Params []asn1.ObjectIdentifier
		}{oid, params},
		asn1.BitString{Bytes: wrapped, BitLength: 8 * len(wrapped)},
	})
	if err != nil {
		return nil
	}
	return spki
}

// samePoint compares GOST keys by the point at the end of SubjectPublicKeyInfo:
// CryptoPro-A and tc26-256-B are one curve, and token and certificate may name
// it differently.
func samePoint(spki []byte, public cert.PublicKey) bool {
	n := public.Bits() / 4
	return isGOST(public.Kind()) && len(spki) > n && bytes.HasSuffix(public.SPKI(), spki[len(spki)-n:])
}

func isGOST(kind algo.KeyKind) bool { return kind == algo.GOST256 || kind == algo.GOST512 }

// forms is how many ways there are to write the two halves of a signature: either first, each with its highest or its lowest octet first.
const forms = 4

// gostForm reads a module's signature written in that way, and gives it as s || r, each big-endian.
func gostForm(sig []byte, form int) []byte {
	n := len(sig) / 2
	s, r := slices.Clone(sig[:n]), slices.Clone(sig[n:])
	if form&1 != 0 {
		s, r = r, s
	}
	if form&2 != 0 {
		slices.Reverse(s)
		slices.Reverse(r)
	}
	return append(s, r...)
}

// gostOrder gives a module's signature as X.509 and CMS want it, s before r, the highest octet first. No attribute tells how a module writes
// the halves, so the certificate's key does; the answer is remembered for the module and the token's model. A signature that
// holds in no form is returned as it came, for the caller to refuse.
func (k *Key) gostOrder(a algo.Algorithm, digest, sig []byte) ([]byte, error) {
	if n := k.half(); len(sig) != 2*n {
		return nil, fmt.Errorf("sign: the module's GOST signature has %d bytes, want %d", len(sig), 2*n)
	}
	model := k.s.token.Manufacturer + "\x00" + k.s.token.Model
	first := k.s.m.forms[model]
	for i := range forms {
		form := i ^ first // all of them, the remembered one first
		out := gostForm(sig, form)
		switch err := k.public.Verify(a, digest, out); {
		case err == nil:
			k.s.m.forms[model] = form
			return out, nil
		case !errors.Is(err, cert.ErrVerify):
			return nil, fmt.Errorf("sign: check the order of halves: %w", err)
		}
	}
	return sig, nil
}
