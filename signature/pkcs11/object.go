// SPDX-License-Identifier: Apache-2.0

package pkcs11

import (
	"bytes"

	"github.com/miekg/pkcs11"

	"zaver/signature/algo"
)

// Certificate is an X.509 certificate object with a value.
type Certificate struct {
	ID    []byte // CKA_ID; may be empty
	Label string
	DER   []byte
}

// PublicKey is what a public or private key object shows of its public half.
type PublicKey struct {
	ID    []byte
	Label string
	Kind  algo.KeyKind
	SPKI  []byte // DER SubjectPublicKeyInfo; empty when the object does not show it
}

// Certificates reads the X.509 certificates. Objects without a value are skipped; the same certificate
// seen twice is one, with whichever CKA_ID is not empty.
func (s *Session) Certificates() ([]Certificate, error) {
	handles, err := s.find(attribute(pkcs11.CKA_CLASS, uint(pkcs11.CKO_CERTIFICATE)))
	if err != nil {
		return nil, err
	}
	var out []Certificate
	for _, h := range handles {
		if kind, ok := s.number(h, pkcs11.CKA_CERTIFICATE_TYPE); ok && kind != pkcs11.CKC_X_509 {
			continue
		}
		c := Certificate{DER: s.value(h, pkcs11.CKA_VALUE), ID: s.value(h, pkcs11.CKA_ID), Label: printable(string(s.value(h, pkcs11.CKA_LABEL)))}
		if len(c.DER) == 0 {
			continue
		}
		if i := indexDER(out, c.DER); i < 0 {
			out = append(out, c)
		} else if len(out[i].ID) == 0 {
			out[i].ID = c.ID
		}
	}
	return out, nil
}

func indexDER(list []Certificate, der []byte) int {
	for i := range list {
		if bytes.Equal(list[i].DER, der) {
			return i
		}
	}
	return -1
}

// PublicKeys reads the public keys that the token shows; many tokens show none.
func (s *Session) PublicKeys() ([]PublicKey, error) {
	handles, err := s.find(attribute(pkcs11.CKA_CLASS, uint(pkcs11.CKO_PUBLIC_KEY)))
	if err != nil {
		return nil, err
	}
	var out []PublicKey
	for _, h := range handles {
		k := s.publicKey(h)
		if !containsKey(out, k) {
			out = append(out, k)
		}
	}
	return out, nil
}

func containsKey(list []PublicKey, k PublicKey) bool {
	for _, o := range list {
		if o.Kind == k.Kind && bytes.Equal(o.ID, k.ID) && bytes.Equal(o.SPKI, k.SPKI) {
			return true
		}
	}
	return false
}

func (s *Session) publicKey(h pkcs11.ObjectHandle) PublicKey {
	k := PublicKey{ID: s.value(h, pkcs11.CKA_ID), Label: printable(string(s.value(h, pkcs11.CKA_LABEL)))}
	kind, _ := s.number(h, pkcs11.CKA_KEY_TYPE)
	switch kind {
	case pkcs11.CKK_RSA:
		k.Kind = algo.RSA
		k.SPKI = rsaSPKI(s.value(h, pkcs11.CKA_MODULUS), s.value(h, pkcs11.CKA_PUBLIC_EXPONENT))
	case pkcs11.CKK_EC:
		k.Kind = algo.ECDSA
		k.SPKI = ecSPKI(s.value(h, pkcs11.CKA_EC_PARAMS), s.value(h, pkcs11.CKA_EC_POINT))
	case pkcs11.CKK_GOSTR3410, ckkGOST512:
		k.Kind, k.SPKI = s.gostKey(h, kind)
	}
	if k.SPKI == nil {
		k.SPKI = s.value(h, pkcs11.CKA_PUBLIC_KEY_INFO) // v2.40, few tokens have it
	}
	return k
}

// find returns the handles that match, each once.
func (s *Session) find(template ...*pkcs11.Attribute) ([]pkcs11.ObjectHandle, error) {
	if err := s.m.ctx.FindObjectsInit(s.h, template); err != nil {
		return nil, wrap("search objects", err)
	}
	defer func() { _ = s.m.ctx.FindObjectsFinal(s.h) }() // the search is over in any case
	var out []pkcs11.ObjectHandle
	seen := make(map[pkcs11.ObjectHandle]bool)
	for range MaxObjects { // a module that repeats itself for ever is stopped here
		batch, _, err := s.m.ctx.FindObjects(s.h, 32)
		if err != nil {
			return nil, wrap("search objects", err)
		}
		if len(batch) == 0 {
			return out, nil
		}
		for _, h := range batch {
			if !seen[h] && len(out) < MaxObjects {
				seen[h] = true
				out = append(out, h)
			}
		}
	}
	return out, nil
}

// value reads one attribute; nil when the object has none, hides it, or it is beyond MaxAttribute. Attributes are read one by one
// because a single missing one makes some modules fail the whole call.
func (s *Session) value(h pkcs11.ObjectHandle, kind uint) []byte {
	got, err := s.m.ctx.GetAttributeValue(s.h, h, []*pkcs11.Attribute{attribute(kind, nil)})
	if err != nil || len(got) != 1 || len(got[0].Value) == 0 || len(got[0].Value) > MaxAttribute {
		return nil
	}
	return got[0].Value
}

// number reads a CK_ULONG attribute, which has the machine's own size and byte order.
func (s *Session) number(h pkcs11.ObjectHandle, kind uint) (uint, bool) {
	v := s.value(h, kind)
	if len(v) != len(attribute(kind, uint(0)).Value) {
		return 0, false
	}
	var n uint
	for i := range v {
		n |= uint(v[i]) << (8 * i)
	}
	return n, true
}

func (s *Session) flag(h pkcs11.ObjectHandle, kind uint) (set, known bool) {
	v := s.value(h, kind)
	return len(v) == 1 && v[0] != 0, len(v) == 1
}

func attribute(kind uint, value any) *pkcs11.Attribute { return pkcs11.NewAttribute(kind, value) }
