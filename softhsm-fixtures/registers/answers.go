// SPDX-License-Identifier: Apache-2.0

package registers

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"zaver/softhsm-fixtures/mischief"
	"zaver/softhsm-fixtures/people"
)

// register is one of the three behind the bus.
type register struct {
	request xml.Name
	control *mischief.Control
	answer  func(content []byte, mode mischief.Mode) string
}

func (b *Bus) registerOf(content []byte) (register, error) {
	all := []register{
		{xml.Name{Space: "http://kvs.pfr.com/snils-validation/1.0.1", Local: "SnilsValidationRequest"}, &b.SNILS, answerSNILS},
		{xml.Name{Space: "urn://ru/mvd/sovm/p002b/1.0.0", Local: "PassportValidityRequest"}, &b.Passport, answerPassport},
		{xml.Name{Space: "urn://x-artefacts-fns-inn-singular/root/270-18/4.0.1", Local: "FNSINNSingularRequest"}, &b.INN, answerINN},
	}
	for decoder := xml.NewDecoder(bytes.NewReader(content)); ; {
		token, err := decoder.Token()
		if err != nil {
			return register{}, errUnknown
		}
		if start, ok := token.(xml.StartElement); ok {
			for _, r := range all {
				if r.request == start.Name {
					return r, nil
				}
			}
			return register{}, errUnknown
		}
	}
}

type snilsRequest struct {
	FamilyName, FirstName, Patronymic, Snils, Gender, BirthDate string
}

// answerSNILS says whether the SNILS belongs to the person described.
func answerSNILS(raw []byte, mode mischief.Mode) string {
	var q snilsRequest
	if err := xml.Unmarshal(raw, &q); err != nil || mode == mischief.Refuse {
		return rejected("FAILURE", "request cannot be processed")
	}
	p, known := people.BySNILS(strings.NewReplacer("-", "", " ", "").Replace(q.Snils))
	gender := map[people.Gender]string{people.Male: "Male", people.Female: "Female"}[p.Gender]
	match := known && p.Registers.SNILSMatches && sameWord(p.Surname, q.FamilyName) && sameWord(p.Given, q.FirstName) &&
		sameWord(p.Patronymic, q.Patronymic) && gender == q.Gender && p.BirthDate.Format(time.DateOnly) == q.BirthDate
	if mode == mischief.Lie {
		match = !match
	}
	return content(fmt.Sprintf(`<SnilsValidationResponse xmlns="http://kvs.pfr.com/snils-validation/1.0.1"><Result>%t</Result></SnilsValidationResponse>`, match))
}

type passportRequest struct {
	Series, Number, IssueDate, DivisionCode, FamilyName, FirstName, Patronymic, BirthDate string
}

// answerPassport gives the state of the passport (VALID, INVALID, NOT_FOUND) and, when a value differs, which one.
func answerPassport(raw []byte, mode mischief.Mode) string {
	var q passportRequest
	if err := xml.Unmarshal(raw, &q); err != nil || mode == mischief.Refuse {
		return rejected("FAILURE", "request cannot be processed")
	}
	status, field := passportState(q)
	if mode == mischief.Lie {
		status, field = map[string]string{"VALID": "INVALID"}[status], ""
		if status == "" {
			status = "VALID"
		}
	}
	return content(fmt.Sprintf(`<PassportValidityResponse xmlns="urn://ru/mvd/sovm/p002b/1.0.0"><Status>%s</Status><Mismatch>%s</Mismatch></PassportValidityResponse>`, status, field))
}

func passportState(q passportRequest) (status, field string) {
	p, known := people.ByPassport(q.Series, q.Number)
	switch {
	case !known:
		return "NOT_FOUND", ""
	case !p.Registers.PassportValid:
		return "INVALID", ""
	case !sameWord(p.Surname, q.FamilyName) || !sameWord(p.Given, q.FirstName) || !sameWord(p.Patronymic, q.Patronymic):
		return "INVALID", "Name"
	case p.BirthDate.Format(time.DateOnly) != q.BirthDate:
		return "INVALID", "BirthDate"
	case p.Passport.Issued.Format(time.DateOnly) != q.IssueDate:
		return "INVALID", "IssueDate"
	case p.Passport.Division != q.DivisionCode:
		return "INVALID", "DivisionCode"
	}
	return "VALID", ""
}

type innRequest struct {
	Person struct {
		BirthDate string `xml:"ДатаРожд,attr"`
		Name      struct {
			Surname    string `xml:"FamilyName,attr"`
			Given      string `xml:"FirstName,attr"`
			Patronymic string `xml:"Patronymic,attr"`
		} `xml:"ФИО"`
		Document struct {
			Number string `xml:"СерНомДок,attr"`
		} `xml:"УдЛичнФЛ"`
	} `xml:"СведФЛ"`
}

// answerINN gives the person's INN, or the code of the tax service for "not found".
func answerINN(raw []byte, mode mischief.Mode) string {
	var q innRequest
	if err := xml.Unmarshal(raw, &q); err != nil || mode == mischief.Refuse {
		return rejected("FAILURE", "request cannot be processed")
	}
	series, number, _ := strings.Cut(q.Person.Document.Number, " ")
	p, known := people.ByPassport(series, number)
	if known && p.Registers.INNMatches && sameWord(p.Surname, q.Person.Name.Surname) && sameWord(p.Given, q.Person.Name.Given) &&
		p.BirthDate.Format(time.DateOnly) == q.Person.BirthDate {
		inn := p.INN
		if mode == mischief.Lie {
			inn = people.Stranger().INN
		}
		return content(`<FNSINNSingularResponse xmlns="urn://x-artefacts-fns-inn-singular/root/270-18/4.0.1" ИННФЛ="` + inn + `"/>`)
	}
	return rejected("NO_DATA", "INN not found")
}

// sameWord compares as the registers do: without case, ё as е.
func sameWord(a, b string) bool {
	fold := strings.NewReplacer("Ё", "Е", "ё", "е")
	return strings.EqualFold(fold.Replace(strings.TrimSpace(a)), fold.Replace(strings.TrimSpace(b)))
}
