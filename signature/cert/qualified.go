// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"encoding/asn1"
	"strings"
	"time"
	"unicode/utf8"
)

// Class is the class of the holder's signature tool (RFC 9215 section 4.1),
// ordered: a higher value is a higher class.
type Class uint8

// The classes, from none named to KA1.
const (
	NoClass Class = iota
	KC1
	KC2
	KC3
	KB1
	KB2
	KA1
)

var classNames = [...]string{"", "KC1", "KC2", "KC3", "KB1", "KB2", "KA1"}

// String returns "KC1" to "KA1", "" for NoClass.
func (c Class) String() string {
	if int(c) >= len(classNames) {
		return ""
	}
	return classNames[c]
}

// oidClasses is the arc of the classes; the last arc is the class.
var oidClasses = asn1.ObjectIdentifier{1, 2, 643, 100, 113}

// Class returns the highest class of signature tools among the policies,
// NoClass when there is none.
func (c *Certificate) Class() Class {
	best, _ := c.classes()
	return best
}

// classes also says whether every class below the highest is there.
func (c *Certificate) classes() (best Class, whole bool) {
	var seen [KA1 + 1]bool
	for _, p := range c.Policies {
		if len(p) == len(oidClasses)+1 && p[:len(oidClasses)].Equal(oidClasses) && p[5] >= int(KC1) && p[5] <= int(KA1) {
			seen[p[5]] = true
			best = max(best, Class(p[5]))
		}
	}
	for i := KC1; i < best; i++ {
		if !seen[i] {
			return best, false
		}
	}
	return best, true
}

// Finding is one way in which a certificate departs from the form of a
// qualified certificate.
type Finding struct {
	// Code is stable and begins with "cert.qualified.": see [Codes].
	Code string
	// Must says that without it no certificate is a qualified one: the names of
	// the tools and the class, which RFC 9215 section 4 and FSB order 795 of
	// 27.12.2011 define for it. The rest is what certificates of that kind of
	// holder have in practice.
	Must bool
	// Detail is an English phrase for developers, without personal data.
	Detail string
}

// The findings of Qualified.
const (
	codeNoSubjectTool = "cert.qualified.subject_tool"   // subjectSignTool absent or empty
	codeNoIssuerTool  = "cert.qualified.issuer_tool"    // issuerSignTool absent
	codeNoClass       = "cert.qualified.class"          // no class of signature tools
	codeToolLength    = "cert.qualified.tool_length"    // a tool's name empty or too long
	codeClassGap      = "cert.qualified.class_gap"      // a class named without those below it
	codeIdentified    = "cert.qualified.identification" // how the holder was identified: absent or of no known value
	codeUsage         = "cert.qualified.key_usage"      // no key usage, or not for signatures
	codePeriod        = "cert.qualified.key_period"     // the key's period ends before it begins, or outside the validity
	codePadded        = "cert.qualified.inn_padded"     // a legal entity's number in the form used before 2022
	codeNoCN          = "cert.qualified.common_name"
	codeNoCountry     = "cert.qualified.country"
	codeNoSurname     = "cert.qualified.surname"
	codeNoGivenName   = "cert.qualified.given_name"
	codeNoTitle       = "cert.qualified.title"
	codeNoFirm        = "cert.qualified.organization"
	codeNoAddress     = "cert.qualified.address"
	codeNoSNILS       = "cert.qualified.snils"
	codeNoINN         = "cert.qualified.inn"
	codeNoINNLE       = "cert.qualified.innle"
	codeNoOGRN        = "cert.qualified.ogrn"
	codeNoOGRNIP      = "cert.qualified.ogrnip"
)

// QualifiedCodes returns the codes that a [Finding] may have.
func QualifiedCodes() []string {
	return []string{
		codeNoSubjectTool, codeNoIssuerTool, codeNoClass, codeToolLength, codeClassGap, codeIdentified, codeUsage, codePeriod, codePadded,
		codeNoCN, codeNoCountry, codeNoSurname, codeNoGivenName, codeNoTitle, codeNoFirm, codeNoAddress, codeNoSNILS, codeNoINN,
		codeNoINNLE, codeNoOGRN, codeNoOGRNIP,
	}
}

// Moscow time of the two changes of form.
var (
	// newForm is when FSB order 31 of 29.01.2021 came into force: INNLE for
	// firms, the form for entrepreneurs, identificationKind.
	newForm = time.Date(2021, 8, 31, 21, 0, 0, 0, time.UTC)
	// lastPadded ends the time in which a legal entity's INN is met padded with
	// "00" in the INN attribute.
	lastPadded = time.Date(2021, 12, 31, 21, 0, 0, 0, time.UTC)
)

// Qualified returns what the certificate lacks of the form of a qualified
// certificate for its kind of holder, by the rules of the day on which it
// begins. It judges nothing: whether the issuer was accredited is for trust to
// say, and malformed identifiers are in Holder().Problems.
func (c *Certificate) Qualified() []Finding {
	var out []Finding
	add := func(code, detail string, must bool) { out = append(out, Finding{code, must, detail}) }
	c.qualifiedTools(add)
	if best, whole := c.classes(); best == NoClass {
		add(codeNoClass, "no class of signature tools", true)
	} else if !whole {
		add(codeClassGap, best.String()+" without the classes below it", false)
	}
	switch {
	case c.IdentificationKind == nil && !c.NotBefore.Before(newForm):
		add(codeIdentified, "no identificationKind", false)
	case c.IdentificationKind != nil && *c.IdentificationKind > 3:
		add(codeIdentified, "identificationKind of no known value", false)
	}
	if !c.HasKeyUsage || c.KeyUsage&(DigitalSignature|NonRepudiation) == 0 {
		add(codeUsage, "key usage has neither digitalSignature nor nonRepudiation", false)
	}
	from, to := c.KeyNotBefore, c.KeyNotAfter
	if !from.IsZero() && (from.After(c.NotAfter) || !to.IsZero() && to.Before(from)) || !to.IsZero() && to.Before(c.NotBefore) {
		add(codePeriod, "the key's usage period lies outside the validity", false)
	}
	c.qualifiedSubject(add)
	return out
}

// qualifiedTools: the lengths are those of RFC 9215 section 4, in characters.
func (c *Certificate) qualifiedTools(add func(code, detail string, must bool)) {
	long := func(what, s string, limit int) {
		if n := utf8.RuneCountInString(s); n == 0 || n > limit {
			add(codeToolLength, what+" is empty or too long", false)
		}
	}
	if c.SubjectSignTool == "" {
		add(codeNoSubjectTool, "subjectSignTool is absent or empty", true)
	} else {
		long("subjectSignTool", c.SubjectSignTool, 200)
	}
	t := c.IssuerSignTool
	if t == nil {
		add(codeNoIssuerTool, "no issuerSignTool", true)
		return
	}
	long("signTool", t.SignTool, 200)
	long("cATool", t.CATool, 200)
	long("signToolCert", t.SignToolCert, 100)
	long("cAToolCert", t.CAToolCert, 100)
}

// demand is one attribute that a kind of holder has.
type demand struct {
	code   string
	detail string
	oids   []asn1.ObjectIdentifier // one of them is enough
}

var (
	wantCN      = demand{codeNoCN, "no commonName", []asn1.ObjectIdentifier{OIDCommonName}}
	wantCountry = demand{codeNoCountry, "no country", []asn1.ObjectIdentifier{OIDCountry}}
	wantSurname = demand{codeNoSurname, "no surname", []asn1.ObjectIdentifier{OIDSurname}}
	wantGiven   = demand{codeNoGivenName, "no given name", []asn1.ObjectIdentifier{OIDGivenName}}
	wantTitle   = demand{codeNoTitle, "no title", []asn1.ObjectIdentifier{OIDTitle}}
	wantFirm    = demand{codeNoFirm, "no organization", []asn1.ObjectIdentifier{OIDOrganization}}
	wantAddress = demand{codeNoAddress, "no address", []asn1.ObjectIdentifier{OIDLocality, OIDState, OIDStreet}}
	wantSNILS   = demand{codeNoSNILS, "no SNILS", []asn1.ObjectIdentifier{OIDSNILS}}
	wantINN     = demand{codeNoINN, "no INN of a person", []asn1.ObjectIdentifier{OIDINN}}
	wantOGRN    = demand{codeNoOGRN, "no OGRN", []asn1.ObjectIdentifier{OIDOGRN}}
	wantOGRNIP  = demand{codeNoOGRNIP, "no OGRNIP", []asn1.ObjectIdentifier{OIDOGRNIP}}

	demands = map[HolderKind][]demand{
		Person:       {wantCN, wantCountry, wantSurname, wantGiven, wantSNILS, wantINN},
		Entrepreneur: {wantCN, wantCountry, wantSurname, wantGiven, wantSNILS, wantINN, wantOGRNIP},
		LegalEntity:  {wantCN, wantCountry, wantSurname, wantGiven, wantSNILS, wantTitle, wantFirm, wantAddress, wantOGRN},
		Impersonal:   {wantCN, wantCountry, wantFirm, wantAddress, wantOGRN},
	}
)

// qualifiedSubject looks whether attributes are there; whether their content
// is right is Holder's business.
func (c *Certificate) qualifiedSubject(add func(code, detail string, must bool)) {
	kind := c.Holder().Kind
	for _, d := range demands[kind] {
		there := false
		for _, oid := range d.oids {
			there = there || len(c.Subject.All(oid)) > 0
		}
		if !there {
			add(d.code, d.detail, false)
		}
	}
	if kind != LegalEntity && kind != Impersonal {
		return
	}
	padded, person := false, false
	for _, v := range c.Subject.All(OIDINN) {
		if len(v) == 10 || strings.HasPrefix(v, "00") {
			padded = true
		} else {
			person = true
		}
	}
	if kind == LegalEntity && !person && !c.NotBefore.Before(lastPadded) {
		add(codeNoINN, "no INN of the person who signs", false)
	}
	switch {
	case padded && !c.NotBefore.Before(lastPadded):
		add(codePadded, "a legal entity's INN in the attribute of persons", false)
	case !padded && len(c.Subject.All(OIDINNLE)) == 0:
		add(codeNoINNLE, "no INN of the legal entity", false)
	}
}
