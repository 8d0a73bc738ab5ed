// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"encoding/asn1"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/portal/account"
	"zaver/portal/method"
	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/signature/ident"
	"zaver/signature/revocation"
	"zaver/signature/trust"
	"zaver/signature/verify"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

const (
	snils      = "15847620194"
	otherSNILS = "12738509473"
)

// subject makes the name of a certificate from pairs of attribute and value.
func subject(attrs ...cert.Attribute) cert.Name { return cert.Name{Attributes: attrs} }

func attr(oid asn1.ObjectIdentifier, v string) cert.Attribute {
	return cert.Attribute{OID: oid, Tag: 12, Value: v}
}

func person(surname, given, number string) cert.Name {
	n := subject(attr(cert.OIDCommonName, surname+" "+given), attr(cert.OIDSurname, surname), attr(cert.OIDGivenName, given))
	if number != "" {
		n.Attributes = append(n.Attributes, attr(cert.OIDSNILS, number))
	}
	return n
}

func with(n cert.Name, attrs ...cert.Attribute) cert.Name {
	n.Attributes = append(append([]cert.Attribute(nil), n.Attributes...), attrs...)
	return n
}

var vera = person("Светлова", "Вера Андреевна", snils)

// good is a case that must raise; the rows of the table break one thing each.
func good(id method.ID) Case {
	m, _ := method.Lookup(id)
	kind := m.Anchor
	leaf := &cert.Certificate{Raw: []byte("leaf"), Subject: vera}
	ca := &cert.Certificate{Raw: []byte("ca")}
	root := &cert.Certificate{Raw: []byte("root")}
	r := &verify.Report{
		At: now, Content: []byte("statement"), Signer: leaf, Path: chain.Path{leaf, ca, root},
		Anchor: &trust.Anchor{Certificate: root, Kind: kind},
		Revocations: []verify.Answer{
			{Certificate: "leaf", Result: revocation.Result{Status: revocation.Good}},
			{Certificate: "ca", Result: revocation.Result{Status: revocation.Good}},
		},
		Findings: []verify.Finding{
			{Code: verify.CodeOK, Severity: verify.OK}, {Code: verify.CodeChainOK, Severity: verify.OK},
			{Code: verify.CodeAccredited, Severity: verify.OK}, {Code: verify.CodeNotRevoked, Severity: verify.OK},
		},
	}
	if kind == trust.Qualified {
		r.Findings = append(r.Findings, verify.Finding{Code: verify.CodeQualified, Severity: verify.OK})
	}
	return Case{
		Method: m, Report: r, SameStatement: true, At: now,
		Subject: account.Subject{
			Account: account.Account{
				ID: "a", Kind: account.Person, Level: account.Standard,
				Name: ident.PersonName{Surname: "Светлова", Given: "Вера", Patronymic: "Андреевна"},
			},
			SNILS: snils,
		},
	}
}

func fail(code string) func(*Case) {
	return func(c *Case) {
		c.Report.Findings = append(c.Report.Findings, verify.Finding{Code: code, Severity: verify.Fail})
	}
}

func named(n cert.Name) func(*Case) { return func(c *Case) { c.Report.Signer.Subject = n } }

func without(codes ...string) func(*Case) {
	return func(c *Case) {
		var kept []verify.Finding
		for _, f := range c.Report.Findings {
			drop := false
			for _, code := range codes {
				drop = drop || f.Code == code
			}
			if !drop {
				kept = append(kept, f)
			}
		}
		c.Report.Findings = kept
	}
}

func all(changes ...func(*Case)) func(*Case) {
	return func(c *Case) {
		for _, f := range changes {
			f(c)
		}
	}
}

// unreadable is the report about bytes that are no signature.
func unreadable(code string) func(*Case) {
	return func(c *Case) {
		c.SameStatement = false
		c.Report = &verify.Report{At: now, Findings: []verify.Finding{
			{Code: verify.CodeInvalid, Severity: verify.Fail}, {Code: code, Severity: verify.Fail},
		}}
	}
}

// noPath is the report about a certificate that leads nowhere.
func noPath(codes ...string) func(*Case) {
	return func(c *Case) {
		c.Report.Path, c.Report.Anchor, c.Report.Revocations = nil, nil, nil
		without(verify.CodeChainOK, verify.CodeAccredited, verify.CodeNotRevoked, verify.CodeQualified)(c)
		for _, code := range codes {
			fail(code)(c)
		}
		c.Report.Findings = append(c.Report.Findings, verify.Finding{Code: verify.CodeRevocationUnknown, Severity: verify.Unknown})
	}
}

func unasked(c *Case) {
	without(verify.CodeNotRevoked)(c)
	c.Report.Revocations[0].Status = revocation.Unknown
	c.Report.Findings = append(c.Report.Findings, verify.Finding{Code: verify.CodeRevocationUnknown, Severity: verify.Unknown})
}

func level(l account.Level) func(*Case) { return func(c *Case) { c.Subject.Level = l } }
func kind(k account.Kind) func(*Case)   { return func(c *Case) { c.Subject.Kind = k } }
func anchor(k trust.Kind) func(*Case)   { return func(c *Case) { c.Report.Anchor.Kind = k } }

func holderName(surname, given, patronymic string) func(*Case) {
	return func(c *Case) {
		c.Subject.Name = ident.PersonName{Surname: surname, Given: given, Patronymic: patronymic}
	}
}

// TestC1PolicyTable names for each case the reasons that must be given; none means raised.
func TestC1PolicyTable(t *testing.T) {
	same := func(*Case) {}
	rows := []struct {
		name   string
		method method.ID
		change func(*Case)
		want   []string
	}{
		{"token, all well", method.Token, same, nil},
		{"card, all well", method.UEC, same, nil},
		{"card needs no qualified extensions", method.UEC, without(verify.CodeQualified), nil},
		{"entrepreneur's certificate names the person", method.Token, named(with(vera, attr(cert.OIDOGRNIP, "316774600218473"))), nil},
		{"head's certificate names the person", method.Token, named(with(vera, attr(cert.OIDOGRN, "1187746005732"), attr(cert.OIDOrganization, "ООО"))), nil},
		{"ё and е, case, spaces do not count", method.Token, all(named(person("СВЕТЛОВА", "вера  андреевна", snils)), holderName("Светлова", "Вера", "Андреевна")), nil},
		{"no patronymic on both sides", method.Token, all(named(person("Ли", "Вера", snils)), holderName("Ли", "Вера", "")), nil},
		{"warnings do not refuse", method.Token, func(c *Case) {
			c.Report.Findings = append(c.Report.Findings, verify.Finding{Code: verify.CodeSigningTime, Severity: verify.Warn})
		}, nil},
		{"infos do not refuse", method.UEC, func(c *Case) {
			c.Report.Findings = append(c.Report.Findings, verify.Finding{Code: verify.CodeNotQualified, Severity: verify.Info})
		}, nil},

		{"account simplified", method.Token, level(account.Simplified), []string{CodeLevel}},
		{"account confirmed already", method.UEC, level(account.Confirmed), []string{CodeLevel}},
		{"account without level", method.Token, level(account.None), []string{CodeLevel}},
		{"organisation's account", method.Token, kind(account.Organisation), []string{CodeAccountKind}},
		{"child's account", method.UEC, kind(account.Child), []string{CodeAccountKind}},

		{"other statement", method.Token, func(c *Case) { c.SameStatement = false }, []string{CodeStatement}},
		{"no content", method.Token, func(c *Case) { c.SameStatement, c.Report.Content = false, nil }, []string{CodeStatement}},
		{"not a signature", method.Token, unreadable("cms.malformed"), []string{verify.CodeInvalid, "cms.malformed"}},
		{"two signers", method.Token, unreadable("cms.signers"), []string{verify.CodeInvalid, "cms.signers"}},
		{"signature broken", method.Token, all(without(verify.CodeOK), fail(verify.CodeInvalid), fail("cms.signature")), []string{verify.CodeInvalid, "cms.signature"}},
		{"broken signature of another person says nothing of persons", method.Token, all(without(verify.CodeOK), fail(verify.CodeInvalid), named(person("Чужой", "Пётр", otherSNILS))), []string{verify.CodeInvalid}},
		{"digest broken over another statement", method.Token, all(without(verify.CodeOK), fail(verify.CodeInvalid), fail("cms.message_digest"), func(c *Case) { c.SameStatement = false }), []string{CodeStatement, verify.CodeInvalid, "cms.message_digest"}},
		{"certificate not inside", method.Token, all(noPath(verify.CodeNoCertificate), func(c *Case) { c.Report.Signer = nil }), []string{verify.CodeNoCertificate}},

		{"expired", method.Token, fail(verify.CodeCertExpired), []string{verify.CodeCertExpired}},
		{"not yet valid", method.Token, fail(verify.CodeCertNotYetValid), []string{verify.CodeCertNotYetValid}},
		{"key period", method.Token, fail(verify.CodeKeyPeriod), []string{verify.CodeKeyPeriod}},
		{"wrong usage", method.Token, fail(verify.CodeKeyUsage), []string{verify.CodeKeyUsage}},
		{"revoked", method.Token, fail(verify.CodeCertRevoked), []string{verify.CodeCertRevoked}},
		{"centre revoked", method.Token, fail(verify.CodeCARevoked), []string{verify.CodeCARevoked}},
		{"not qualified", method.Token, all(without(verify.CodeQualified), fail(verify.CodeNotQualified)), []string{verify.CodeNotQualified}},
		{"not accredited", method.Token, noPath(verify.CodeNotAccredited, "chain.no_anchor"), []string{verify.CodeNotAccredited, "chain.no_anchor"}},
		{"accreditation over", method.Token, all(without(verify.CodeAccredited), fail(verify.CodeNotAccredited)), []string{verify.CodeNotAccredited}},
		{"path broken", method.UEC, noPath(verify.CodeChain, "chain.signature"), []string{verify.CodeChain, "chain.signature"}},
		{"a code of tomorrow that fails", method.Token, fail("sig.of_tomorrow"), []string{"sig.of_tomorrow"}},
		{"card past its validity", method.UEC, fail(verify.CodeCertExpired), []string{verify.CodeCertExpired}},

		{"card method under a qualified anchor", method.UEC, anchor(trust.Qualified), []string{CodeNotUEC, CodeIncomplete}},
		{"card method, qualified certificate", method.UEC, all(anchor(trust.Qualified), func(c *Case) {
			c.Report.Findings = append(c.Report.Findings, verify.Finding{Code: verify.CodeQualified, Severity: verify.OK})
		}), []string{CodeNotUEC}},
		{"token method under a card anchor", method.Token, anchor(trust.UEC), []string{CodeNotToken}},

		{"SNILS differs", method.Token, named(person("Светлова", "Вера Андреевна", otherSNILS)), []string{CodeOtherPerson}},
		{"SNILS and name differ", method.Token, named(person("Чужой", "Пётр", otherSNILS)), []string{CodeOtherPerson}},
		{"account without SNILS", method.Token, func(c *Case) { c.Subject.SNILS = "" }, []string{CodeOtherPerson}},
		{"no SNILS on either side", method.Token, all(named(person("Светлова", "Вера Андреевна", "")), func(c *Case) { c.Subject.SNILS = "" }), []string{CodeNoSNILS}},
		{"certificate without SNILS", method.Token, named(person("Светлова", "Вера Андреевна", "")), []string{CodeNoSNILS}},
		{"broken SNILS", method.Token, named(person("Светлова", "Вера Андреевна", "15847620195")), []string{verify.CodeHolder}},
		{"two SNILS", method.Token, named(with(vera, attr(cert.OIDSNILS, otherSNILS))), []string{verify.CodeHolder}},
		{"surname differs", method.Token, named(person("Светова", "Вера Андреевна", snils)), []string{CodeNameDiffers}},
		{"given name differs", method.UEC, named(person("Светлова", "Нина Андреевна", snils)), []string{CodeNameDiffers}},
		{"patronymic missing in certificate", method.Token, named(person("Светлова", "Вера", snils)), []string{CodeNameDiffers}},
		{"no name in certificate", method.Token, named(subject(attr(cert.OIDSNILS, snils))), []string{CodeNameDiffers}},
		{"Latin letters that look alike", method.Token, named(person("Cветлова", "Вера Андреевна", snils)), []string{CodeNameDiffers}},
		{"impersonal certificate", method.Token, named(subject(attr(cert.OIDOrganization, "ООО"), attr(cert.OIDOGRN, "1187746005732"))), []string{CodeHolderKind}},
		{"card with a head's certificate", method.UEC, named(with(vera, attr(cert.OIDOGRN, "1187746005732"))), []string{CodeHolderKind}},
		{"card with an entrepreneur's certificate", method.UEC, named(with(vera, attr(cert.OIDOGRNIP, "316774600218473"))), []string{CodeHolderKind}},

		{"revocation unknown", method.Token, unasked, []string{verify.CodeRevocationUnknown}},
		{"revocation unknown and expired: what is wrong comes first", method.Token, all(unasked, fail(verify.CodeCertExpired)), []string{verify.CodeCertExpired, verify.CodeRevocationUnknown}},
		{"revocation unknown and another person", method.Token, all(unasked, named(person("Чужой", "Пётр", otherSNILS))), []string{CodeOtherPerson, verify.CodeRevocationUnknown}},
		{"a code of tomorrow that is unknown", method.Token, func(c *Case) {
			c.Report.Findings = append(c.Report.Findings, verify.Finding{Code: "sig.of_tomorrow", Severity: verify.Unknown})
		}, []string{"sig.of_tomorrow"}},
		{"answer about one certificate is missing", method.Token, func(c *Case) { c.Report.Revocations = c.Report.Revocations[:1] }, []string{verify.CodeRevocationUnknown}},
		{"an answer that is not good, without a finding", method.Token, func(c *Case) { c.Report.Revocations[1].Status = revocation.Unknown }, []string{verify.CodeRevocationUnknown}},
		{"revoked without a finding", method.Token, func(c *Case) { c.Report.Revocations[0].Status = revocation.Revoked }, []string{verify.CodeRevocationUnknown}},

		{"no report", method.Token, func(c *Case) { c.Report = nil }, []string{CodeIncomplete}},
		{"empty report", method.Token, func(c *Case) { c.Report = &verify.Report{At: now} }, []string{CodeIncomplete}},
		{"report of another moment", method.Token, func(c *Case) { c.Report.At = now.Add(time.Second) }, []string{CodeIncomplete}},
		{"report without the fact that the signature holds", method.Token, without(verify.CodeOK), []string{CodeIncomplete}},
		{"report without the fact that a path holds", method.Token, without(verify.CodeChainOK), []string{CodeIncomplete}},
		{"report without the fact that it is qualified", method.Token, without(verify.CodeQualified), []string{CodeIncomplete}},
		{"no path and nothing said about it", method.UEC, func(c *Case) { c.Report.Path = nil }, []string{CodeIncomplete}},
		{"path of another certificate", method.Token, func(c *Case) { c.Report.Path[0] = &cert.Certificate{Raw: []byte("x")} }, []string{CodeIncomplete}},
		{"anchor of another path", method.UEC, func(c *Case) { c.Report.Anchor.Certificate = &cert.Certificate{Raw: []byte("x")} }, []string{CodeIncomplete}},
		{"anchor not accredited and nothing said about it", method.Token, func(c *Case) { c.Report.Anchor.AccreditedUntil = now }, []string{CodeIncomplete}},
		{"account and certificate wrong: account first", method.Token, all(level(account.Simplified), fail(verify.CodeCertExpired)), []string{CodeLevel, verify.CodeCertExpired}},
		{"a finding twice is one reason", method.Token, all(fail(verify.CodeCARevoked), fail(verify.CodeCARevoked)), []string{verify.CodeCARevoked}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := good(row.method)
			row.change(&c)
			d := Judge(c)
			got := d.Codes()
			if len(got) == 0 {
				got = nil
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Fatal(diff)
			}
			if d.Raises != (row.want == nil) || d.Raises && d.Level != account.Confirmed {
				t.Fatalf("raises %v to %v", d.Raises, d.Level)
			}
		})
	}
}

func TestRetryIsOnlyForTheUnknown(t *testing.T) {
	c := good(method.Token)
	unasked(&c)
	if d := Judge(c); !d.Retry() {
		t.Error("an outage gives no hope")
	}
	fail(verify.CodeCertExpired)(&c)
	if d := Judge(c); d.Retry() {
		t.Error("an expired certificate gives hope")
	}
	if d := Judge(good(method.Token)); d.Retry() {
		t.Error("a success is to be repeated")
	}
	c = good(method.Token)
	noPath(verify.CodeNotAccredited)(&c)
	if d := Judge(c); d.Retry() {
		t.Error("a certificate that leads nowhere gives hope")
	}
}

func TestNamesAreReportedMasked(t *testing.T) {
	c := good(method.Token)
	named(person("Светлова-Ю", "Ия Андреевна", snils))(&c)
	d := Judge(c)
	want := []Reason{{Code: CodeNameDiffers, Args: map[string]string{"certificate": "С***Ю И*** А***а", "account": "С***а В***а А***а"}}}
	if diff := cmp.Diff(want, d.Reasons); diff != "" {
		t.Fatal(diff)
	}
}

func TestRefuse(t *testing.T) {
	if d := Refuse("x.y"); d.Raises || d.Retry() || d.Codes()[0] != "x.y" {
		t.Fatalf("%+v", d)
	}
}
