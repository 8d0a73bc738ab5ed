// SPDX-License-Identifier: Apache-2.0

package xmldsig

import (
	"strings"

	"zaver/signature/algo"
	"zaver/signature/xmldsig/c14n"
)

// plan is what a Signature says is to be checked.
type plan struct {
	info        c14n.Method // of SignedInfo
	algorithm   algo.Algorithm
	value       []byte
	content     c14n.Method // of the document
	rootOnly    bool        // the document element alone, referred to by its identifier
	digest      algo.Digest
	digestValue []byte
}

// plan reads the Signature by its schema (XML Signature 1.1 section 4): every
// element at its place, none twice, none unknown.
func (s *located) plan(legacy bool) (*plan, error) {
	parts := s.tree.children
	if !s.tree.blank() || len(parts) < 2 || !parts[0].is("SignedInfo") || !parts[1].is("SignatureValue") {
		return nil, refuse(CodeMalformed, "Signature")
	}
	for i, extra := range parts[2:] {
		if !extra.is("Object") && (i > 0 || !extra.is("KeyInfo")) {
			return nil, refuse(CodeMalformed, "Signature")
		}
	}
	p := &plan{}
	var err error
	if p.value, err = parts[1].binary(); err != nil {
		return nil, err
	}
	info := parts[0].children
	if !parts[0].blank() || len(info) < 3 || !info[0].is("CanonicalizationMethod") || !info[1].is("SignatureMethod") {
		return nil, refuse(CodeMalformed, "SignedInfo")
	}
	if len(info) != 3 || !info[2].is("Reference") {
		return nil, refuse(CodeReference, "not one Reference")
	}
	if p.info, err = form(info[0]); err != nil {
		return nil, err
	}
	method, ok := info[1].attr("Algorithm")
	if !ok || len(info[1].children) > 0 || !info[1].blank() {
		return nil, refuse(CodeMalformed, "SignatureMethod")
	}
	if p.algorithm, err = signatureBy(method, legacy); err != nil {
		return nil, err
	}
	return p, s.reference(p, info[2], legacy)
}

// reference reads the Reference.
func (s *located) reference(p *plan, ref *node, legacy bool) error {
	if err := s.target(p, ref); err != nil {
		return err
	}
	parts := ref.children
	if !ref.blank() || len(parts) != 3 || !parts[0].is("Transforms") || !parts[1].is("DigestMethod") || !parts[2].is("DigestValue") {
		return refuse(CodeMalformed, "Reference")
	}
	var err error
	if p.content, err = transforms(parts[0]); err != nil {
		return err
	}
	method, ok := parts[1].attr("Algorithm")
	if !ok || len(parts[1].children) > 0 || !parts[1].blank() {
		return refuse(CodeMalformed, "DigestMethod")
	}
	if p.digest, err = digestBy(method, legacy); err != nil {
		return err
	}
	p.digestValue, err = parts[2].binary()
	return err
}

// target makes sure that the Reference is to this document as a whole. Such
// references leave comments out, whatever the transforms say (section 4.4.3.3).
func (s *located) target(p *plan, ref *node) error {
	uri, ok := ref.attr("URI")
	switch {
	case !ok:
		return refuse(CodeReference, "no URI")
	case uri == "":
		return nil
	case !strings.HasPrefix(uri, "#") || len(s.root.ids) == 0:
		return refuse(CodeReference, "not to this document")
	}
	for _, id := range s.root.ids {
		if string(id) != uri[1:] || len(id) == 0 {
			continue
		}
		if s.repeated {
			return refuse(CodeDuplicateID, "identifier given twice")
		}
		p.rootOnly = true
		return nil
	}
	return refuse(CodeReference, "not to the document element")
}

// transforms reads the list: enveloped-signature first, then at most one
// canonical form; without one it is Canonical XML 1.0 (section 4.4.3.2).
func transforms(list *node) (c14n.Method, error) {
	if !list.blank() || len(list.children) == 0 || len(list.children) > 2 {
		return c14n.Method{}, refuse(CodeTransform, "not one or two transforms")
	}
	first := list.children[0]
	if uri, _ := first.attr("Algorithm"); !first.is("Transform") || uri != enveloped || len(first.children) > 0 || !first.blank() {
		return c14n.Method{}, refuse(CodeTransform, "the first is not enveloped-signature")
	}
	if len(list.children) == 1 {
		return c14n.Method{}, nil
	}
	second := list.children[1]
	if !second.is("Transform") {
		return c14n.Method{}, refuse(CodeMalformed, "Transforms")
	}
	m, err := form(second)
	m.Comments = false
	return m, err
}

// maxPrefixes bounds an InclusiveNamespaces PrefixList.
const maxPrefixes = 32

// form reads a canonical form and its parameters (Exclusive XML Canonicalization section 4).
func form(n *node) (c14n.Method, error) {
	uri, _ := n.attr("Algorithm")
	m, ok := c14n.ByURI(uri)
	if !ok {
		return m, refuse(CodeTransform, "unknown canonical form")
	}
	if !n.blank() || len(n.children) > 1 || len(n.children) == 1 && m.Kind != c14n.Exclusive {
		return m, refuse(CodeMalformed, n.local)
	}
	if len(n.children) == 0 {
		return m, nil
	}
	child := n.children[0]
	list, ok := child.attr("PrefixList")
	if child.space != excluding || child.local != "InclusiveNamespaces" || !ok || len(child.children) > 0 || !child.blank() {
		return m, refuse(CodeMalformed, n.local)
	}
	m.Prefixes = strings.Fields(list)
	if len(m.Prefixes) > maxPrefixes {
		return m, refuse(CodeTransform, "too many prefixes")
	}
	for i, p := range m.Prefixes {
		if p == "#default" {
			m.Prefixes[i] = ""
		}
	}
	return m, nil
}
