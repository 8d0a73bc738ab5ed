// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/ident"
	"zaver/signature/internal/der"
)

var firm = []pair{
	{OIDCommonName, 0, "ООО «Ромашка»"}, {OIDOrganization, 0, "ООО «Ромашка»"}, {OIDTitle, 0, "Генеральный директор"},
	{OIDSurname, 0, "Алиев"}, {OIDGivenName, 0, "Али Гасан оглы"},
	{OIDSNILS, der.TagNumeric, "98765432183"}, {OIDINN, der.TagNumeric, "500100732259"},
	{OIDINNLE, der.TagNumeric, "7710474375"}, {OIDOGRN, der.TagNumeric, "1027700132195"},
}

func with(base []pair, extra ...pair) []pair { return append(base[:len(base):len(base)], extra...) }

func TestHolder(t *testing.T) {
	anna := ident.PersonName{Surname: "Семёнова", Given: "Анна", Patronymic: "Ивановна"}
	wantPerson := Holder{Kind: Person, Name: anna, CommonName: "Семёнова Анна Ивановна", SNILS: "11223344595", INN: "500100732259"}
	wantFirm := Holder{
		Kind: LegalEntity, Name: ident.PersonName{Surname: "Алиев", Given: "Али", Patronymic: "Гасан оглы"}, CommonName: "ООО «Ромашка»",
		Organization: "ООО «Ромашка»", Title: "Генеральный директор", SNILS: "98765432183", INN: "500100732259", INNLE: "7710474375", OGRN: "1027700132195",
	}
	set := func(h Holder, f func(*Holder)) Holder { f(&h); return h }
	for name, r := range map[string]struct {
		subject []pair
		want    Holder
		problem string
	}{
		"person":       {person, wantPerson, ""},
		"entrepreneur": {with(person, pair{OIDOGRNIP, der.TagNumeric, "304500116000157"}), set(wantPerson, func(h *Holder) { h.Kind, h.OGRNIP = Entrepreneur, "304500116000157" }), ""},
		"legal entity": {firm, wantFirm, ""},
		"legal entity before 2022": {
			with(firm[:5], firm[5], firm[8], pair{OIDINN, der.TagNumeric, "007710474375"}),
			set(wantFirm, func(h *Holder) { h.INN = "" }), "",
		},
		"padded number beside the same": {with(firm, pair{OIDINN, der.TagNumeric, "007710474375"}), wantFirm, ""},
		"padded number of another":      {with(firm, pair{OIDINN, der.TagNumeric, "005001007329"}), set(wantFirm, func(h *Holder) { h.INNLE = "" }), codeRepeated},
		"impersonal":                    {with(firm[:2], firm[7], firm[8]), Holder{Kind: Impersonal, CommonName: "ООО «Ромашка»", Organization: "ООО «Ромашка»", INNLE: "7710474375", OGRN: "1027700132195"}, ""},
		"nobody":                        {nil, Holder{Kind: Impersonal}, ""},
		"wrong SNILS":                   {with(person[:5], pair{OIDSNILS, der.TagNumeric, "11223344594"}, person[6]), set(wantPerson, func(h *Holder) { h.SNILS = "" }), "ident.snils.check"},
		"nine-digit INNLE":              {with(person, pair{OIDINNLE, der.TagNumeric, "771047437"}), set(wantPerson, func(h *Holder) { h.Kind = LegalEntity }), "ident.innle.format"},
		"wrong OGRN stays legal":        {with(person, pair{OIDOGRN, der.TagNumeric, "1"}), set(wantPerson, func(h *Holder) { h.Kind = LegalEntity }), "ident.ogrn.format"},
		"wrong OGRNIP":                  {with(person, pair{OIDOGRNIP, der.TagNumeric, "1"}), set(wantPerson, func(h *Holder) { h.Kind = Entrepreneur }), "ident.ogrnip.format"},
		"wrong INN":                     {with(person[:6], pair{OIDINN, der.TagNumeric, "500100732258"}), set(wantPerson, func(h *Holder) { h.INN = "" }), "ident.inn.check"},
		"SNILS of two people":           {with(person, pair{OIDSNILS, der.TagNumeric, "98765432183"}), set(wantPerson, func(h *Holder) { h.SNILS = "" }), codeRepeated},
		"SNILS twice the same":          {with(person, pair{OIDSNILS, der.TagNumeric, "11223344595"}), wantPerson, ""},
		"two surnames":                  {with(person, pair{OIDSurname, 0, "Иванова"}), wantPerson, codeRepeated},
		"entrepreneur and legal entity": {with(person, pair{OIDOGRNIP, der.TagNumeric, "304500116000157"}, pair{OIDOGRN, der.TagNumeric, "1027700132195"}), set(wantPerson, func(h *Holder) { h.Kind, h.OGRNIP, h.OGRN = LegalEntity, "304500116000157", "1027700132195" }), codeConflict},
	} {
		got := subject(t, r.subject).Holder()
		problems := got.Problems
		got.Problems = nil
		if d := cmp.Diff(r.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		switch {
		case r.problem == "" && len(problems) != 0:
			t.Errorf("%s: problems %v", name, problems)
		case r.problem != "" && (len(problems) != 1 || codeOf(problems[0]) != r.problem):
			t.Errorf("%s: problems %v, want %s", name, problems, r.problem)
		}
	}
}

func codeOf(err error) string {
	var c *Error
	var i *ident.Error
	switch {
	case errors.As(err, &c):
		return c.Code
	case errors.As(err, &i):
		return i.Code
	}
	return ""
}
