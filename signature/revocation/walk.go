// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"encoding/asn1"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"zaver/signature/internal/der"
)

// walk reads the elements of b[pos:end] one after another. The first element that is not the one
// asked for makes it bad, and all that follows reads as nothing, so that only ends are checked.
type walk struct {
	b        []byte
	pos, end int
	bad      bool
}

func walkOver(b []byte) *walk { return &walk{b: b, end: len(b)} }

// tag is the identifier byte of the next element, 0 when there is none.
func (w *walk) tag() byte {
	if w.bad || w.pos >= w.end {
		return 0
	}
	return w.b[w.pos]
}

// next reads one element of that identifier: its content and the whole of it.
func (w *walk) next(tag byte) (content, whole []byte) {
	t, start, stop, ok := der.Element(w.b, w.pos, w.end)
	if w.bad || !ok || t != tag {
		w.bad = true
		return nil, nil
	}
	whole = w.b[w.pos:stop:stop]
	w.pos = stop
	return w.b[start:stop:stop], whole
}

func (w *walk) content(tag byte) []byte {
	c, _ := w.next(tag)
	return c
}

func (w *walk) whole(tag byte) []byte {
	_, e := w.next(tag)
	return e
}

// into reads one element of that identifier and walks over its content.
func (w *walk) into(tag byte) *walk {
	inner := walkOver(w.content(tag))
	inner.bad = w.bad
	return inner
}

// optional is into for an element that may be missing: nil then.
func (w *walk) optional(tag byte) *walk {
	if w.tag() != tag {
		return nil
	}
	return w.into(tag)
}

// more reports that something is left to read.
func (w *walk) more() bool { return !w.bad && w.pos < w.end }

// done reports that everything was read as it should be.
func (w *walk) done() bool { return !w.bad && w.pos == w.end }

// integer reads the content of an INTEGER or ENUMERATED in shortest form.
func (w *walk) integer(tag byte) []byte {
	c := w.content(tag)
	if !w.bad && !der.Integer(c) {
		w.bad = true
	}
	return c
}

// small reads a number that fits in one byte and is not negative.
func (w *walk) small(tag byte) int {
	c := w.integer(tag)
	if w.bad || len(c) != 1 || c[0] >= 0x80 {
		w.bad = true
		return 0
	}
	return int(c[0])
}

// time reads UTCTime or GeneralizedTime.
func (w *walk) time() time.Time {
	if w.tag() == der.TagGeneralized {
		return w.generalized()
	}
	s := cryptobyte.String(w.whole(der.TagUTCTime))
	if w.bad {
		return time.Time{}
	}
	t, _, ok := der.ReadTime(&s)
	w.bad = !ok
	return t
}

// generalized reads GeneralizedTime, the only form of OCSP (RFC 6960 section 4.2.2.1).
func (w *walk) generalized() time.Time {
	c := w.content(der.TagGeneralized)
	if w.bad {
		return time.Time{}
	}
	t, ok := der.ParseGeneralized(c)
	w.bad = !ok
	return t
}

// algorithm reads an AlgorithmIdentifier; params is nil when absent.
func (w *walk) algorithm() (oid asn1.ObjectIdentifier, params, whole []byte) {
	whole = w.whole(der.TagSequence)
	s := cryptobyte.String(whole)
	if w.bad {
		return nil, nil, nil
	}
	oid, params, ok := der.ReadAlgorithm(&s)
	w.bad = !ok
	return oid, params, whole
}

// signature reads a BIT STRING of whole bytes.
func (w *walk) signature() []byte {
	c := w.content(der.TagBitString)
	if w.bad || len(c) < 2 || c[0] != 0 {
		w.bad = true
		return nil
	}
	return c[1:]
}

// isTrue reads an optional BOOLEAN of that identifier whose default is FALSE and so is never written.
func (w *walk) isTrue(tag byte) bool {
	if w.tag() != tag {
		return false
	}
	c := w.content(tag)
	if w.bad || len(c) != 1 || c[0] != 0xff {
		w.bad = true
		return false
	}
	return true
}

// tagged is the identifier byte [n] of a primitive, explicit that of a constructed element.
func tagged(n byte) byte   { return 0x80 | n }
func explicit(n byte) byte { return 0xa0 | n }

const tagEnumerated = 0x0a

// maxExtensions bounds the extensions of one list.
const maxExtensions = 64

// extension is one extension as received.
type extension struct {
	oid      []byte // content octets
	critical bool
	value    []byte // content of extnValue
}

// extensions reads Extensions: at least one, each identifier once (RFC 5280 section 4.2).
func (w *walk) extensions(into []extension) []extension {
	list := w.into(der.TagSequence)
	if !list.more() {
		w.bad = true
	}
	for !w.bad && list.more() {
		e := list.into(der.TagSequence)
		x := extension{oid: e.content(der.TagOID)}
		x.critical = e.isTrue(der.TagBoolean)
		x.value = e.content(der.TagOctetString)
		if !e.done() || !der.ObjectIdentifier(x.oid) || len(into) == maxExtensions {
			w.bad = true
		}
		for i := range into {
			if string(into[i].oid) == string(x.oid) {
				w.bad = true
			}
		}
		into = append(into, x)
	}
	w.bad = w.bad || list.bad
	return into
}

// name shows an object identifier in details.
func (x extension) name() string {
	var oid asn1.ObjectIdentifier
	s := cryptobyte.String(append([]byte{der.TagOID, byte(len(x.oid))}, x.oid...))
	if len(x.oid) > 127 || !s.ReadASN1ObjectIdentifier(&oid) {
		return "of a long identifier"
	}
	return oid.String()
}

// read opens the value of an extension as one element of that identifier.
func (x extension) read(tag byte) (inner *walk, ok bool) {
	w := walkOver(x.value)
	inner = w.into(tag)
	return inner, w.done()
}
