// SPDX-License-Identifier: Apache-2.0

package pkcs11

import (
	"bytes"
	"encoding/binary"

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
	handles, err := s.find(ckoCertificate, nil)
	if err != nil {
		return nil, err
	}
	var out []Certificate
	for _, h := range handles {
		if kind, ok := s.number(h, ckaCertificateType); ok && kind != ckcX509 {
			continue
		}
		c := Certificate{DER: s.value(h, ckaValue), ID: s.value(h, ckaID), Label: printable(string(s.value(h, ckaLabel)))}
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
	handles, err := s.find(ckoPublicKey, nil)
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

func (s *Session) publicKey(h uint) PublicKey {
	k := PublicKey{ID: s.value(h, ckaID), Label: printable(string(s.value(h, ckaLabel)))}
	kind, _ := s.number(h, ckaKeyType)
	switch kind {
	case ckkRSA:
		k.Kind = algo.RSA
		k.SPKI = rsaSPKI(s.value(h, ckaModulus), s.value(h, ckaPublicExponent))
	case ckkEC:
		k.Kind = algo.ECDSA
		k.SPKI = ecSPKI(s.value(h, ckaECParams), s.value(h, ckaECPoint))
	case ckkGOST, ckkGOST512:
		k.Kind, k.SPKI = s.gostKey(h, kind)
	}
	if k.SPKI == nil {
		k.SPKI = s.value(h, ckaPublicKeyInfo) // v2.40, few tokens have it
	}
	return k
}

// find returns the handles of a class, with that CKA_ID unless it is empty, each once.
func (s *Session) find(class uint, id []byte) ([]uint, error) {
	if err := s.m.lib.findInit(s.h, class, id); err != nil {
		return nil, wrap("search objects", err)
	}
	defer func() { _ = s.m.lib.findFinal(s.h) }() // the search is over in any case
	var out []uint
	seen := make(map[uint]bool)
	for range MaxObjects { // a module that repeats itself for ever is stopped here
		batch, err := s.m.lib.find(s.h)
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
func (s *Session) value(object, kind uint) []byte { return s.m.lib.attribute(s.h, object, kind) }

// number reads a CK_ULONG attribute, which has the machine's own size and byte order; a value of another size is none.
func (s *Session) number(object, kind uint) (uint, bool) {
	switch v := s.value(object, kind); len(v) {
	case ulongSize:
		if ulongSize == 4 {
			return uint(binary.NativeEndian.Uint32(v)), true
		}
		return uint(binary.NativeEndian.Uint64(v)), true
	}
	return 0, false
}

func (s *Session) flag(h, kind uint) (set, known bool) {
	v := s.value(h, kind)
	return len(v) == 1 && v[0] != 0, len(v) == 1
}
