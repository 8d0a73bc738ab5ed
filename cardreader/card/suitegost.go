// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"zaver/cardreader/apdu"
	"zaver/cardreader/cvc"
	"zaver/signature/gost"
	"zaver/signature/gost/kdf"
	"zaver/signature/gost/kuznyechik"
	"zaver/signature/gost/streebog"
)

// gostSuite is terminal authentication and secure messaging with GOST R
// 34.10-2012, 34.11-2012 and 34.12-2015. Every byte of it is told in
// SECURE-MESSAGING.md beside this file.
type gostSuite struct{}

const (
	randomSize = 16
	// certificatePart is the most of a certificate's body in one command.
	certificatePart = 224
	keyLabel        = "zaver.card.sm.1"
)

// Open authenticates the terminal to the card, agrees keys, and has the card
// prove that the key it used is a card's. No PIN is shown before all of it held.
func (gostSuite) Open(ctx context.Context, e Entry) (Channel, error) {
	t := e.Card.terminal
	if t == nil {
		return nil, &Error{Reason: NoTerminal, Op: "authenticate the terminal", Cause: errors.New("no terminal file is configured")}
	}
	if err := t.Valid(time.Now()); err != nil {
		return nil, err
	}
	for _, c := range []*cvc.Certificate{t.operator, t.own} {
		if err := present(ctx, e.Plain, c); err != nil {
			return nil, err
		}
	}
	key, err := readKey(ctx, e)
	if err != nil {
		return nil, err
	}
	channel, err := authenticate(ctx, e, key)
	if err != nil {
		return nil, err
	}
	if raw := key.Bytes(); !bytes.Equal(raw, e.Card.proven) {
		days, err := prove(ctx, channel, e, raw)
		if err != nil {
			channel.wipe()
			return nil, err
		}
		e.Card.proven = raw
		e.Card.narrow(days)
	}
	return channel, nil
}

// read reads a whole file over one of the channels.
func (e Entry) read(ctx context.Context, ch Channel, f Place) ([]byte, error) {
	return (&session{card: e.Card, channel: ch}).readFile(ctx, &f)
}

// refused is the error of a card that does not accept the terminal.
func refused(op string, sw apdu.SW) error {
	return &Error{Reason: NoTerminal, Op: op, SW: sw, Cause: errors.New("the card refuses this terminal")}
}

// present gives the card one certificate: the body in a chain, the signature last.
func present(ctx context.Context, ch Channel, c *cvc.Certificate) error {
	const op = "present a certificate of the terminal"
	var commands []apdu.Command
	for part := range slices.Chunk(c.Body(), certificatePart) {
		commands = append(commands, apdu.Command{CLA: 0x10, INS: 0x2A, P2: 0xBE, Data: part})
	}
	commands = append(commands, apdu.Command{INS: 0x2A, P2: 0xBE, Data: c.SignatureObject()})
	for _, cmd := range commands {
		r, err := ch.Exchange(ctx, cmd)
		if err != nil {
			return wrap(op, err)
		}
		if !r.SW.OK() {
			return refused(op, r.SW)
		}
	}
	return nil
}

// readKey reads the card's public key. It proves nothing yet.
func readKey(ctx context.Context, e Entry) (*gost.PublicKey, error) {
	const op = "read the card's public key"
	content, err := e.read(ctx, e.Plain, e.Card.profile.Secure.Key)
	if err != nil {
		return nil, wrap(op, err)
	}
	objects, err := apdu.ParseTLV(content)
	if err != nil {
		return nil, &Error{Reason: Protocol, Op: op, Cause: err}
	}
	point, _ := apdu.Find(objects, e.Card.profile.Secure.KeyPath...)
	key, err := gost.ParsePublicKey(cvc.Curve(), point.Value)
	if err != nil {
		return nil, &Error{Reason: Protocol, Op: op, Cause: err}
	}
	return key, nil
}

// authenticate signs the card's challenge and opens the channel under the keys
// that follow from it.
func authenticate(ctx context.Context, e Entry, card *gost.PublicKey) (*sealed, error) {
	const op = "authenticate the terminal"
	challenge, err := e.Plain.Exchange(ctx, apdu.Command{INS: 0x84, Le: randomSize})
	if err != nil {
		return nil, wrap(op, err)
	}
	if !challenge.SW.OK() || len(challenge.Data) != randomSize {
		return nil, &Error{Reason: Protocol, Op: op, SW: challenge.SW, Cause: fmt.Errorf("challenge of %d bytes", len(challenge.Data))}
	}
	own := make([]byte, randomSize)
	_, _ = rand.Read(own) // never fails
	randoms := slices.Concat(own, challenge.Data)
	digest := streebog.Sum256(randoms)
	signature, err := e.Card.terminal.key.Sign(rand.Reader, digest[:])
	if err != nil {
		return nil, &Error{Reason: NoTerminal, Op: op, Cause: err}
	}
	channel, err := agree(e.Card.terminal.key, card, randoms, signature)
	if err != nil {
		return nil, &Error{Reason: Protocol, Op: op, Cause: err}
	}
	channel.once = e.Once
	if err := channel.begin(ctx, e, slices.Concat(signature, own)); err != nil {
		return nil, err
	}
	return channel, nil
}

// begin sends the terminal's signature and random and checks the card's cryptogram over the random. On any failure the keys are forgotten.
func (s *sealed) begin(ctx context.Context, e Entry, proof []byte) (err error) {
	const op = "authenticate the terminal"
	defer func() {
		if err != nil {
			s.wipe()
		}
	}()
	r, err := e.Plain.Exchange(ctx, apdu.Command{INS: 0x82, P2: e.Card.profile.Secure.Reference, Data: proof, Le: macSize})
	switch {
	case err != nil:
		return wrap(op, err)
	case !r.SW.OK():
		return refused(op, r.SW)
	case len(r.Data) != macSize || !s.mac.Authentic(r.Data, proof[cvc.SignatureSize:]):
		return &Error{Reason: Insecure, Op: op, Cause: errors.New("the card's cryptogram is wrong")}
	}
	return nil
}

// agree makes the session of the two randoms, terminal's first, and the
// signature over them.
func agree(terminal *gost.PrivateKey, card *gost.PublicKey, randoms, signature []byte) (*sealed, error) {
	secret, err := terminal.VKO(card, keyMaterial(randoms))
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	keys, err := kdf.Tree256(secret, []byte(keyLabel), randoms, 1, 64)
	if err != nil {
		return nil, err
	}
	defer clear(keys)
	encryption, err := kuznyechik.New(keys[:32])
	if err != nil {
		return nil, err
	}
	mac, err := kuznyechik.New(keys[32:])
	if err != nil {
		return nil, err
	}
	return &sealed{encryption: encryption, mac: mac, counter: binary.BigEndian.Uint64(signature)}, nil
}

// keyMaterial is the UKM of VKO: the first 16 bytes of the digest of both
// randoms; one when they are all zero, which the agreement refuses.
func keyMaterial(randoms []byte) []byte {
	digest := streebog.Sum256(randoms)
	ukm := digest[:16]
	if bytes.Equal(ukm, make([]byte, 16)) {
		ukm[0] = 1
	}
	return ukm
}

// prove reads the certificates of the card's key under the new session and
// checks them up to the terminal's root. Who answered with a key of his own has none.
// It returns the days that the issuer signed.
func prove(ctx context.Context, ch Channel, e Entry, key []byte) (Validity, error) {
	const op = "check the card's own certificate"
	fail := func(err error) (Validity, error) { return Validity{}, &Error{Reason: Insecure, Op: op, Cause: err} }
	issuer, err := readCertificate(ctx, e, ch, e.Card.profile.Secure.Issuer)
	if err != nil {
		return Validity{}, wrap(op, err)
	}
	if err := issuer.Check(cvc.Issuer, e.Card.terminal.root); err != nil {
		return fail(fmt.Errorf("issuer's: %w", err))
	}
	own, err := readCertificate(ctx, e, ch, e.Card.profile.Secure.Application)
	if err != nil {
		return Validity{}, wrap(op, err)
	}
	if err := own.Check(cvc.Application, issuer.Authority()); err != nil {
		return fail(err)
	}
	if !bytes.Equal(own.Key.Bytes(), key) {
		return fail(errors.New("it is of another key"))
	}
	return Validity{First: own.First, Last: own.Last}, nil
}

func readCertificate(ctx context.Context, e Entry, ch Channel, f Place) (*cvc.Certificate, error) {
	content, err := e.read(ctx, ch, f)
	if err != nil {
		return nil, err
	}
	c, rest, err := cvc.ParseFirst(content)
	if err == nil && len(bytes.Trim(rest, "\x00\xFF")) != 0 {
		err = errors.New("bytes after the certificate")
	}
	if err != nil {
		return nil, &Error{Reason: Insecure, Op: "read a card-verifiable certificate", Cause: err}
	}
	return c, nil
}
