// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"encoding/asn1"
	"strings"

	"zaver/signature/ident"
)

// HolderKind says whose certificate it is.
type HolderKind string

// The kinds of holder (domain rules: who has an OGRNIP is an entrepreneur, who
// has an OGRN or a legal entity's INN is one; a legal entity's certificate
// without a person in it is impersonal, as is one that names nobody).
const (
	Person       HolderKind = "person"
	Entrepreneur HolderKind = "entrepreneur"
	LegalEntity  HolderKind = "legal_entity"
	Impersonal   HolderKind = "impersonal"
)

// Holder is the typed subject. Identifiers that are absent or malformed are
// empty; the latter are in Problems. It holds personal data; do not log it.
type Holder struct {
	Kind HolderKind
	// Name is the person, also the one who acts for a legal entity.
	Name         ident.PersonName
	CommonName   string
	Organization string
	Title        string
	SNILS        ident.SNILS
	INN          ident.INN   // the person's
	INNLE        ident.INNLE // the legal entity's, from either attribute
	OGRN         ident.OGRN
	OGRNIP       ident.OGRNIP
	// Problems holds an *ident.Error for each malformed identifier and an
	// *Error (cert.subject.repeated, cert.subject.conflict) for contradictions.
	// A holder with problems should confirm nobody.
	Problems []error
}

// Holder reads the subject.
func (c *Certificate) Holder() Holder {
	n := c.Subject
	h := Holder{
		CommonName:   n.CommonName(),
		Organization: n.Get(OIDOrganization),
		Title:        n.Get(OIDTitle),
	}
	h.Name.Surname = n.Get(OIDSurname)
	h.Name.Given, h.Name.Patronymic = ident.SplitGivenNames(n.Get(OIDGivenName))

	h.SNILS = typed(&h, n, OIDSNILS, ident.ParseSNILS)
	h.OGRN = typed(&h, n, OIDOGRN, ident.ParseOGRN)
	h.OGRNIP = typed(&h, n, OIDOGRNIP, ident.ParseOGRNIP)
	h.INNLE = typed(&h, n, OIDINNLE, ident.ParseINNLE)
	h.readINN(n)
	for _, oid := range []asn1.ObjectIdentifier{OIDSurname, OIDGivenName} {
		h.single(n, oid)
	}
	h.Kind = h.kind(n)
	return h
}

// typed parses the one value of an identifier. Of values that differ none is
// taken: which one others would read cannot be known.
func typed[T ~string](h *Holder, n Name, oid asn1.ObjectIdentifier, parse func(string) (T, error)) T {
	v, ok := h.single(n, oid)
	if !ok {
		return ""
	}
	id, err := parse(v)
	if err != nil {
		h.Problems = append(h.Problems, err)
	}
	return id
}

func (h *Holder) single(n Name, oid asn1.ObjectIdentifier) (string, bool) {
	all := n.All(oid)
	for _, v := range all {
		if v != all[0] {
			h.Problems = append(h.Problems, &Error{Code: codeRepeated, Reason: "attribute " + oid.String()})
			return "", false
		}
	}
	if len(all) == 0 {
		return "", false
	}
	return all[0], true
}

// readINN sorts the values of the INN attribute: until 2022 it also held a
// legal entity's number, padded with 00.
func (h *Holder) readINN(n Name) {
	var persons, firms []string
	for _, v := range n.All(OIDINN) {
		if len(v) == 10 || strings.HasPrefix(v, "00") {
			firms = append(firms, v)
		} else {
			persons = append(persons, v)
		}
	}
	sub := func(vals []string) Name {
		var out Name
		for _, v := range vals {
			out.Attributes = append(out.Attributes, Attribute{OID: OIDINN, Value: v})
		}
		return out
	}
	h.INN = typed(h, sub(persons), OIDINN, ident.ParseINN)
	if legal := typed(h, sub(firms), OIDINN, ident.ParseINNLE); legal != "" {
		if h.INNLE != "" && h.INNLE != legal {
			h.Problems = append(h.Problems, &Error{Code: codeRepeated, Reason: "two numbers of a legal entity"})
			h.INNLE = ""
			return
		}
		h.INNLE = legal
	}
}

// kind looks at which attributes are there, not whether they are well-formed:
// a broken OGRN must not turn a firm's certificate into a person's.
func (h *Holder) kind(n Name) HolderKind {
	has := func(oid asn1.ObjectIdentifier) bool { return len(n.All(oid)) > 0 }
	legal := has(OIDOGRN) || has(OIDINNLE)
	for _, v := range n.All(OIDINN) {
		legal = legal || len(v) == 10 || strings.HasPrefix(v, "00")
	}
	if legal && has(OIDOGRNIP) {
		h.Problems = append(h.Problems, &Error{Code: codeConflict, Reason: "both a legal entity and an entrepreneur"})
	}
	personal := has(OIDSurname) || has(OIDGivenName) || has(OIDSNILS)
	switch {
	case !personal:
		return Impersonal
	case legal:
		return LegalEntity
	case has(OIDOGRNIP):
		return Entrepreneur
	default:
		return Person
	}
}
