// SPDX-License-Identifier: Apache-2.0

// Package cvc alone owns card-verifiable certificates: the short certificates
// by which cards and terminals know each other. It reads and checks them; who
// issues them is outside this house.
//
//	7F21 { 7F4E body {
//	         5F29 profile, 42 issuer, 65 { 80, 81 }, 5F20 subject,
//	         7F49 { 81 public key },
//	         7F4C { 80 type, 81 rights, 82 key version, 83 key purpose },
//	         5F25 first day, 5F24 last day },
//	       5F37 signature }
//
// The signature is GOST R 34.10-2012 (256 bits) over Streebog-256 of the whole
// object 7F4E, on the curve of [Curve]. Reading is strict: this order, these
// members, shortest lengths, nothing besides. The package is pure; values are
// immutable and may be used by many goroutines. The whole protocol
// is told in card/SECURE-MESSAGING.md.
package cvc

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"zaver/cardreader/apdu"
	"zaver/signature/gost"
	"zaver/signature/gost/streebog"
)

// MaxSize is the most bytes of one certificate.
const MaxSize = 512

// Sizes in bytes.
const (
	KeySize       = 64 // public key: x then y, each little-endian
	SignatureSize = 64 // s then r, each big-endian
	maxName       = 16 // issuer and subject
)

// Type is what the holder of a certificate is (member 7F4C/80).
type Type byte

// Types.
const (
	CA          Type = 0x01 // the system's root
	Issuer      Type = 0x02 // issues cards
	Operator    Type = 0x04 // operator of a channel: issues terminals
	Application Type = 0x05 // the application of one card
	Terminal    Type = 0x07
)

// Rights are what a certificate lets its holder do (member 7F4C/81). What a
// terminal may do is what both its own and its operator's certificate allow.
type Rights byte

// Rights.
const (
	ReadHolder Rights = 0x01 // the holder's data, under the holder's PIN
	ChangePIN  Rights = 0x02 // change and unblock passwords
	UseSigning Rights = 0x04 // have the card sign, under the holder's PIN
)

// Why a certificate was refused by [Certificate.Check].
var (
	ErrIssuer    = errors.New("cvc: issued by another key")
	ErrSignature = errors.New("cvc: the signature does not hold")
	ErrType      = errors.New("cvc: a certificate of another type")
	ErrDate      = errors.New("cvc: outside its days")
)

// Authority is a name and the key that signs under it.
type Authority struct {
	Name []byte
	Key  *gost.PublicKey
}

// Certificate is one card-verifiable certificate.
type Certificate struct {
	Issuer, Subject []byte
	// System and Serial are members 65/80 and 65/81; carried, not judged.
	System, Serial []byte
	Key            *gost.PublicKey
	Type           Type
	Rights         Rights
	KeyVersion     byte
	KeyPurpose     byte
	First, Last    time.Time // midnight UTC of the first and the last day

	body, signature []byte
}

// Curve is the parameter set of every key and signature:
// id-GostR3410-2001-CryptoPro-A-ParamSet, the same curve as
// id-tc26-gost-3410-2012-256-paramSetB.
func Curve() *gost.ParamSet {
	ps, _ := gost.ByOID(asn1.ObjectIdentifier{1, 2, 643, 2, 2, 35, 1}) // always there
	return ps
}

// Parse reads one certificate and nothing after it. Errors wrap apdu.ErrMalformed
// or say what is wrong with the key.
func Parse(b []byte) (*Certificate, error) {
	c, rest, err := ParseFirst(b)
	if err == nil && len(rest) != 0 {
		return nil, malformed("bytes after the end")
	}
	return c, err
}

// ParseFirst reads the certificate at the beginning of b and returns what follows it.
func ParseFirst(b []byte) (*Certificate, []byte, error) {
	raw, rest, err := first(b)
	if err != nil {
		return nil, nil, err
	}
	list, err := canonical(raw)
	if err != nil {
		return nil, nil, err
	}
	r := reader{list: list}
	outer := r.nested(0x7F21)
	body := outer.nested(0x7F4E)
	c := &Certificate{signature: outer.value(0x5F37, SignatureSize, SignatureSize)}
	outer.end()
	c.read(body)
	if err := errors.Join(r.err, outer.err, body.err); err != nil {
		return nil, nil, err
	}
	c.body = apdu.TLV{Tag: 0x7F4E, Children: list[0].Children[0].Children}.Append(nil)
	return c, rest, nil
}

// first cuts off the first data object, which must begin as a certificate does.
func first(b []byte) (raw, rest []byte, err error) {
	if len(b) < 3 || b[0] != 0x7F || b[1] != 0x21 {
		return nil, nil, malformed("does not begin with 7F21")
	}
	head, n := 3, int(b[2])
	switch {
	case n < 0x80:
	case n == 0x81 && len(b) > 3:
		head, n = 4, int(b[3])
	case n == 0x82 && len(b) > 4:
		head, n = 5, int(b[3])<<8|int(b[4])
	default:
		return nil, nil, malformed("length")
	}
	if head+n > len(b) || head+n > MaxSize {
		return nil, nil, malformed("%d bytes promised, %d there, at most %d", head+n, len(b), MaxSize)
	}
	return b[:head+n], b[head+n:], nil
}

// canonical parses TLV and refuses padding and lengths longer than needed: two
// writings of one certificate must not both hold.
func canonical(b []byte) ([]apdu.TLV, error) {
	list, err := apdu.ParseTLV(b)
	if err != nil {
		return nil, fmt.Errorf("cvc: %w", err)
	}
	var again []byte
	for _, object := range list {
		again = object.Append(again)
	}
	if !bytes.Equal(again, b) {
		return nil, malformed("padding or a long length")
	}
	return list, nil
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("cvc: %w: "+format, append([]any{apdu.ErrMalformed}, args...)...)
}

// read takes the members of the body in their order.
func (c *Certificate) read(r *reader) {
	r.value(0x5F29, 1, 1)
	if r.err == nil && r.last[0] != 0 {
		r.fail("5F29: profile %02X", r.last[0])
	}
	c.Issuer = r.value(0x42, 1, maxName)
	numbers := r.nested(0x65)
	c.System, c.Serial = numbers.value(0x80, 1, 8), numbers.value(0x81, 1, 16)
	numbers.end()
	c.Subject = r.value(0x5F20, 1, maxName)
	key := r.nested(0x7F49)
	point := key.value(0x81, KeySize, KeySize)
	key.end()
	use := r.nested(0x7F4C)
	c.Type, c.Rights = Type(use.byte(0x80)), Rights(use.byte(0x81))
	c.KeyVersion, c.KeyPurpose = use.byte(0x82), use.byte(0x83)
	use.end()
	c.First, c.Last = r.day(0x5F25), r.day(0x5F24)
	r.end()
	if r.err = errors.Join(r.err, numbers.err, key.err, use.err); r.err != nil {
		return
	}
	if c.Key, r.err = gost.ParsePublicKey(Curve(), point); r.err == nil && c.Last.Before(c.First) {
		r.fail("the last day is before the first")
	}
}

// Body returns the object 7F4E, what a card is given first; not to be changed.
func (c *Certificate) Body() []byte { return c.body }

// SignatureObject returns the object 5F37, what a card is given last.
func (c *Certificate) SignatureObject() []byte {
	return apdu.TLV{Tag: 0x5F37, Value: c.signature}.Append(nil)
}

// Authority returns the certificate's holder as who may sign others.
func (c *Certificate) Authority() Authority { return Authority{Name: c.Subject, Key: c.Key} }

// Check says whether the certificate is of the type and was signed by the
// authority. It returns ErrType, ErrIssuer or ErrSignature. The days are apart: [Certificate.On].
func (c *Certificate) Check(t Type, by Authority) error {
	if c.Type != t {
		return fmt.Errorf("%w: %02X, not %02X", ErrType, byte(c.Type), byte(t))
	}
	if !bytes.Equal(c.Issuer, by.Name) {
		return ErrIssuer
	}
	digest := streebog.Sum256(c.body)
	if by.Key == nil || !by.Key.Verify(digest[:], c.signature) {
		return ErrSignature
	}
	return nil
}

// On returns ErrDate unless the calendar day of at, in at's own location, is
// within the certificate's days.
func (c *Certificate) On(at time.Time) error {
	y, m, d := at.Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	if day.Before(c.First) || day.After(c.Last) {
		return fmt.Errorf("%w: %s to %s", ErrDate, c.First.Format(time.DateOnly), c.Last.Format(time.DateOnly))
	}
	return nil
}
