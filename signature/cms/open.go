// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/internal/der"
)

// contextTag returns the tag of a constructed element in the context class.
func contextTag(n uint8) casn1.Tag { return casn1.Tag(n).ContextSpecific().Constructed() }

// Options say what Open is to read. The zero value reads what is inside.
type Options struct {
	// Content is the document of a detached signature; nil when there is none
	// at hand, not nil and empty for the empty document. Content that lies
	// inside as well must be the same bytes.
	Content []byte
	// MaxSize bounds the SignedData in bytes; zero is the reader's own bound.
	MaxSize int
	// Known returns the certificate of these very bytes where it was read
	// before, as trust.Set does, and nil otherwise; it may be nil.
	Known func(der []byte) *cert.Certificate
}

// Parse reads one confirmation and proves its form; see the package comment.
// The error is always a *Problem.
func Parse(b []byte) (*SignedData, error) { return ParseWith(b, Options{}) }

// ParseUpTo is Parse with another bound of the size in bytes: for confirmations
// that carry timestamps, certificates and revocation data ([MaxLongTerm]). The
// bounds of the counts stay.
func ParseUpTo(b []byte, maxSize int) (*SignedData, error) {
	return ParseWith(b, Options{MaxSize: maxSize})
}

// ParseWith is Parse under options; a MaxSize of zero is [MaxSize].
func ParseWith(b []byte, o Options) (*SignedData, error) {
	s, p := parse(b, o)
	if p != nil {
		return nil, p
	}
	return s, nil
}

// Open reads any SignedData in DER for auditors. It keeps parts of b and of
// o.Content without copying them: neither may be written to afterwards. The
// error is always a *Problem and means that the message cannot be taken apart;
// what is wrong with one signer is in the result of its Check.
func Open(b []byte, o Options) (*SignedData, error) {
	s, p := auditor.read(b, o)
	if p != nil {
		return nil, p
	}
	return s, nil
}

// parse is ParseWith with the typed error, so that no nil *Problem becomes an error.
func parse(b []byte, o Options) (*SignedData, *Problem) {
	if o.MaxSize == 0 {
		o.MaxSize = MaxSize
	}
	if len(b) > o.MaxSize {
		return nil, problem(codeTooLarge, "more than %d bytes", o.MaxSize)
	}
	return confirmation.read(bytes.Clone(b), o)
}

// reader is one of the two ways to read.
type reader struct {
	// strict refuses at the first flaw or deviation; else flaws are collected
	// as problems of the signer and deviations as notes.
	strict                                            bool
	certificates, signers, attributes, values, depths int
	counters                                          *int // how many counter-signatures may still be read
	known                                             func(der []byte) *cert.Certificate
}

var (
	confirmation = reader{strict: true, certificates: MaxCertificates, signers: 1, attributes: MaxAttributes, values: maxValues}
	auditor      = reader{certificates: MaxOpenCertificates, signers: MaxOpenSigners, attributes: 128, values: 128, depths: MaxCounterDepth}
)

// flaw refuses, or remembers what Check is to say about the signer.
func (r reader) flaw(si *SignerInfo, p *Problem) *Problem {
	if r.strict || p == nil {
		return p
	}
	si.problems = append(si.problems, p)
	return nil
}

// deviation refuses under the one code, or notes under the other.
func (r reader) deviation(notes *[]*Problem, code, note, format string, args ...any) *Problem {
	if r.strict {
		return problem(code, format, args...)
	}
	*notes = append(*notes, problem(note, format, args...))
	return nil
}

func (r reader) read(b []byte, o Options) (*SignedData, *Problem) {
	if o.MaxSize == 0 {
		o.MaxSize = MaxOpenSize
	}
	if len(b) > o.MaxSize {
		return nil, problem(codeTooLarge, "more than %d bytes", o.MaxSize)
	}
	counters := MaxOpenSigners
	r.counters, r.known = &counters, o.Known
	s, p := r.readInfo(b, o)
	if p != nil && p.Code == codeMalformed && isBER(b) {
		return nil, problem(codeNotDER, "BER, not DER: %s", p.Detail)
	}
	if p != nil {
		return nil, p
	}
	return s, nil
}

func (r reader) readInfo(b []byte, o Options) (*SignedData, *Problem) {
	in := cryptobyte.String(b)
	s := &SignedData{Raw: b}
	var info, explicit, body cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&info, casn1.SEQUENCE) {
		return nil, problem(codeMalformed, "not a SEQUENCE in DER")
	}
	if !in.Empty() {
		return nil, problem(codeTrailing, "%d bytes behind the end", len(in))
	}
	if !info.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(oidSignedData) {
		return nil, problem(codeMalformed, "not SignedData")
	}
	if !info.ReadASN1(&explicit, contextTag(0)) || !info.Empty() || !explicit.ReadASN1(&body, casn1.SEQUENCE) || !explicit.Empty() {
		return nil, problem(codeMalformed, "ContentInfo")
	}
	if p := r.readBody(s, body, o); p != nil {
		return nil, p
	}
	return s, nil
}

// readBody reads SignedData (RFC 5652 section 5.1).
func (r reader) readBody(s *SignedData, body cryptobyte.String, o Options) *Problem {
	if !body.ReadASN1Integer(&s.Version) {
		return problem(codeMalformed, "version of SignedData")
	}
	if s.Version < 0 || s.Version > 5 {
		return problem(codeVersion, "version of SignedData is none that is defined")
	}
	if p := r.readDigests(s, &body); p != nil {
		return p
	}
	if p := r.readContent(s, &body, o); p != nil {
		return p
	}
	kinds, p := r.readCertificates(s, &body)
	if p != nil {
		return p
	}
	other, p := r.readRevocation(s, &body)
	if p != nil {
		return p
	}
	kinds.other = kinds.other || other
	if p := r.readSigners(s, body); p != nil {
		return p
	}
	return r.checkOutside(s, kinds)
}

// readSigners reads the set of SignerInfo, which ends the body.
func (r reader) readSigners(s *SignedData, body cryptobyte.String) *Problem {
	var signers, signer cryptobyte.String
	if !body.ReadASN1(&signers, casn1.SET) || !body.Empty() {
		return problem(codeMalformed, "signers")
	}
	if signers.Empty() {
		return problem(codeSigners, "nobody signed")
	}
	signed := &payload{bytes: s.Content, absent: s.Content == nil}
	for !signers.Empty() {
		if !signers.ReadASN1Element(&signer, casn1.SEQUENCE) {
			return problem(codeMalformed, "signer")
		}
		if len(s.Signers) == r.signers {
			if r.strict {
				return problem(codeSigners, "several signed")
			}
			return problem(codeTooLarge, "more than %d signers", r.signers)
		}
		si := &SignerInfo{content: signed}
		if p := r.readSigner(si, signer, s.ContentType, r.depths); p != nil {
			return p
		}
		s.Signers = append(s.Signers, si)
	}
	s.Signer = s.Signers[0]
	return nil
}

// checkOutside compares what lies around the signers with them.
func (r reader) checkOutside(s *SignedData, kinds kinds) *Problem {
	if want := version(s, kinds); s.Version != want {
		p := problem(codeVersion, "SignedData says %d, its parts make it %d", s.Version, want)
		for _, si := range s.Signers {
			if p := r.flaw(si, p); p != nil {
				return p
			}
		}
	}
	for _, si := range s.Signers {
		digest := si.Algorithm.Digest
		if digest.Name == "" || slices.ContainsFunc(s.Digests, digest.OID.Equal) {
			continue
		}
		if p := r.deviation(&si.Notes, codeAlgorithm, noteDigestList, "digest %s of a signer is not listed outside", digest.Name); p != nil {
			return p
		}
	}
	if r.strict && len(s.Digests) > 1 {
		return problem(codeAlgorithm, "several digest algorithms for one signer")
	}
	return nil
}

// version is the rule of RFC 5652 section 5.1.
func version(s *SignedData, kinds kinds) int {
	three := func(si *SignerInfo) bool { return si.Version == 3 }
	switch {
	case kinds.other:
		return 5
	case kinds.v2:
		return 4
	case kinds.v1 || slices.ContainsFunc(s.Signers, three) || !s.ContentType.Equal(OIDData):
		return 3
	default:
		return 1
	}
}

func (r reader) readDigests(s *SignedData, body *cryptobyte.String) *Problem {
	var set cryptobyte.String
	if !body.ReadASN1(&set, casn1.SET) {
		return problem(codeMalformed, "digest algorithms")
	}
	if r.strict && set.Empty() {
		return problem(codeAlgorithm, "no digest algorithm")
	}
	for !set.Empty() {
		oid, params, ok := der.ReadAlgorithm(&set)
		if !ok {
			return problem(codeMalformed, "digest algorithm")
		}
		if len(s.Digests) == r.signers+1 {
			return problem(codeTooLarge, "more than %d digest algorithms", r.signers+1)
		}
		if _, err := algo.DigestByOID(oid, params); err != nil && r.strict {
			return &Problem{Code: codeAlgorithm, Detail: "digest", Cause: err}
		}
		s.Digests = append(s.Digests, oid)
	}
	return nil
}

// readContent reads EncapsulatedContentInfo (RFC 5652 section 5.2).
func (r reader) readContent(s *SignedData, body *cryptobyte.String, o Options) *Problem {
	var encap, explicit cryptobyte.String
	if !body.ReadASN1(&encap, casn1.SEQUENCE) || !encap.ReadASN1ObjectIdentifier(&s.ContentType) {
		return problem(codeMalformed, "content")
	}
	if r.strict && !s.ContentType.Equal(OIDData) {
		return problem(codeContentType, "content is of type %v", s.ContentType)
	}
	if encap.Empty() {
		s.Detached, s.Content = true, o.Content
		if r.strict {
			return problem(codeDetached, "content is not inside")
		}
		return nil
	}
	if !encap.ReadASN1(&explicit, contextTag(0)) || !encap.Empty() ||
		!explicit.ReadASN1Bytes(&s.Content, casn1.OCTET_STRING) || !explicit.Empty() {
		return problem(codeMalformed, "content is not one OCTET STRING in DER")
	}
	if o.Content != nil && !bytes.Equal(o.Content, s.Content) {
		return problem(codeOtherContent, "content inside is not the document given")
	}
	return nil
}
