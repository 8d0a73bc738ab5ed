// SPDX-License-Identifier: Apache-2.0

// Package c14n alone owns the canonical forms of XML: Canonical XML 1.0 and
// 1.1 and Exclusive XML Canonicalization 1.0, each with and without comments.
//
// A form is written in one pass over the tokens of xmlread, of a whole document
// or of one element in it, with one element left out if asked (the
// enveloped-signature transform). The functions are pure. Time and memory are
// linear in what is written, and that is bounded.
package c14n

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"zaver/signature/xmldsig/xmlread"
)

// Kind is one of the three canonical forms.
type Kind uint8

// The kinds.
const (
	Inclusive   Kind = iota // Canonical XML 1.0
	Inclusive11             // Canonical XML 1.1
	Exclusive               // Exclusive XML Canonicalization 1.0
)

// Method is a canonical form with its parameters.
type Method struct {
	Kind     Kind
	Comments bool
	// Prefixes is the InclusiveNamespaces PrefixList of the exclusive form;
	// "" stands for #default.
	Prefixes []string
}

// identifiers of the methods without comments (XML Signature Syntax 1.1, section 6.5).
var identifiers = [...]string{
	Inclusive:   "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
	Inclusive11: "http://www.w3.org/2006/12/xml-c14n11",
	Exclusive:   "http://www.w3.org/2001/10/xml-exc-c14n#",
}

// ByURI returns the method with that identifier.
func ByURI(uri string) (Method, bool) {
	for k, id := range identifiers {
		switch uri {
		case id:
			return Method{Kind: Kind(k)}, true
		case commented(id):
			return Method{Kind: Kind(k), Comments: true}, true
		}
	}
	return Method{}, false
}

// URI is the method's identifier; the prefixes are no part of it.
func (m Method) URI() string {
	if m.Comments {
		return commented(identifiers[m.Kind])
	}
	return identifiers[m.Kind]
}

func commented(id string) string { return strings.TrimSuffix(id, "#") + "#WithComments" }

// Errors beside those of the reader.
var (
	// ErrNamespace: a relative namespace URI has no canonical form (Canonical XML 1.0 section 1.3).
	ErrNamespace = errors.New("relative namespace URI")
	// ErrBase: xml:base around a part of a document, which Canonical XML 1.1 would have to join, is not supported.
	ErrBase = errors.New("xml:base around a canonical part")
	// ErrTooLarge: the canonical form is over its bound.
	ErrTooLarge = errors.New("canonical form too large")
)

// Options say what of a document is written.
type Options struct {
	// Root leaves out what stands outside the document element.
	Root bool
	// Skip leaves out one element: the offset of its start tag; 0 leaves out none
	// (the document element cannot be left out).
	Skip int
	// Limit bounds the form in bytes; zero is 128 MiB.
	Limit int
}

const defaultLimit = 128 << 20

// Document writes the canonical form of a document that was not read from yet.
// Errors are those of the reader or wrap one of this package.
func (m Method) Document(r *xmlread.Reader, o Options) ([]byte, error) {
	w := newWriter(m, o)
	w.out = make([]byte, 0, min(r.Len()+r.Len()/64, w.limit))
	for {
		t, err := r.Next()
		if errors.Is(err, io.EOF) {
			return w.out, nil
		}
		if err != nil {
			return nil, err
		}
		if t.Kind == xmlread.Start && o.Skip != 0 && t.From == o.Skip {
			if err := skip(r); err != nil {
				return nil, err
			}
			continue
		}
		if err := w.token(r, t, o.Root); err != nil {
			return nil, fmt.Errorf("canonical form: %w", err)
		}
	}
}

// Element writes the canonical form of the element whose start tag the reader
// returned last, with what it inherits; the reader stands behind its end then.
func (m Method) Element(r *xmlread.Reader, o Options) ([]byte, error) {
	w := newWriter(m, o)
	depth := r.Depth()
	t := r.Token()
	for {
		if err := w.token(r, t, false); err != nil {
			return nil, fmt.Errorf("canonical form: %w", err)
		}
		if r.Depth() < depth {
			return w.out, nil
		}
		var err error
		if t, err = r.Next(); err != nil {
			return nil, err
		}
	}
}

// skip reads to the end of the element that has just begun.
func skip(r *xmlread.Reader) error {
	for depth := r.Depth(); r.Depth() >= depth; {
		if _, err := r.Next(); err != nil {
			return err
		}
	}
	return nil
}
