// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ocsp"

	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

func start(t *testing.T, cfg pki.Config) *pki.PKI {
	t.Helper()
	p, err := pki.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func makeIdentity(t *testing.T, p *pki.PKI, o pki.Order) (*pki.Identity, *x509.Certificate) {
	t.Helper()
	id, err := p.Make(o)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(id.DER)
	if err != nil {
		t.Fatal(err)
	}
	return id, c
}

// nameAttribute is one attribute of a name with the string type it is written in.
type nameAttribute struct {
	OID   string
	Tag   int
	Value string
}

func nameOf(t *testing.T, der []byte) []nameAttribute {
	t.Helper()
	var rdns []asn1.RawValue
	if _, err := asn1.Unmarshal(der, &rdns); err != nil {
		t.Fatal(err)
	}
	var list []nameAttribute
	for _, r := range rdns {
		var a struct {
			Type  asn1.ObjectIdentifier
			Value asn1.RawValue
		}
		if _, err := asn1.Unmarshal(r.Bytes, &a); err != nil {
			t.Fatal(err)
		}
		list = append(list, nameAttribute{a.Type.String(), a.Value.Tag, string(a.Value.Bytes)})
	}
	return list
}

// TestQualifiedNames compares names byte by byte with the profile: which attributes, in which type.
func TestQualifiedNames(t *testing.T) {
	p := start(t, pki.Config{})
	olga, timur, vera := people.Head(), people.Entrepreneur(), people.TokenHolder()
	person := func(q people.Person, cn, given string) []nameAttribute {
		return []nameAttribute{
			{"2.5.4.3", 12, cn},
			{"2.5.4.4", 12, q.Surname},
			{"2.5.4.42", 12, given},
			{"2.5.4.6", 19, "RU"},
		}
	}
	for _, tt := range []struct {
		person people.Person
		want   []nameAttribute
	}{
		{vera, append(person(vera, "Светлова Вера Андреевна", "Вера Андреевна"),
			nameAttribute{"1.2.643.100.3", 18, vera.SNILS}, nameAttribute{"1.2.643.3.131.1.1", 18, vera.INN},
			nameAttribute{"1.2.840.113549.1.9.1", 22, vera.Email})},
		{timur, append(person(timur, "Белов-Озерский Тимур Игоревич", "Тимур Игоревич"),
			nameAttribute{"1.2.643.100.5", 18, timur.OGRNIP}, nameAttribute{"1.2.643.100.3", 18, timur.SNILS},
			nameAttribute{"1.2.643.3.131.1.1", 18, timur.INN}, nameAttribute{"1.2.840.113549.1.9.1", 22, timur.Email})},
		{olga, append(person(olga, olga.Organisation.Name, "Ольга Павловна"),
			nameAttribute{"2.5.4.8", 12, olga.Organisation.Region}, nameAttribute{"2.5.4.7", 12, olga.Organisation.Locality},
			nameAttribute{"2.5.4.9", 12, olga.Organisation.Street}, nameAttribute{"2.5.4.10", 12, olga.Organisation.Name},
			nameAttribute{"2.5.4.12", 12, olga.Organisation.HeadTitle}, nameAttribute{"1.2.643.100.1", 18, olga.Organisation.OGRN},
			nameAttribute{"1.2.643.100.3", 18, olga.SNILS}, nameAttribute{"1.2.643.3.131.1.1", 18, olga.INN},
			nameAttribute{"1.2.643.100.4", 18, olga.Organisation.INN}, nameAttribute{"1.2.840.113549.1.9.1", 22, olga.Email})},
	} {
		t.Run(tt.person.Key, func(t *testing.T) {
			_, c := makeIdentity(t, p, pki.Order{Person: tt.person})
			if d := cmp.Diff(tt.want, nameOf(t, c.RawSubject)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestQualifiedExtensions(t *testing.T) {
	p := start(t, pki.Config{})
	_, c := makeIdentity(t, p, pki.Order{Person: people.TokenHolder()})
	values := map[string][]byte{}
	for _, e := range c.Extensions {
		values[e.Id.String()] = e.Value
	}
	var kind int
	var subjectTool string
	var issuerTool []asn1.RawValue
	for oid, into := range map[string]any{
		"1.2.643.100.114": &kind, "1.2.643.100.111": &subjectTool, "1.2.643.100.112": &issuerTool,
	} {
		if _, err := asn1.Unmarshal(values[oid], into); err != nil {
			t.Errorf("extension %s: %v", oid, err)
		}
	}
	if kind != 0 || subjectTool == "" || len(issuerTool) != 4 {
		t.Errorf("kind %d, subject tool %q, %d issuer tool names", kind, subjectTool, len(issuerTool))
	}
	for _, v := range issuerTool {
		if v.Tag != asn1.TagUTF8String {
			t.Errorf("issuer tool name has tag %d", v.Tag)
		}
	}
	if len(c.PolicyIdentifiers) != 2 && len(c.Policies) != 2 {
		t.Errorf("policies %v %v, want KC1 and KC2", c.PolicyIdentifiers, c.Policies)
	}
	if c.KeyUsage != x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment {
		t.Errorf("key usage %b", c.KeyUsage)
	}
	a := p.Authority(pki.CA)
	got := []string{c.CRLDistributionPoints[0], c.OCSPServer[0], c.IssuingCertificateURL[0]}
	if d := cmp.Diff([]string{a.CRLURL(), a.OCSPURL(), a.CertificateURL()}, got); d != "" {
		t.Error(d)
	}
}

func TestVariants(t *testing.T) {
	p := start(t, pki.Config{})
	pavel, now := people.CardHolder(), time.Now()
	for _, v := range pki.Variants() {
		t.Run(string(v), func(t *testing.T) {
			id, c := makeIdentity(t, p, pki.Order{Person: pavel, Variant: v})
			subject := nameOf(t, c.RawSubject)
			has := func(value string) bool {
				for _, a := range subject {
					if a.Value == value {
						return true
					}
				}
				return false
			}
			facts := map[pki.Variant]bool{
				pki.Expired:       c.NotAfter.Before(now),
				pki.NotYetValid:   c.NotBefore.After(now),
				pki.WrongUsage:    c.KeyUsage == x509.KeyUsageKeyEncipherment,
				pki.WrongSubject:  has(people.Stranger().SNILS) && !has(pavel.SNILS) && has(pavel.Surname),
				pki.NotAccredited: bytes.Equal(id.Chain[1], p.Authority(pki.RogueRoot).DER()),
				pki.NotQualified:  len(c.Policies) == 0,
				pki.Revoked:       status(t, p, id) == ocsp.Revoked,
			}
			for name, holds := range facts {
				if holds != (name == v) {
					t.Errorf("fact %s is %v", name, holds)
				}
			}
		})
	}
}

func status(t *testing.T, p *pki.PKI, id *pki.Identity) int {
	t.Helper()
	r := askOCSP(t, p, id)
	return r.Status
}

// askOCSP asks over HTTP by POST with the reference client and checks the answer with it.
func askOCSP(t *testing.T, p *pki.PKI, id *pki.Identity) *ocsp.Response {
	t.Helper()
	c, issuer := parse(t, id.DER), parse(t, id.Chain[0])
	req, err := ocsp.CreateRequest(c, issuer, nil)
	if err != nil {
		t.Fatal(err)
	}
	body := fetch(t, http.MethodPost, p.Authority(id.Authority).OCSPURL(), req)
	r, err := ocsp.ParseResponseForCert(body, c, issuer)
	if err != nil {
		t.Fatal(err)
	}
	get := fetch(t, http.MethodGet, p.Authority(id.Authority).OCSPURL()+"/"+base64.StdEncoding.EncodeToString(req), nil)
	g, err := ocsp.ParseResponseForCert(get, c, issuer)
	if err != nil {
		t.Fatal(err)
	}
	if g.Status != r.Status {
		t.Errorf("GET says %d, POST says %d", g.Status, r.Status)
	}
	return r
}

func parse(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func fetch(t *testing.T, method, url string, body []byte) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s, %v", method, url, answer.Status, err)
	}
	return b
}

// TestPersist starts twice from one folder: keys, issued and revoked serials and the address stay.
func TestPersist(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	first, err := pki.Start(pki.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	good, _ := makeIdentity(t, first, pki.Order{Person: people.TokenHolder()})
	bad, _ := makeIdentity(t, first, pki.Order{Person: people.CardHolder(), Variant: pki.Revoked, Authority: pki.CA})
	base, root := first.BaseURL(), first.Authority(pki.Root).DER()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := start(t, pki.Config{Dir: dir})
	if second.BaseURL() != base || !bytes.Equal(second.Authority(pki.Root).DER(), root) {
		t.Error("address or root changed")
	}
	if got := status(t, second, good); got != ocsp.Good {
		t.Errorf("good certificate has status %d", got)
	}
	if got := status(t, second, bad); got != ocsp.Revoked {
		t.Errorf("revoked certificate has status %d", got)
	}
	if _, err := pki.Start(pki.Config{Dir: dir, Listen: "127.0.0.1:1"}); !errors.Is(err, pki.ErrAddress) {
		t.Errorf("other address: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "ca.key.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v %v", info, err)
	}
}

// TestIssueForeignKey issues for a key that lives elsewhere, as tokens and cards do.
func TestIssueForeignKey(t *testing.T) {
	p := start(t, pki.Config{})
	for _, kind := range pki.KeyKinds() {
		key, err := pki.NewKey(kind)
		if err != nil {
			t.Fatal(err)
		}
		der, err := p.Issue(pki.Template{
			Authority: pki.CA, Subject: pki.PersonSubject(people.CardHolder()), PublicKey: key.Public(),
			Extra: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Value: []byte{5, 0}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := parse(t, der).CheckSignatureFrom(parse(t, p.Authority(pki.CA).DER())); err != nil {
			t.Error(err)
		}
	}
	if _, err := p.Issue(pki.Template{Authority: "nobody"}); err == nil {
		t.Error("issued by an unknown authority")
	}
	id, _ := makeIdentity(t, p, pki.Order{Person: people.CardHolder()})
	id.Key = nil
	if _, err := id.KeyPEM(); !errors.Is(err, pki.ErrNoKey) {
		t.Errorf("key that is elsewhere: %v", err)
	}
}
