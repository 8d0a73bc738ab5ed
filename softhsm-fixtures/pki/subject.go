// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/people"
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

// ImpersonalSubject is the name of a certificate of the head's organisation that names no person, as
// information systems have.
func ImpersonalSubject(p people.Person) Subject {
	s := HeadSubject(p)
	s.Surname, s.GivenName, s.Title, s.SNILS, s.INN = "", "", "", "", ""
	return s
}

// subjectOf picks the form that fits the person: head, entrepreneur, else natural person.
func subjectOf(p people.Person) Subject {
	switch {
	case p.Organisation != nil:
		return HeadSubject(p)
	case p.OGRNIP != "":
		return EntrepreneurSubject(p)
	}
	return PersonSubject(p)
}

// encode gives the DER of the name: UTF8String for words, NumericString for numbers,
// PrintableString for the country, IA5String for mail; every RDN has one attribute.
func (s Subject) encode() mint.Name {
	var rdns [][]byte
	for _, a := range []struct{ kind, value string }{
		{"CN", s.CommonName}, {"SN", s.Surname}, {"GN", s.GivenName}, {"C", s.Country}, {"ST", s.Region}, {"L", s.Locality},
		{"STREET", s.Street}, {"O", s.Organisation}, {"T", s.Title}, {"OGRN", s.OGRN}, {"OGRNIP", s.OGRNIP}, {"SNILS", s.SNILS},
		{"INN", s.INN}, {"INNLE", s.INNLE}, {"E", s.Email},
	} {
		if a.value != "" {
			rdns = append(rdns, mint.RDN(mint.Attr(a.kind, 0, a.value)))
		}
	}
	return mint.NameOf(rdns...)
}
