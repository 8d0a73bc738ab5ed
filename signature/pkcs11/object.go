// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package pkcs11

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

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
	handles, err := s.find(pkcs11.CKO_CERTIFICATE, nil)
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

// Shows reports whether the token shows the certificate with that SHA-256, among the objects with that CKA_ID, unless it is empty, or among all.
func (s *Session) Shows(id []byte, print [sha256.Size]byte) (bool, error) {
	seen := make(map[pkcs11.ObjectHandle]bool)
	for _, by := range [][]byte{id, nil} {
		handles, err := s.find(pkcs11.CKO_CERTIFICATE, by)
		if err != nil {
			return false, err
		}
		for _, h := range handles {
			if !seen[h] && sha256.Sum256(s.value(h, pkcs11.CKA_VALUE)) == print {
				return true, nil
			}
			seen[h] = true
		}
	}
	return false, nil
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
	handles, err := s.find(pkcs11.CKO_PUBLIC_KEY, nil)
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

const (
	maxDataNames = 64  // data objects
	maxDataName  = 128 // bytes
)

// DataNames are labels and applications of data objects, by which programs that keep their own files on a token can be told. What can't be read
// is left out.
func (s *Session) DataNames() (names []string) {
	handles, err := s.find(pkcs11.CKO_DATA, nil)
	if err != nil {
		return nil
	}
	for _, h := range handles[:min(len(handles), maxDataNames)] {
		for _, kind := range []uint{pkcs11.CKA_LABEL, pkcs11.CKA_APPLICATION} {
			v := s.value(h, kind)
			if name := printable(string(v[:min(len(v), maxDataName)])); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
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

// find returns the handles of a class, with that CKA_ID unless it is empty, each once.
func (s *Session) find(class uint, id []byte) ([]pkcs11.ObjectHandle, error) {
	if err := s.m.lib.findInit(s.h, class, id); err != nil {
		return nil, s.used("search objects", err)
	}
	defer func() { _ = s.m.lib.findFinal(s.h) }() // the search is over in any case
	var out []pkcs11.ObjectHandle
	seen := make(map[pkcs11.ObjectHandle]bool)
	for range MaxObjects { // a module that repeats itself for ever is stopped here
		batch, err := s.m.lib.find(s.h)
		if err != nil {
			return nil, s.used("search objects", err)
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
func (s *Session) value(object pkcs11.ObjectHandle, kind uint) []byte {
	return s.m.lib.attribute(s.h, object, kind)
}

// number reads a CK_ULONG attribute, which has the machine's own size and byte order; a value of another size is none.
func (s *Session) number(object pkcs11.ObjectHandle, kind uint) (uint, bool) {
	v := s.value(object, kind)
	if len(v) != len(pkcs11.NewAttribute(kind, uint(0)).Value) {
		return 0, false
	}
	if len(v) == 4 { // on Windows
		return uint(binary.NativeEndian.Uint32(v)), true
	}
	return uint(binary.NativeEndian.Uint64(v)), true
}

func (s *Session) flag(h pkcs11.ObjectHandle, kind uint) (set, known bool) {
	v := s.value(h, kind)
	return len(v) == 1 && v[0] != 0, len(v) == 1
}
