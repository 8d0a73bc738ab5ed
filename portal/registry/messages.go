// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"encoding/xml"
	"fmt"
	"time"

	"zaver/portal/fault"
	"zaver/portal/profile"
	"zaver/portal/registry/smev"
	"zaver/signature/ident"
)

// The kinds of information on the bus, by namespace and root element of the request.
const (
	snilsNS    = "http://kvs.pfr.com/snils-validation/1.0.1"
	passportNS = "urn://ru/mvd/sovm/p002b/1.0.0"
	innNS      = "urn://x-artefacts-fns-inn-singular/root/270-18/4.0.1"
)

func selector(kind Kind) smev.Kind {
	switch kind {
	case SNILS:
		return smev.Kind{Namespace: snilsNS, Root: "SnilsValidationRequest"}
	case Passport:
		return smev.Kind{Namespace: passportNS, Root: "PassportValidityRequest"}
	default:
		return smev.Kind{Namespace: innNS, Root: "FNSINNSingularRequest"}
	}
}

// field is the form field that a register's bare "no" is about.
func field(kind Kind) string {
	return map[Kind]string{SNILS: profile.FieldSNILS, Passport: profile.FieldPassportNumber}[kind]
}

type snilsRequest struct {
	XMLName    xml.Name `xml:"http://kvs.pfr.com/snils-validation/1.0.1 SnilsValidationRequest"`
	FamilyName string
	FirstName  string
	Patronymic string `xml:",omitempty"`
	Snils      string
	Gender     string
	BirthDate  string
}

type passportRequest struct {
	XMLName      xml.Name `xml:"urn://ru/mvd/sovm/p002b/1.0.0 PassportValidityRequest"`
	Series       string
	Number       string
	IssueDate    string
	DivisionCode string
	FamilyName   string
	FirstName    string
	Patronymic   string `xml:",omitempty"`
	BirthDate    string
}

type innRequest struct {
	XMLName xml.Name  `xml:"urn://x-artefacts-fns-inn-singular/root/270-18/4.0.1 FNSINNSingularRequest"`
	ID      string    `xml:"ИдЗапрос,attr"`
	Person  innPerson `xml:"СведФЛ"`
}

type innPerson struct {
	BirthDate  string      `xml:"ДатаРожд,attr"`
	BirthPlace string      `xml:"МестоРожд,attr"`
	Name       innName     `xml:"ФИО"`
	Document   innDocument `xml:"УдЛичнФЛ"`
}

type innName struct {
	FamilyName string `xml:"FamilyName,attr"`
	FirstName  string `xml:"FirstName,attr"`
	Patronymic string `xml:"Patronymic,attr,omitempty"`
}

// innDocument is a passport: document kind 21, series and number with a space.
type innDocument struct {
	Kind   string `xml:"КодВидДок,attr"`
	Number string `xml:"СерНомДок,attr"`
	Issued string `xml:"ДатаДок,attr"`
}

func request(kind Kind, id string, q Question) ([]byte, error) {
	var message any
	birth, issued := q.BirthDate.Format(time.DateOnly), q.Issued.Format(time.DateOnly)
	switch kind {
	case SNILS:
		gender := "Female"
		if q.Male {
			gender = "Male"
		}
		message = snilsRequest{FamilyName: q.Name.Surname, FirstName: q.Name.Given, Patronymic: q.Name.Patronymic,
			Snils: q.SNILS.Formatted(), Gender: gender, BirthDate: birth}
	case Passport:
		message = passportRequest{Series: q.Passport.Series, Number: q.Passport.Number, IssueDate: issued, DivisionCode: string(q.Division),
			FamilyName: q.Name.Surname, FirstName: q.Name.Given, Patronymic: q.Name.Patronymic, BirthDate: birth}
	case INN:
		message = innRequest{ID: id, Person: innPerson{BirthDate: birth, BirthPlace: q.BirthPlace,
			Name:     innName{FamilyName: q.Name.Surname, FirstName: q.Name.Given, Patronymic: q.Name.Patronymic},
			Document: innDocument{Kind: "21", Number: q.Passport.Series + " " + q.Passport.Number, Issued: issued}}}
	default:
		return nil, fmt.Errorf("no register answers kind %q", kind)
	}
	raw, err := xml.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("write question: %w", err)
	}
	return raw, nil
}

// outcome reads an answer. What can't be read is no answer for the person, but it must end: the register is not asked for ever.
func outcome(kind Kind, a *smev.Answer) Outcome {
	if a.Rejection != nil {
		if a.Rejection.Code == "NO_DATA" {
			return Outcome{Reason: NotFound, Field: field(kind)}
		}
		return Outcome{Reason: Unprocessed}
	}
	o, err := read(kind, a.Content)
	if err != nil {
		return Outcome{Reason: Unprocessed}
	}
	return o
}

func read(kind Kind, content []byte) (Outcome, error) {
	switch kind {
	case SNILS:
		var r struct {
			XMLName xml.Name `xml:"http://kvs.pfr.com/snils-validation/1.0.1 SnilsValidationResponse"`
			Result  bool
		}
		if err := xml.Unmarshal(content, &r); err != nil {
			return Outcome{}, fmt.Errorf("read answer about SNILS: %w", err)
		}
		return verdict(r.Result, Mismatch, field(kind)), nil
	case Passport:
		var r struct {
			XMLName          xml.Name `xml:"urn://ru/mvd/sovm/p002b/1.0.0 PassportValidityResponse"`
			Status, Mismatch string
		}
		if err := xml.Unmarshal(content, &r); err != nil {
			return Outcome{}, fmt.Errorf("read answer about passport: %w", err)
		}
		return passportOutcome(r.Status, r.Mismatch), nil
	default:
		var r struct {
			XMLName xml.Name `xml:"urn://x-artefacts-fns-inn-singular/root/270-18/4.0.1 FNSINNSingularResponse"`
			INN     string   `xml:"ИННФЛ,attr"`
		}
		if err := xml.Unmarshal(content, &r); err != nil {
			return Outcome{}, fmt.Errorf("read answer about INN: %w", err)
		}
		inn, err := ident.ParseINN(r.INN)
		if err != nil {
			return Outcome{}, fmt.Errorf("read answer about INN: %w", err)
		}
		return Outcome{Passed: true, INN: inn}, nil
	}
}

func passportOutcome(status, mismatch string) Outcome {
	fields := map[string]string{"Name": profile.FieldSurname, "BirthDate": profile.FieldBirthDate,
		"IssueDate": profile.FieldPassportIssued, "DivisionCode": profile.FieldDivisionCode}
	switch {
	case status == "VALID":
		return Outcome{Passed: true}
	case status == "NOT_FOUND":
		return Outcome{Reason: NotFound, Field: field(Passport)}
	case fields[mismatch] != "":
		return Outcome{Reason: Mismatch, Field: fields[mismatch]}
	default:
		return Outcome{Reason: Invalid, Field: field(Passport)}
	}
}

func verdict(passed bool, reason fault.Code, field string) Outcome {
	if passed {
		return Outcome{Passed: true}
	}
	return Outcome{Reason: reason, Field: field}
}
