// SPDX-License-Identifier: Apache-2.0

package gosttoken

import (
	"context"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/people"
)

// Entry is a key, a certificate, or both under one CKA_ID.
type Entry struct {
	ID    []byte
	Label string
	// Kind of the key that the token makes; empty: it makes none.
	Kind mint.Kind
	// Key is imported instead, a GOST key.
	Key *mint.Key
	// Certificate is DER; nil: none is written.
	Certificate []byte
}

// Token is one token to be made.
type Token struct {
	Label   string // at most 32 bytes; unique within the store
	PIN     string // the user's, 4 to 32 bytes
	SOPIN   string // the security officer's
	Entries []Entry
}

// Add makes a token and returns the public keys of its entries, in their order;
// nil for an entry without a key.
func (s *Store) Add(ctx context.Context, t Token) ([]mint.SPKI, error) {
	commands := [][]string{{"token", t.Label, t.SOPIN, t.PIN}}
	for _, e := range t.Entries {
		if e.Kind != "" || e.Key != nil {
			c, err := e.keyCommand()
			if err != nil {
				return nil, err
			}
			commands = append(commands, c)
		}
		if e.Certificate != nil {
			commands = append(commands, []string{"cert", hex.EncodeToString(e.ID), e.Label, hex.EncodeToString(e.Certificate)})
		}
	}
	answers, err := s.run(ctx, commands...)
	if err != nil {
		return nil, err
	}
	out := make([]mint.SPKI, len(t.Entries))
	at := 1
	for i, e := range t.Entries {
		if e.Kind != "" || e.Key != nil {
			if out[i], err = e.public(answers[at]); err != nil {
				return nil, err
			}
			at++
		}
		if e.Certificate != nil {
			at++
		}
	}
	return out, nil
}

// Issue makes a token whose keys the token makes itself, lets the caller issue a
// certificate to each, and writes them. CKA_IDs are 01, 02, and so on.
func (s *Store) Issue(ctx context.Context, t Token, issue func(i int, key mint.SPKI) (der []byte, err error)) error {
	keys, err := s.Add(ctx, t)
	if err != nil {
		return err
	}
	commands := [][]string{{"open", t.Label, t.PIN}}
	for i, e := range t.Entries {
		der, err := issue(i, keys[i])
		if err != nil {
			return err
		}
		commands = append(commands, []string{"cert", hex.EncodeToString(e.ID), e.Label, hex.EncodeToString(der)})
	}
	_, err = s.run(ctx, commands...)
	return err
}

// For is a person's token on which keys of the given kinds are to be made.
func For(p people.Person, kinds ...mint.Kind) Token {
	t := Token{Label: "zaver gost " + p.Key, PIN: p.PINs.Token, SOPIN: p.PINs.SO}
	for i, k := range kinds {
		t.Entries = append(t.Entries, Entry{ID: []byte{byte(i + 1)}, Label: fmt.Sprintf("%s %d", p.Key, i+1), Kind: k})
	}
	return t
}

func (e Entry) kind() mint.Kind {
	if e.Key != nil {
		return e.Key.Kind
	}
	return e.Kind
}

// hashParams are the DER of CKA_GOSTR3411_PARAMS: what makes a key of 256 bits
// one of 2012 or of 2001.
func hashParams(k mint.Kind) string {
	switch {
	case strings.HasPrefix(string(k), "gost2001"):
		return "06072a850302021e01"
	case k.ParamSet().Bits() == 512:
		return "06082a85030701010203"
	}
	return "06082a85030701010202"
}

func (e Entry) keyCommand() ([]string, error) {
	kind := e.kind()
	if !kind.IsGOST() {
		return nil, fmt.Errorf("make a key on the GOST token: %q is no GOST kind", kind)
	}
	bits := kind.ParamSet().Bits()
	set, err := asn1.Marshal(kind.ParamSet().OID())
	if err != nil {
		return nil, fmt.Errorf("make a key on the GOST token: %w", err)
	}
	c := []string{"key", hex.EncodeToString(e.ID), e.Label, fmt.Sprint(bits), hex.EncodeToString(set), hashParams(kind)}
	if e.Key == nil {
		return c, nil
	}
	private, ok := e.Key.Private.(interface{ Scalar() *big.Int })
	if !ok {
		return nil, fmt.Errorf("import into the GOST token: %T has no scalar", e.Key.Private)
	}
	d := private.Scalar().FillBytes(make([]byte, bits/8))
	slices.Reverse(d)
	return append(c, hex.EncodeToString(d)), nil
}

// public reads CKA_VALUE, which may have an OCTET STRING around it.
func (e Entry) public(answer string) (mint.SPKI, error) {
	value, err := hex.DecodeString(answer)
	size := e.kind().ParamSet().Bits() / 4
	if err != nil || len(value) < size {
		return nil, fmt.Errorf("read the GOST token's public key: %q", answer)
	}
	return mint.SPKI(mint.GOSTSPKI(e.kind(), value[len(value)-size:])), nil
}
