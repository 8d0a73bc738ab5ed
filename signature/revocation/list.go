// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"bytes"
	"encoding/asn1"
	"fmt"
	"hash/maphash"
	"math/big"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"zaver/signature/cert"
	"zaver/signature/internal/der"
)

// Content octets of the identifiers of CRL and CRL entry extensions (RFC 5280 sections 5.2 and 5.3).
const (
	oidIssuerAltName  = "\x55\x1d\x12"
	oidCRLNumber      = "\x55\x1d\x14"
	oidReasonCode     = "\x55\x1d\x15"
	oidInvalidityDate = "\x55\x1d\x18"
	oidDelta          = "\x55\x1d\x1b"
	oidDistribution   = "\x55\x1d\x1c"
	oidCertIssuer     = "\x55\x1d\x1d"
	oidAuthorityKeyID = "\x55\x1d\x23"
	oidFreshest       = "\x55\x1d\x2e"
	oidExpiredCerts   = "\x55\x1d\x3c" // X.509 section 9.5.2.8
	oidAuthorityInfo  = "\x2b\x06\x01\x05\x05\x07\x01\x01"
)

// maxNumber bounds a CRL number in content bytes, sign included (RFC 5280 section 5.2.3).
const maxNumber = 21

// list is a CRL whose form is right. What it says is proved by signedBy, and its entries are read by
// open, once each; a list never changes otherwise and may be used from many goroutines.
type list struct {
	raw, tbs  []byte
	url       string // where it came from, "" when kept
	etag      string // what the server calls this version, and when it was made
	modified  string
	hasV2     bool
	algorithm asn1.ObjectIdentifier
	params    []byte
	signature []byte

	rawIssuer []byte
	issuer    cert.Name
	issuerKey string
	this      time.Time
	next      time.Time // zero when absent
	number    *big.Int  // nil when absent
	base      *big.Int  // of a delta CRL; nil for a complete one
	keyID     []byte    // of the authority key identifier
	scope     *scope    // nil: covers everything of its issuer
	freshest  []cert.DistributionPoint
	expired   time.Time // certificates that ended since are still listed; zero: nothing is promised
	unknown   string    // the first critical extension that is not understood

	proof   memo
	entries []byte // content of revokedCertificates
	opened  sync.Once
	broken  *Problem
	table   []uint32 // position of an entry plus one, by hash of its serial number
	seed    maphash.Seed
	again   map[uint32][]uint32 // further entries with the serial number of the first
	runs    []run               // of an indirect CRL
}

// readList reads all of a CRL but its entries.
func readList(raw []byte) (*list, *Problem) {
	if len(raw) > MaxCRL {
		return nil, &Problem{Code: CodeTooLarge, Detail: fmt.Sprintf("CRL of %d bytes", len(raw))}
	}
	l := &list{raw: raw}
	top := walkOver(raw)
	outer := top.into(der.TagSequence)
	content, whole := outer.next(der.TagSequence)
	l.tbs = whole
	var alg []byte
	l.algorithm, l.params, alg = outer.algorithm()
	l.signature = outer.signature()
	if !top.done() || !outer.done() {
		return nil, malformed("CRL", nil)
	}
	w := walkOver(content)
	if w.tag() == der.TagInteger {
		// If present, it must be v2 (RFC 5280 section 5.1.2.1).
		l.hasV2 = w.small(der.TagInteger) == 1
		w.bad = w.bad || !l.hasV2
	}
	if inner := w.whole(der.TagSequence); w.bad || !bytes.Equal(inner, alg) {
		return nil, malformed("CRL version, or its two signature algorithms differ", nil)
	}
	return l, l.readBody(w)
}

func (l *list) readBody(w *walk) *Problem {
	l.rawIssuer = w.whole(der.TagSequence)
	if w.bad {
		return malformed("CRL issuer", nil)
	}
	var err error
	if l.issuer, err = cert.ParseName(l.rawIssuer); err != nil || len(l.issuer.Attributes) == 0 {
		return malformed("CRL issuer", err) // section 5.1.2.3: not empty
	}
	l.issuerKey = l.issuer.Key()
	l.this = w.time()
	if t := w.tag(); t == der.TagUTCTime || t == der.TagGeneralized {
		l.next = w.time()
	}
	if w.tag() == der.TagSequence {
		l.entries = w.content(der.TagSequence)
	}
	var found []extension
	if x := w.optional(explicit(0)); x != nil {
		found = x.extensions(nil)
		w.bad = w.bad || !x.done() || !l.hasV2 // section 5.1.2.1: extensions need v2
	}
	if !w.done() {
		return malformed("body of a CRL", nil)
	}
	if !l.next.IsZero() && l.next.Before(l.this) {
		return malformed("nextUpdate before thisUpdate", nil)
	}
	for _, x := range found {
		if !l.readExtension(x) {
			return malformed("CRL extension "+x.name(), nil)
		}
	}
	if l.base != nil && l.number == nil {
		return malformed("delta CRL without a number", nil)
	}
	return nil
}

// readExtension reports false for a known extension of wrong form.
func (l *list) readExtension(x extension) (ok bool) {
	switch string(x.oid) {
	case oidCRLNumber:
		l.number, ok = readNumber(x.value)
	case oidDelta:
		l.base, ok = readNumber(x.value)
	case oidAuthorityKeyID:
		l.keyID, ok = readKeyID(x)
	case oidDistribution:
		l.scope, ok = readScope(x.value, l.issuer)
	case oidFreshest:
		var err error
		l.freshest, err = cert.ParseDistributionPoints(x.value)
		ok = err == nil
	case oidExpiredCerts:
		w := walkOver(x.value)
		l.expired = w.generalized()
		ok = w.done()
	case oidIssuerAltName, oidAuthorityInfo:
		ok = true // they name and help, and limit nothing
	default:
		if x.critical && l.unknown == "" {
			l.unknown = x.name()
		}
		ok = true
	}
	return ok
}

// readNumber reads an INTEGER that is not negative and of at most 20 octets.
func readNumber(value []byte) (*big.Int, bool) {
	w := walkOver(value)
	c := w.integer(der.TagInteger)
	if !w.done() || len(c) > maxNumber || c[0] >= 0x80 {
		return nil, false
	}
	return new(big.Int).SetBytes(c), true
}

func readKeyID(x extension) (id []byte, ok bool) {
	w, ok := x.read(der.TagSequence)
	if w.tag() == tagged(0) {
		id = w.content(tagged(0))
	}
	if w.tag() == explicit(1) {
		s := cryptobyte.String(w.whole(explicit(1)))
		if !w.bad {
			s = append([]byte{der.TagSequence}, s[1:]...) // IMPLICIT GeneralNames
			_, err := cert.ReadGeneralNames(&s)
			w.bad = err != nil
		}
	}
	if w.tag() == tagged(2) {
		w.integer(tagged(2))
	}
	return id, ok && w.done()
}

// signedBy checks the signature over the bytes as received under the key of c, once for each key.
func (l *list) signedBy(c *cert.Certificate) error {
	return l.proof.check(c.RawSPKI, func() error { return c.CheckSigned(l.algorithm, l.params, l.tbs, l.signature) })
}

// memo remembers what came of checks that cost much, for a few keys or certificates.
type memo struct {
	mu   sync.Mutex
	keys map[string]error
}

// maxKeys bounds what is remembered for one answer.
const maxKeys = 16

func (m *memo) check(key []byte, check func() error) error {
	m.mu.Lock()
	err, known := m.keys[string(key)]
	m.mu.Unlock()
	if known {
		return err
	}
	err = check()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keys == nil {
		m.keys = map[string]error{}
	}
	if len(m.keys) < maxKeys {
		m.keys[string(key)] = err
	}
	return err
}

// isList tells a CRL from an OCSP response by how it begins: an algorithm, or a version before it.
func isList(raw []byte) bool {
	tbs := walkOver(raw).into(der.TagSequence).into(der.TagSequence)
	return tbs.tag() == der.TagInteger || tbs.tag() == der.TagSequence
}
