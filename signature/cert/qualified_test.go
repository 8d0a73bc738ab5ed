// SPDX-License-Identifier: Apache-2.0

package cert_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/cert"
	"zaver/softhsm-fixtures/mint"
)

// findings are the codes without their common beginning; a mark says that no certificate is qualified without.
func findings(c *cert.Certificate) []string {
	out := []string{}
	for _, f := range c.Qualified() {
		code := strings.TrimPrefix(f.Code, "cert.qualified.")
		if f.Must {
			code += "!"
		}
		out = append(out, code)
	}
	slices.Sort(out)
	return out
}

func TestQualified(t *testing.T) {
	before := time.Date(2021, 8, 31, 20, 59, 59, 0, time.UTC) // Moscow: the last second of the old form
	between := time.Date(2021, 12, 31, 20, 59, 59, 0, time.UTC)
	after := time.Date(2021, 12, 31, 21, 0, 0, 0, time.UTC)
	person := []string{"C=RU", "CN=Семёнова Анна Ивановна", "SN=Семёнова", "GN=Анна Ивановна", "SNILS=11223344595", "INN=500100732259"}
	firm := append(slices.Clone(person), "O=ООО «Ромашка»", "T=Директор", "L=Москва", "OGRN=1027700132195", "INNLE=7710474375")
	without := func(list []string, gone ...string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(s string) bool {
			return slices.ContainsFunc(gone, func(g string) bool { return strings.HasPrefix(s, g+"=") })
		})
	}
	and := func(list []string, more ...string) []string { return append(slices.Clone(list), more...) }
	good := []mint.Extension{mint.KeyUsage(mint.DigitalSignature, mint.NonRepudiation), mint.SubjectSignTool("СКЗИ"),
		mint.IssuerSignTool("СКЗИ", "УЦ", "№ 1", "№ 2"), mint.IdentificationKind(1), mint.KC(2)}
	change := func(oid string, more ...mint.Extension) []mint.Extension {
		return append(mint.Without(good, oid), more...)
	}
	period := func(from, to time.Time) []mint.Extension {
		return append(slices.Clone(good), mint.PrivateKeyUsagePeriod(from, to))
	}
	long := strings.Repeat("я", 200)
	for name, r := range map[string]struct {
		subject    []string
		extensions []mint.Extension
		from       time.Time
		want       []string
	}{
		"person":                                {person, good, after, nil},
		"entrepreneur":                          {and(person, "OGRNIP=304500116000157"), good, after, nil},
		"legal entity":                          {firm, good, after, nil},
		"legal entity, old form":                {and(without(firm, "INN", "INNLE"), "INN=007710474375"), good, before, nil},
		"legal entity, old form, late":          {and(without(firm, "INN", "INNLE"), "INN=007710474375"), good, between, nil},
		"legal entity, old form, too late":      {and(without(firm, "INN", "INNLE"), "INN=007710474375"), good, after, []string{"inn", "inn_padded"}},
		"legal entity without the person's INN": {without(firm, "INN"), good, after, []string{"inn"}},
		"legal entity without an INN":           {without(firm, "INNLE"), good, after, []string{"innle"}},
		"impersonal":                            {without(firm, "SN", "GN", "SNILS", "INN", "T"), good, after, nil},
		"impersonal without number":             {without(firm, "SN", "GN", "SNILS", "INN", "T", "OGRN", "L"), good, after, []string{"address", "ogrn"}},
		"person, nearly nothing":                {[]string{"SN=Семёнова"}, good, after, []string{"common_name", "country", "given_name", "inn", "snils"}},
		"entrepreneur without names":            {[]string{"CN=x", "C=RU", "SNILS=11223344595", "OGRNIP=304500116000157"}, good, after, []string{"given_name", "inn", "surname"}},
		"legal entity, nearly nothing":          {[]string{"C=RU", "CN=x", "SN=x", "OGRN=1027700132195"}, good, after, []string{"address", "given_name", "inn", "innle", "organization", "snils", "title"}},
		"no OGRN but INNLE":                     {without(firm, "OGRN"), good, after, []string{"ogrn"}},
		"address by region alone":               {and(without(firm, "L"), "ST=77 Москва"), good, after, nil},
		"no tools and no class":                 {person, nil, before, []string{"class!", "issuer_tool!", "key_usage", "subject_tool!"}},
		"no identification, old":                {person, change("1.2.643.100.114"), before, nil},
		"no identification":                     {person, change("1.2.643.100.114"), between, []string{"identification"}},
		"identification of no known kind":       {person, change("1.2.643.100.114", mint.IdentificationKind(4)), after, []string{"identification"}},
		"class without those below":             {person, change("2.5.29.32", mint.Policies("1.2.643.100.113.3")), after, []string{"class_gap"}},
		"class of no known number":              {person, change("2.5.29.32", mint.Policies("1.2.643.100.113.7")), after, []string{"class!"}},
		"class of the authority's tool":         {person, change("2.5.29.32", mint.Policies("1.2.643.100.114.1")), after, []string{"class!"}},
		"tool of 200 characters":                {person, change("1.2.643.100.111", mint.SubjectSignTool(long)), after, nil},
		"tool of 201 characters":                {person, change("1.2.643.100.111", mint.SubjectSignTool(long+"я")), after, []string{"tool_length"}},
		"tool without a name":                   {person, change("1.2.643.100.111", mint.SubjectSignTool("")), after, []string{"subject_tool!"}},
		"certificate of a tool too long":        {person, change("1.2.643.100.112", mint.IssuerSignTool(long, long, long[:200], long)), after, []string{"tool_length"}},
		"key for encryption":                    {person, change("2.5.29.15", mint.KeyUsage(mint.KeyEncipherment)), after, []string{"key_usage"}},
		"key's period fits":                     {person, period(after, after.AddDate(1, 0, 0)), after, nil},
		"key's period ends before it begins":    {person, period(after.AddDate(2, 0, 0), after.AddDate(1, 0, 0)), after, []string{"key_period"}},
		"key's period before the certificate":   {person, period(time.Time{}, before), after, []string{"key_period"}},
		"key's period after the certificate":    {person, period(after.AddDate(40, 0, 0), time.Time{}), after, []string{"key_period"}},
	} {
		c := parse(t, mint.Certificate{Subject: mint.DN(r.subject...), Key: leafKey, Extensions: r.extensions, NotBefore: r.from}.Sign(rootKey).DER)
		if d := cmp.Diff(append([]string{}, r.want...), findings(c)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	for _, f := range parse(t, mint.Certificate{Key: leafKey}.Sign(rootKey).DER).Qualified() {
		if !slices.Contains(cert.Codes(), f.Code) || f.Detail == "" {
			t.Errorf("%s is not in Codes, or says nothing", f.Code)
		}
	}
}

func TestClass(t *testing.T) {
	for n, want := range []string{"", "KC1", "KC2", "KC3", "KB1", "KB2", "KA1"} {
		extensions := []mint.Extension{mint.KC(n)}
		if n == 0 {
			extensions = nil
		}
		c := parse(t, extended(extensions...))
		if c.Class() != cert.Class(n) || c.Class().String() != want {
			t.Errorf("%d: %v", n, c.Class())
		}
	}
	if cert.Class(99).String() != "" || cert.KA1 < cert.KC1 {
		t.Error("classes are not ordered")
	}
}
