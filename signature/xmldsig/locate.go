// SPDX-License-Identifier: Apache-2.0

package xmldsig

import (
	"bytes"
	"errors"
	"io"

	"zaver/signature/cert"
	"zaver/signature/xmldsig/xmlread"
)

// Bounds of one Signature element.
const (
	maxSignature    = 1 << 20 // bytes as written
	maxElements     = 512     // elements in it that are kept
	maxCertificates = 8       // certificates in KeyInfo, and tried
)

// located is the signature of a document that was read to its end.
type located struct {
	at   int // offset of the Signature
	root struct {
		ids [][]byte // identifiers of the document element
	}
	repeated bool // one of them occurs elsewhere too
	tree     *node
	info     *xmlread.Reader // stands on SignedInfo
}

// node is an element of the Signature. Objects are not kept.
type node struct {
	space, local string
	attrs        []xmlread.Attr
	children     []*node
	text         []byte
	untidy       bool // comments or instructions inside
}

// identifiers are the attributes that name an element without a document type.
var identifiers = []string{"Id", "ID", "id"}

func idsOf(t *xmlread.Token) (out [][]byte) {
	for i := range t.Attrs {
		a := &t.Attrs[i]
		named := a.Space == "" && (a.Local == identifiers[0] || a.Local == identifiers[1] || a.Local == identifiers[2])
		if named || a.Space == xmlread.XML && a.Local == "id" {
			out = append(out, a.Value)
		}
	}
	return out
}

// locate reads the whole document and keeps its Signature.
func locate(doc []byte, limits xmlread.Limits) (*located, error) {
	r := xmlread.New(doc, limits)
	s := &located{}
	for {
		t, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, wrap(err)
		}
		if t.Kind != xmlread.Start {
			continue
		}
		if r.Depth() == 1 {
			for _, id := range idsOf(t) {
				s.root.ids = append(s.root.ids, bytes.Clone(id))
			}
		} else if len(s.root.ids) > 0 && len(t.Attrs) > 0 {
			s.note(t)
		}
		if !t.Is(Namespace, "Signature") {
			continue
		}
		if r.Depth() != 2 || s.tree != nil {
			return nil, refuse(CodeSignatures, "a signature that is not the one of the document element")
		}
		s.at = t.From
		if err := s.keep(r.Clone()); err != nil {
			return nil, err
		}
	}
	if s.tree == nil {
		return nil, refuse(CodeNoSignature, "no signature")
	}
	return s, nil
}

// note looks for identifiers of the document element elsewhere.
func (s *located) note(t *xmlread.Token) {
	for _, id := range idsOf(t) {
		for _, root := range s.root.ids {
			s.repeated = s.repeated || bytes.Equal(id, root)
		}
	}
}

// keep reads the Signature into a tree.
func (s *located) keep(r *xmlread.Reader) error {
	depth := r.Depth()
	s.tree = newNode(r.Token())
	stack := []*node{s.tree}
	for count := 0; ; {
		t, err := r.Next()
		if err != nil {
			return wrap(err)
		}
		if t.To-s.at > maxSignature {
			return &Error{Code: xmlread.CodeTooLarge, Reason: "signature too long"}
		}
		top := stack[len(stack)-1]
		switch t.Kind {
		case xmlread.Start:
			if count++; count > maxElements {
				return &Error{Code: xmlread.CodeTooLarge, Reason: "signature with too many elements"}
			}
			if r.Depth() == depth+1 && t.Is(Namespace, "SignedInfo") && s.info == nil {
				s.info = r.Clone()
			}
			n := newNode(t)
			top.children, stack = append(top.children, n), append(stack, n)
		case xmlread.End:
			if stack = stack[:len(stack)-1]; len(stack) == 0 {
				return nil
			}
		case xmlread.Text:
			top.text = append(top.text, t.Data...)
		default:
			top.untidy = true
		}
	}
}

func newNode(t *xmlread.Token) *node {
	n := &node{space: t.Space, local: t.Local}
	for _, a := range t.Attrs {
		a.Value = bytes.Clone(a.Value)
		n.attrs = append(n.attrs, a)
	}
	return n
}

func (n *node) is(local string) bool { return n.space == Namespace && n.local == local }

// attr returns an attribute without a namespace.
func (n *node) attr(local string) (string, bool) {
	for _, a := range n.attrs {
		if a.Space == "" && a.Local == local {
			return string(a.Value), true
		}
	}
	return "", false
}

// blank reports that an element has no text of its own beside its children.
func (n *node) blank() bool { return len(bytes.TrimSpace(n.text)) == 0 }

// binary reads an element that holds base64 and nothing else.
func (n *node) binary() ([]byte, error) {
	if len(n.children) > 0 || n.untidy {
		return nil, refuse(CodeMalformed, n.local+" holds more than text")
	}
	b, err := base64Text(n.text)
	if err != nil {
		return nil, &Error{Code: CodeMalformed, Reason: n.local, Cause: err}
	}
	return b, nil
}

// certificates are those of KeyInfo, in their order.
func (s *located) certificates() ([]*cert.Certificate, error) {
	var out []*cert.Certificate
	for _, info := range s.tree.children {
		if !info.is("KeyInfo") {
			continue
		}
		for _, data := range info.children {
			for _, c := range data.children {
				if !data.is("X509Data") || !c.is("X509Certificate") {
					continue
				}
				if len(out) == maxCertificates {
					return nil, refuse(CodeKey, "too many certificates")
				}
				der, err := c.binary()
				if err != nil {
					return nil, err
				}
				parsed, err := cert.Parse(der)
				if err != nil {
					return nil, &Error{Code: CodeKey, Reason: "certificate", Cause: err}
				}
				out = append(out, parsed)
			}
		}
	}
	return out, nil
}
