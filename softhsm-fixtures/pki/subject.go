// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"encoding/asn1"
	"fmt"

	"zaver/softhsm-fixtures/people"
)

// Object identifiers of name attributes (RFC 9215 section 3, RFC 5280 appendix A).
var (
	oidCommonName   = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidSurname      = asn1.ObjectIdentifier{2, 5, 4, 4}
	oidCountry      = asn1.ObjectIdentifier{2, 5, 4, 6}
	oidLocality     = asn1.ObjectIdentifier{2, 5, 4, 7}
	oidRegion       = asn1.ObjectIdentifier{2, 5, 4, 8}
	oidStreet       = asn1.ObjectIdentifier{2, 5, 4, 9}
	oidOrganisation = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidTitle        = asn1.ObjectIdentifier{2, 5, 4, 12}
	oidGivenName    = asn1.ObjectIdentifier{2, 5, 4, 42}
	oidEmail        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}
	oidOGRN         = asn1.ObjectIdentifier{1, 2, 643, 100, 1}
	oidSNILS        = asn1.ObjectIdentifier{1, 2, 643, 100, 3}
	oidINNLE        = asn1.ObjectIdentifier{1, 2, 643, 100, 4}
	oidOGRNIP       = asn1.ObjectIdentifier{1, 2, 643, 100, 5}
	oidINN          = asn1.ObjectIdentifier{1, 2, 643, 3, 131, 1, 1}
)

// Subject is the holder's name in a certificate; empty fields are left out.
type Subject struct {
	CommonName        string
	Surname           string
	GivenName         string // given name and patronymic
	Country           string // two letters
	Region, Locality  string
	Street            string
	Organisation      string
	Title             string
	OGRN, OGRNIP      string
	SNILS, INN, INNLE string
	Email             string
}

// PersonSubject is the name of a natural person's certificate.
func PersonSubject(p people.Person) Subject {
	given := p.Given
	if p.Patronymic != "" {
		given += " " + p.Patronymic
	}
	return Subject{
		CommonName: p.FullName(), Surname: p.Surname, GivenName: given, Country: "RU",
		SNILS: p.SNILS, INN: p.INN, Email: p.Email,
	}
}

// EntrepreneurSubject is the name of an individual entrepreneur's certificate.
func EntrepreneurSubject(p people.Person) Subject {
	s := PersonSubject(p)
	s.OGRNIP = p.OGRNIP
	return s
}

// HeadSubject is the name of a legal entity's certificate made out to its head.
func HeadSubject(p people.Person) Subject {
	s := PersonSubject(p)
	if o := p.Organisation; o != nil {
		s.CommonName, s.Organisation = o.Name, o.Name
		s.Title, s.OGRN, s.INNLE = o.HeadTitle, o.OGRN, o.INN
		s.Region, s.Locality, s.Street = o.Region, o.Locality, o.Street
	}
	return s
}

// SubjectOf picks the form that fits the person: head, entrepreneur, else natural person.
func SubjectOf(p people.Person) Subject {
	switch {
	case p.Organisation != nil:
		return HeadSubject(p)
	case p.OGRNIP != "":
		return EntrepreneurSubject(p)
	}
	return PersonSubject(p)
}

type attribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

type rdn []attribute

// encode gives the DER of the name: UTF8String for words, NumericString for numbers,
// PrintableString for the country, IA5String for mail; every RDN has one attribute.
func (s Subject) encode() ([]byte, error) {
	var name []asn1.RawValue
	add := func(oid asn1.ObjectIdentifier, tag int, value string) error {
		if value == "" {
			return nil
		}
		set, err := asn1.MarshalWithParams(
			rdn{{Type: oid, Value: asn1.RawValue{Tag: tag, Bytes: []byte(value)}}}, "set")
		if err != nil {
			return fmt.Errorf("encode name attribute %v: %w", oid, err)
		}
		name = append(name, asn1.RawValue{FullBytes: set})
		return nil
	}
	for _, a := range []struct {
		oid   asn1.ObjectIdentifier
		tag   int
		value string
	}{
		{oidCommonName, asn1.TagUTF8String, s.CommonName},
		{oidSurname, asn1.TagUTF8String, s.Surname},
		{oidGivenName, asn1.TagUTF8String, s.GivenName},
		{oidCountry, asn1.TagPrintableString, s.Country},
		{oidRegion, asn1.TagUTF8String, s.Region},
		{oidLocality, asn1.TagUTF8String, s.Locality},
		{oidStreet, asn1.TagUTF8String, s.Street},
		{oidOrganisation, asn1.TagUTF8String, s.Organisation},
		{oidTitle, asn1.TagUTF8String, s.Title},
		{oidOGRN, asn1.TagNumericString, s.OGRN},
		{oidOGRNIP, asn1.TagNumericString, s.OGRNIP},
		{oidSNILS, asn1.TagNumericString, s.SNILS},
		{oidINN, asn1.TagNumericString, s.INN},
		{oidINNLE, asn1.TagNumericString, s.INNLE},
		{oidEmail, asn1.TagIA5String, s.Email},
	} {
		if err := add(a.oid, a.tag, a.value); err != nil {
			return nil, err
		}
	}
	return asn1.Marshal(name)
}
