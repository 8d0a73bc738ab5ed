// SPDX-License-Identifier: Apache-2.0

// Package xmldsig alone owns the enveloped XML signature over a whole document
// (XML Signature Syntax and Processing 1.1): its check and its making, with
// GOST R 34.10-2012, RSA and ECDSA alike.
//
// Signature wrapping has no place to begin: there is one Signature, a child of
// the document element, with one Reference to the whole document and no
// transform but enveloped-signature and a canonical form. What was signed is
// returned as bytes ([Verified].Content), and these bytes are what a caller
// reads, never the document. Document types, XPath, XSLT, other transforms,
// other documents and HMAC are refused.
//
// Who signed is the caller's to judge: the package proves only that the key of
// [Verified].Signer did. Sub-packages: xmlread reads tokens, c14n writes
// canonical forms. Everything is pure, linear in the document, and safe for
// many goroutines. A document is at most 64 MiB unless Options says less.
package xmldsig

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/xmldsig/c14n"
	"zaver/signature/xmldsig/xmlread"
)

// Codes of *Error beside those of xmlread. They are stable.
const (
	CodeNoSignature  = "xmldsig.no_signature"  // no Signature below the document element
	CodeSignatures   = "xmldsig.signatures"    // more than one, or one elsewhere
	CodeMalformed    = "xmldsig.malformed"     // the Signature is not in the form of its schema
	CodeReference    = "xmldsig.reference"     // it is not the whole document that is referred to
	CodeTransform    = "xmldsig.transform"     // a transform that is not read
	CodeDuplicateID  = "xmldsig.duplicate_id"  // the identifier that is referred to occurs twice
	CodeAlgorithm    = "xmldsig.algorithm"     // unknown, or for old data only
	CodeDigest       = "xmldsig.digest"        // the document is not what was signed
	CodeKey          = "xmldsig.key"           // no certificate to check with, or a broken one
	CodeSignature    = "xmldsig.signature"     // the signature does not hold under any certificate given
	CodeNotCanonical = "xmldsig.not_canonical" // the document has no canonical form
)

// Codes returns every code of this package and of xmlread.
func Codes() []string {
	return append(xmlread.Codes(), CodeNoSignature, CodeSignatures, CodeMalformed, CodeReference, CodeTransform, CodeDuplicateID,
		CodeAlgorithm, CodeDigest, CodeKey, CodeSignature, CodeNotCanonical)
}

// Error says why a document was refused. Its text holds nothing of the document.
type Error struct {
	Code   string
	Reason string
	Cause  error
}

// Error returns code, reason and cause.
func (e *Error) Error() string {
	s := e.Code + ": " + e.Reason
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

func refuse(code, reason string) error { return &Error{Code: code, Reason: reason} }

// wrap gives an error of reading or canonical forms its code.
func wrap(err error) error {
	var e *xmlread.Error
	switch {
	case errors.As(err, &e):
		return &Error{Code: e.Code, Reason: "read document", Cause: err}
	case errors.Is(err, c14n.ErrTooLarge):
		return &Error{Code: xmlread.CodeTooLarge, Reason: "read document", Cause: err}
	}
	return &Error{Code: CodeNotCanonical, Reason: "read document", Cause: err}
}

// Options of a check; the zero value is good.
type Options struct {
	// MaxBytes bounds the document; zero is 64 MiB.
	MaxBytes int
	// Certificates may be the signer's where the document names none.
	Certificates []*cert.Certificate
	// Legacy allows the algorithms that only serve to verify old data.
	Legacy bool
}

// Verified is a signature that holds.
type Verified struct {
	// Content is what was signed: the canonical form of the document without the
	// signature and without comments. Read this, not the document.
	Content []byte
	// Digest is the algorithm and value over Content.
	Digest Digest
	// Signer is the certificate whose key made the signature. It may come from
	// the document: nothing else about it is proved.
	Signer *cert.Certificate
	// Certificates are all that KeyInfo holds, to find a path with.
	Certificates []*cert.Certificate
	// Algorithm is that of the signature.
	Algorithm algo.Algorithm
}

// Digest is a digest and what it was made with.
type Digest struct {
	Algorithm algo.Digest
	Value     []byte
}

// Verify checks the one signature of a document. It returns *Error.
func Verify(doc []byte, o Options) (*Verified, error) {
	s, err := locate(doc, xmlread.Limits{Bytes: o.MaxBytes})
	if err != nil {
		return nil, err
	}
	p, err := s.plan(o.Legacy)
	if err != nil {
		return nil, err
	}
	content, err := p.content.Document(xmlread.New(doc, xmlread.Limits{Bytes: o.MaxBytes}), c14n.Options{Root: p.rootOnly, Skip: s.at})
	if err != nil {
		return nil, wrap(err)
	}
	if !bytes.Equal(p.digest.Sum(content), p.digestValue) {
		return nil, refuse(CodeDigest, "the document is not what was signed")
	}
	signed, err := p.info.Element(s.info.Clone(), c14n.Options{Limit: 2 * maxSignature})
	if err != nil {
		return nil, wrap(err)
	}
	inside, err := s.certificates()
	if err != nil {
		return nil, err
	}
	signer, err := p.signer(signed, append(inside[:len(inside):len(inside)], o.Certificates...))
	if err != nil {
		return nil, err
	}
	return &Verified{Content: content, Digest: Digest{p.digest, p.digestValue}, Signer: signer, Certificates: inside, Algorithm: p.algorithm}, nil
}

// signer finds the certificate under which the signature holds.
func (p *plan) signer(signed []byte, candidates []*cert.Certificate) (*cert.Certificate, error) {
	if len(candidates) == 0 {
		return nil, refuse(CodeKey, "no certificate of the signer")
	}
	input := p.algorithm.Input(signed)
	fits := false
	for i, c := range candidates {
		if i == maxCertificates {
			break
		}
		if !p.algorithm.Allows(c.PublicKey.Kind(), c.PublicKey.Bits()) {
			continue
		}
		fits = true
		sig, ok := fromXML(p.algorithm, p.value, c.PublicKey.Bits())
		if ok && c.PublicKey.Verify(p.algorithm, input, sig) == nil {
			return c, nil
		}
	}
	if !fits {
		return nil, refuse(CodeKey, "no certificate has a key for "+p.algorithm.Name)
	}
	return nil, refuse(CodeSignature, "the signature does not hold")
}

// base64Text reads xs:base64Binary: white space anywhere, nothing else beside the alphabet.
func base64Text(s []byte) ([]byte, error) {
	clean := make([]byte, 0, len(s))
	for _, c := range s {
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			clean = append(clean, c)
		}
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(clean)))
	n, err := base64.StdEncoding.Strict().Decode(out, clean)
	if err != nil || n == 0 {
		return nil, fmt.Errorf("base64: %w", cmpErr(err))
	}
	return out[:n], nil
}

func cmpErr(err error) error {
	if err == nil {
		return errors.New("empty")
	}
	return err
}
