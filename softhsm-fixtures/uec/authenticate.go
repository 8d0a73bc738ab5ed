// SPDX-License-Identifier: Apache-2.0

package uec

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"time"

	"zaver/cardreader/apdu"
	"zaver/signature/gost"
	"zaver/signature/gost/streebog"
)

// authentication is how far a terminal has come since the last selection.
type authentication struct {
	chain     []byte // of PSO: VERIFY CERTIFICATE
	operator  *accepted
	terminal  *accepted
	challenge []byte // given out and not used yet
}

// accepted is a certificate that the card accepted.
type accepted struct {
	subject []byte
	key     *gost.PublicKey
	rights  byte
}

// maxChain bounds what a chain of commands may bring.
const maxChain = 4096

// verifyCertificate is PSO with P2=BE: parts of the body in a chain, the signature last.
func (c *Card) verifyCertificate(cmd apdu.Command) apdu.Response {
	a := &c.auth
	if cmd.P1 != 0 {
		return sw(apdu.SWWrongP1P2)
	}
	if cmd.CLA == 0x10 {
		if a.chain = append(a.chain, cmd.Data...); len(a.chain) > maxChain {
			a.chain = nil
			return sw(apdu.SWWrongLength)
		}
		return sw(apdu.SWOK)
	}
	body := a.chain
	a.chain = nil
	if len(body) == 0 {
		return sw(apdu.SWLastOfChainExpected)
	}
	cert, by, word := c.readCVC(body)
	if cert == nil {
		return sw(word)
	}
	digest := streebog.Sum256(body)
	if len(cmd.Data) != 3+64 || !bytes.HasPrefix(cmd.Data, []byte{0x5F, 0x37, 64}) || !by.Verify(digest[:], cmd.Data[3:]) {
		*a = authentication{}
		return sw(0x6300)
	}
	if a.operator == nil {
		a.operator = cert
	} else {
		cert.rights &= a.operator.rights
		a.terminal = cert
	}
	return sw(apdu.SWOK)
}

// readCVC reads a body as the next one wanted, the operator's or the
// terminal's, and says whose key signed it.
func (c *Card) readCVC(body []byte) (cert *accepted, by *gost.PublicKey, word apdu.SW) {
	list, err := apdu.ParseTLV(body)
	if err != nil || len(list) != 1 || list[0].Tag != 0x7F4E {
		return nil, nil, apdu.SWWrongData
	}
	get := func(tags ...apdu.Tag) []byte {
		object, _ := apdu.Find(list[0].Children, tags...)
		return object.Value
	}
	kind, issuer, key := TypeOperator, rootName, c.rootKey
	if c.auth.operator != nil {
		kind, issuer, key = TypeTerminal, c.auth.operator.subject, c.auth.operator.key
	}
	public, err := gost.ParsePublicKey(keySet(), get(0x7F49, 0x81))
	rights := get(0x7F4C, 0x81)
	switch {
	case err != nil, len(rights) != 1, len(get(0x5F20)) == 0:
		return nil, nil, apdu.SWWrongData
	case !bytes.Equal(get(0x7F4C, 0x80), []byte{kind}):
		return nil, nil, apdu.SWConditions
	case !bytes.Equal(get(0x42), issuer):
		return nil, nil, apdu.SWReferenceNotFound
	case !c.within(get(0x5F25), get(0x5F24)):
		return nil, nil, apdu.SWConditions
	}
	return &accepted{subject: get(0x5F20), key: public, rights: rights[0]}, key, apdu.SWOK
}

// within compares days as digits: their order is that of the calendar.
func (c *Card) within(first, last []byte) bool {
	today := yymmdd(c.now())
	return len(first) == 3 && len(last) == 3 && bytes.Compare(first, today) <= 0 && bytes.Compare(today, last) <= 0
}

func (c *Card) now() time.Time {
	if c.cfg.Now != nil {
		return c.cfg.Now()
	}
	return time.Now()
}

func (c *Card) challengeAnswer(cmd apdu.Command) apdu.Response {
	b := make([]byte, 16)
	if cmd.Le != 0 && cmd.Le < len(b) {
		return sw(apdu.SWWrongLength)
	}
	_, _ = rand.Read(b) // never fails
	c.auth.challenge = b
	return data(slices.Clone(b))
}

// mutualAuthenticate checks the terminal's signature over both randoms and
// begins the session.
func (c *Card) mutualAuthenticate(cmd apdu.Command) apdu.Response {
	challenge, terminal := c.auth.challenge, c.auth.terminal
	c.auth.challenge = nil
	switch {
	case cmd.P1 != 0:
		return sw(apdu.SWWrongP1P2)
	case cmd.P2 != 0x15:
		return sw(apdu.SWReferenceNotFound)
	case terminal == nil || challenge == nil:
		return sw(apdu.SWConditions)
	case len(cmd.Data) != 64+16:
		return sw(apdu.SWWrongLength)
	}
	signature, random := cmd.Data[:64], cmd.Data[64:]
	randoms := slices.Concat(random, challenge)
	digest := streebog.Sum256(randoms)
	if !terminal.key.Verify(digest[:], signature) {
		c.auth = authentication{}
		return sw(0x6300)
	}
	encryption, mac, ok := sessionKeys(c.application, terminal.key.Bytes(), randoms)
	if !ok {
		return sw(apdu.SWUnknown)
	}
	c.session = &session{
		encryption: newCipher(encryption), mac: newCipher(mac), counter: binary.BigEndian.Uint64(signature),
		rights: terminal.rights,
	}
	if len(terminal.subject) == 16 && terminal.subject[14]&0x04 != 0 {
		c.session.signs = terminal.rights&MaySign != 0
	}
	cryptogram := c.session.mac.cmac(random)
	return data(cryptogram[:8])
}
