// SPDX-License-Identifier: Apache-2.0

package card

import "zaver/cardreader/apdu"

// SecurePlaces are what a suite of secure messaging needs to know of a card.
// Suite "none" needs nothing of it.
type SecurePlaces struct {
	Key         Place   // the card's public key
	KeyPath     TagPath // to the point within it
	Application Place   // the card-verifiable certificate of that key
	Issuer      Place   // that of the card's issuer
	Reference   byte    // P2 of MUTUAL AUTHENTICATE: the root key that the card checks terminals by
	Greeting    Object  // the holder's pass phrase, shown before the PIN; tag 0 when there is none
	Number      Object  // the card's number; tag 0 when there is none
	Status      Object  // the application's state; tag 0 when it tells none
	Consistent  byte    // its value when all is well
}

// Object is one data object, read by GET DATA under secure messaging.
type Object struct {
	Tag apdu.Tag
	Max int // bytes
}

type (
	secureFile struct {
		Key         keyFile    `json:"key"`
		Application efFile     `json:"application"`
		Issuer      efFile     `json:"issuer"`
		Reference   string     `json:"reference"`
		Greeting    objectFile `json:"greeting"`
		Number      objectFile `json:"number"`
		Status      statusFile `json:"status"`
	}
	efFile struct {
		FID string `json:"fid"`
		Max int    `json:"max"`
	}
	keyFile struct {
		FID  string `json:"fid"`
		Max  int    `json:"max"`
		Path string `json:"path"`
	}
	objectFile struct {
		Tag string `json:"tag"`
		Max int    `json:"max"`
	}
	statusFile struct {
		Tag        string `json:"tag"`
		Consistent string `json:"consistent"`
	}
)

// secure reads the member "secure", which every suite but "none" demands.
func (c *profileChecker) secure(p *Profile, f *profileFile) {
	s := f.Secure
	if f.SecureMessaging == suiteNone {
		if s != nil {
			c.fault("secure", "is for cards with secure messaging")
		}
		return
	}
	if s == nil {
		c.fault("secure", "is missing")
		return
	}
	p.Secure = SecurePlaces{
		Key:         c.file("secure.key", efFile{FID: s.Key.FID, Max: s.Key.Max}, maxKeyFile),
		KeyPath:     c.path("secure.key.path", s.Key.Path),
		Application: c.file("secure.application", s.Application, maxCVCFile),
		Issuer:      c.file("secure.issuer", s.Issuer, maxCVCFile),
		Reference:   c.bytes("secure.reference", s.Reference, 1, 1)[0],
		Greeting:    c.object("secure.greeting", s.Greeting),
		Number:      c.object("secure.number", s.Number),
	}
	if len(p.Secure.KeyPath) == 0 {
		c.fault("secure.key.path", "is empty")
	}
	if s.Status != (statusFile{}) {
		p.Secure.Status = c.object("secure.status", objectFile{Tag: s.Status.Tag, Max: 1})
		p.Secure.Consistent = c.bytes("secure.status.consistent", s.Status.Consistent, 1, 1)[0]
	}
}

// Bounds of files in bytes.
const (
	maxKeyFile = 256
	maxCVCFile = 1024
)

func (c *profileChecker) file(field string, f efFile, most int) Place {
	return Place{FID: c.bytes(field+".fid", f.FID, 2, 2), Max: c.between(field+".max", f.Max, 1, most)}
}

func (c *profileChecker) object(field string, o objectFile) Object {
	if o == (objectFile{}) {
		return Object{}
	}
	tag := c.tag(field+".tag", o.Tag)
	if tag > 0xFFFF {
		c.fault(field+".tag", "does not fit P1 and P2 of GET DATA")
	}
	return Object{Tag: tag, Max: c.between(field+".max", o.Max, 1, maxObject)}
}

// maxObject bounds a data object of the application's root in bytes.
const maxObject = 256
