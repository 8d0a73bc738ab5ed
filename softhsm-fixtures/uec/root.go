// SPDX-License-Identifier: Apache-2.0

package uec

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"zaver/cardreader/apdu"
	"zaver/signature/gost"
	"zaver/signature/gost/streebog"
	"zaver/softhsm-fixtures/gostsign"
	"zaver/softhsm-fixtures/mint"
)

// Types of card-verifiable certificates.
const (
	TypeIssuer      byte = 0x02
	TypeOperator    byte = 0x04
	TypeApplication byte = 0x05
	TypeTerminal    byte = 0x07
)

// Rights in card-verifiable certificates.
const (
	MayRead   byte = 0x01 // the holder's data
	MayChange byte = 0x02 // passwords
	MaySign   byte = 0x04
)

// CVC is what a card-verifiable certificate says; Sign makes it one.
type CVC struct {
	Issuer, Subject []byte
	Serial          []byte // "00000001" when empty
	Public          []byte // 64 bytes
	Type, Rights    byte
	First, Last     time.Time
}

// Sign writes the certificate and signs it.
func (c CVC) Sign(key *gostsign.PrivateKey) []byte {
	serial := c.Serial
	if serial == nil {
		serial = []byte("00000001")
	}
	value := func(tag apdu.Tag, b ...byte) apdu.TLV { return apdu.TLV{Tag: tag, Value: b} }
	body := apdu.TLV{Tag: 0x7F4E, Children: []apdu.TLV{
		value(0x5F29, 0), value(0x42, c.Issuer...),
		{Tag: 0x65, Children: []apdu.TLV{value(0x80, 1), value(0x81, serial...)}},
		value(0x5F20, c.Subject...),
		{Tag: 0x7F49, Children: []apdu.TLV{value(0x81, c.Public...)}},
		{Tag: 0x7F4C, Children: []apdu.TLV{value(0x80, c.Type), value(0x81, c.Rights), value(0x82, 1), value(0x83, 1)}},
		value(0x5F25, yymmdd(c.First)...), value(0x5F24, yymmdd(c.Last)...),
	}}
	digest := streebog.Sum256(body.Append(nil))
	signature, err := key.Sign(digest[:])
	if err != nil {
		panic("uec: " + err.Error()) // a digest of another length
	}
	return apdu.TLV{Tag: 0x7F21, Children: []apdu.TLV{body, value(0x5F37, signature...)}}.Append(nil)
}

// Root is the root of a test system of cards: it lets issuers make cards and
// operators make terminals, and is no other system's.
type Root struct {
	Key      *gostsign.PrivateKey
	Operator *gostsign.PrivateKey
	issuer   *gostsign.PrivateKey
}

// Names in the certificates of every test system.
var (
	rootName     = []byte("ZAVER-ROOT")
	issuerName   = []byte("ZAVER-ISSUER")
	operatorName = []byte("ZAVER-OPERATOR")
)

// NewRoot makes the keys of a system.
func NewRoot() *Root { return &Root{Key: NewKey(), Operator: NewKey(), issuer: NewKey()} }

// Shared is the system that cards belong to unless they are told otherwise, one for each process.
var Shared = sync.OnceValue(NewRoot)

// keySet is the parameter set of the system's keys and of the cards'.
func keySet() *gost.ParamSet { return mint.GOST256A.ParamSet() }

// NewKey makes a key of the system's kind.
func NewKey() *gostsign.PrivateKey {
	key, err := gostsign.GenerateKey(keySet())
	if err != nil {
		panic("uec: " + err.Error()) // no randomness
	}
	return key
}

// Terminal is a terminal of a system: its key and the parts of its file, which
// tests may spoil before File.
type Terminal struct {
	Key               *gostsign.PrivateKey
	RootName, RootKey []byte
	OperatorCVC, Own  []byte
	Format            string
	Extra             map[string]string // further members
}

// Info returns terminal information that permits signing.
func Info() []byte {
	info := []byte("ZAVER-TERMINAL\x00\x00")
	info[14] = 0x04
	return info
}

// NewTerminal makes a terminal with every right, valid from a month ago for a
// year. change may be nil; it changes what the certificates say before they are signed.
func (r *Root) NewTerminal(change func(operator, own *CVC)) *Terminal {
	now := time.Now()
	first, last := now.AddDate(0, -1, 0), now.AddDate(1, 0, 0)
	t := &Terminal{Key: NewKey(), RootName: rootName, RootKey: r.Key.Public(), Format: "zaver.terminal/v1"}
	all := MayRead | MayChange | MaySign
	operator := CVC{Issuer: rootName, Subject: operatorName, Public: r.Operator.Public(), Type: TypeOperator, Rights: all, First: first, Last: last}
	own := CVC{Issuer: operatorName, Subject: Info(), Public: t.Key.Public(), Type: TypeTerminal, Rights: all, First: first, Last: last}
	if change != nil {
		change(&operator, &own)
	}
	t.OperatorCVC, t.Own = operator.Sign(r.Key), own.Sign(r.Operator)
	return t
}

// File writes the terminal file that the agent's configuration names.
func (t *Terminal) File() []byte {
	d := t.Key.Scalar().FillBytes(make([]byte, 32))
	slices.Reverse(d)
	members := map[string]any{
		"format":   t.Format,
		"root":     map[string]string{"name": hex.EncodeToString(t.RootName), "key": hex.EncodeToString(t.RootKey)},
		"operator": hex.EncodeToString(t.OperatorCVC), "terminal": hex.EncodeToString(t.Own),
		"key": hex.EncodeToString(d),
	}
	for name, value := range t.Extra {
		members[name] = value
	}
	b, err := json.MarshalIndent(members, "", "  ")
	if err != nil {
		panic("uec: " + err.Error()) // strings only
	}
	return append(b, '\n')
}

// Certificates are those of a card's application key: the application's and its issuer's.
func (r *Root) Certificates(subject, public []byte, first, last time.Time) (own, issuer []byte) {
	issuer = CVC{Issuer: rootName, Subject: issuerName, Public: r.issuer.Public(), Type: TypeIssuer, First: first, Last: last}.Sign(r.Key)
	own = CVC{Issuer: issuerName, Subject: subject, Public: public, Type: TypeApplication, First: first, Last: last}.Sign(r.issuer)
	return own, issuer
}
