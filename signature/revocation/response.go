// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"encoding/asn1"
	"fmt"
	"sync"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/internal/der"
)

// Content octets of the identifiers of OCSP (RFC 6960 section 4.4, RFC 8954).
const (
	oidBasicResponse  = "\x2b\x06\x01\x05\x05\x07\x30\x01\x01"
	oidNonce          = "\x2b\x06\x01\x05\x05\x07\x30\x01\x02"
	oidCRLReference   = "\x2b\x06\x01\x05\x05\x07\x30\x01\x03"
	oidArchiveCutoff  = "\x2b\x06\x01\x05\x05\x07\x30\x01\x06"
	oidExtendedRevoke = "\x2b\x06\x01\x05\x05\x07\x30\x01\x09"
)

var oidOCSPSigning = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 9}

// Bounds inside one response: an answer about one certificate needs one of each.
const (
	maxSingleResponses = 1024
	maxResponderCerts  = 16
)

// response is an OCSP response whose form is right; nothing of it is proved.
type response struct {
	raw, tbs  []byte
	algorithm asn1.ObjectIdentifier
	params    []byte
	signature []byte

	name       string // key of the responder's name, "" when it is named by key
	keyHash    []byte
	produced   time.Time
	singles    []single
	certs      [][]byte
	reading    sync.Once
	read       []*cert.Certificate
	nonce      []byte // nil when absent
	extended   bool   // "revoked" may mean "never issued" (RFC 6960 section 4.4.8)
	unknown    string // the first critical extension that is not understood
	proof      memo
	delegation memo
}

// single is what is said about one certificate.
type single struct {
	hash                  algo.Digest // zero Size: SHA-1
	known                 bool        // the hash is one we have
	nameHash, keyHash     []byte
	serial                []byte
	status                Status
	revokedAt, invalidity time.Time
	reason                int
	given                 bool      // the reason is there
	this, next, cutoff    time.Time // cutoff: see RFC 6960 section 4.4.4
	unknown               string    // the first critical extension that is not understood
}

// statuses are the words of OCSPResponseStatus (RFC 6960 section 4.2.1).
var statuses = map[int]string{
	1: "malformedRequest", 2: "internalError", 3: "tryLater", 5: "sigRequired", 6: "unauthorized",
}

// readResponse reads an OCSPResponse, or a BasicOCSPResponse as signatures keep it (RFC 5126 section
// 6.3.4), whichever it is.
func readResponse(raw []byte) (*response, *Problem) {
	if len(raw) > MaxOCSP {
		return nil, &Problem{Code: CodeTooLarge, Detail: fmt.Sprintf("OCSP response of %d bytes", len(raw))}
	}
	basic, p := basicOf(raw)
	if p != nil {
		return nil, p
	}
	r := &response{raw: raw}
	top := walkOver(basic)
	w := top.into(der.TagSequence)
	content, whole := w.next(der.TagSequence)
	r.tbs = whole
	r.algorithm, r.params, _ = w.algorithm()
	r.signature = w.signature()
	if x := w.optional(explicit(0)); x != nil {
		list := x.into(der.TagSequence)
		for list.more() && len(r.certs) <= maxResponderCerts {
			r.certs = append(r.certs, list.whole(der.TagSequence))
		}
		w.bad = w.bad || !x.done() || !list.done()
	}
	if !top.done() || !w.done() {
		return nil, malformed("basic OCSP response", nil)
	}
	if p := r.readData(walkOver(content)); p != nil {
		return nil, p
	}
	return r, nil
}

// basicOf opens the outer wrapping, if there is one.
func basicOf(raw []byte) ([]byte, *Problem) {
	top := walkOver(raw)
	w := top.into(der.TagSequence)
	if !top.done() {
		return nil, malformed("OCSP response", nil)
	}
	if w.tag() == der.TagSequence {
		return raw, nil
	}
	status := w.small(tagEnumerated)
	if w.bad {
		return nil, malformed("OCSP response", nil)
	}
	if status != 0 {
		name := statuses[status]
		if name == "" {
			return nil, malformed(fmt.Sprintf("response status %d", status), nil)
		}
		return nil, &Problem{Code: CodeResponder, Detail: name}
	}
	outer := w.into(explicit(0))
	body := outer.into(der.TagSequence)
	kind := body.content(der.TagOID)
	basic := body.content(der.TagOctetString)
	switch {
	case !w.done() || !outer.done() || !body.done():
		return nil, malformed("OCSP response", nil)
	case string(kind) != oidBasicResponse:
		return nil, malformed("response type is not basic", nil)
	}
	return basic, nil
}

// BasicResponse returns the BasicOCSPResponse inside an OCSPResponse: the form in which signatures
// keep answers (RFC 5126 section 6.3.4). The error is a *Problem.
func BasicResponse(raw []byte) ([]byte, error) {
	basic, p := basicOf(raw)
	if p != nil {
		return nil, p
	}
	return basic, nil
}

func (r *response) readData(w *walk) *Problem {
	if w.tag() == explicit(0) {
		return malformed("version is not 1", nil) // which is the default, so never written
	}
	switch w.tag() {
	case explicit(1):
		n := w.into(explicit(1))
		raw := n.whole(der.TagSequence)
		name, err := cert.ParseName(raw)
		if !n.done() || err != nil || len(name.Attributes) == 0 {
			return malformed("responder's name", err)
		}
		r.name = name.Key()
	case explicit(2):
		n := w.into(explicit(2))
		if r.keyHash = n.content(der.TagOctetString); !n.done() || len(r.keyHash) == 0 {
			return malformed("responder's key", nil)
		}
	default:
		return malformed("responder", nil)
	}
	r.produced = w.generalized()
	list := w.into(der.TagSequence)
	for list.more() && len(r.singles) <= maxSingleResponses {
		r.singles = append(r.singles, single{})
		if !r.singles[len(r.singles)-1].read(list.into(der.TagSequence)) {
			return malformed("single response", nil)
		}
	}
	if len(r.singles) > maxSingleResponses || len(r.certs) > maxResponderCerts {
		return &Problem{Code: CodeTooLarge, Detail: "too many answers or certificates in one response"}
	}
	if x := w.optional(explicit(1)); x != nil {
		for _, e := range x.extensions(nil) {
			if !r.readExtension(e) {
				return malformed("response extension "+e.name(), nil)
			}
		}
		w.bad = w.bad || !x.done()
	}
	if !w.done() || !list.done() || len(r.singles) == 0 {
		return malformed("OCSP response data", nil)
	}
	return nil
}

func (r *response) readExtension(x extension) (ok bool) {
	switch string(x.oid) {
	case oidNonce:
		w := walkOver(x.value)
		r.nonce = w.content(der.TagOctetString)
		if r.nonce == nil {
			r.nonce = []byte{}
		}
		return w.done()
	case oidExtendedRevoke:
		w := walkOver(x.value)
		r.extended = len(w.content(der.TagNull)) == 0
		return w.done() && r.extended
	}
	if x.critical && r.unknown == "" {
		r.unknown = x.name()
	}
	return true
}

// read reads a SingleResponse (RFC 6960 section 4.2.1).
func (s *single) read(w *walk) bool {
	id := w.into(der.TagSequence)
	oid, params, _ := id.algorithm()
	s.nameHash = id.content(der.TagOctetString)
	s.keyHash = id.content(der.TagOctetString)
	s.serial = id.integer(der.TagInteger)
	if !id.done() || !s.readStatus(w) {
		return false
	}
	s.hash, s.known = hashOf(oid, params)
	s.this = w.generalized()
	if n := w.optional(explicit(0)); n != nil {
		s.next = n.generalized()
		w.bad = w.bad || !n.done() || s.next.Before(s.this)
	}
	if x := w.optional(explicit(1)); x != nil {
		for _, e := range x.extensions(nil) {
			w.bad = w.bad || !s.readExtension(e)
		}
		w.bad = w.bad || !x.done()
	}
	return w.done()
}

func (s *single) readStatus(w *walk) bool {
	switch w.tag() {
	case tagged(0):
		s.status = Good
		return len(w.content(tagged(0))) == 0 && !w.bad
	case tagged(2):
		s.status = Unknown
		return len(w.content(tagged(2))) == 0 && !w.bad
	case explicit(1):
		s.status = Revoked
		info := w.into(explicit(1))
		s.revokedAt = info.generalized()
		if x := info.optional(explicit(0)); x != nil {
			s.reason, s.given = x.small(tagEnumerated), true
			info.bad = info.bad || !x.done()
		}
		return info.done()
	}
	return false
}

// readExtension understands the extensions of OCSP and those of CRL entries, which RFC 6960 section
// 4.4.5 admits here too.
func (s *single) readExtension(x extension) bool {
	w := walkOver(x.value)
	switch string(x.oid) {
	case oidArchiveCutoff:
		s.cutoff = w.generalized()
		return w.done()
	case oidInvalidityDate:
		s.invalidity = w.generalized()
		return w.done()
	case oidReasonCode:
		if reason := w.small(tagEnumerated); s.reason == 0 {
			s.reason, s.given = reason, true
		}
		return w.done()
	case oidCRLReference:
		w.content(der.TagSequence)
		return w.done()
	}
	if x.critical && s.unknown == "" {
		s.unknown = x.name()
	}
	return true
}
