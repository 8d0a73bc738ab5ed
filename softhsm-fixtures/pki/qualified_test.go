// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// TestWholeProfile has package cert find nothing missing in the certificates of every kind of holder
// and of the authorities, and what is missing in the variant that lacks it.
func TestWholeProfile(t *testing.T) {
	p := start(t, pki.Config{})
	for _, kind := range []pki.KeyKind{pki.P256, pki.GOST256, pki.GOST512} {
		key, err := pki.NewKey(kind)
		if err != nil {
			t.Fatal(err)
		}
		for name, s := range map[string]pki.Subject{
			"person":       pki.PersonSubject(people.TokenHolder()),
			"entrepreneur": pki.EntrepreneurSubject(people.Entrepreneur()),
			"head":         pki.HeadSubject(people.Head()),
			"impersonal":   pki.ImpersonalSubject(people.Head()),
		} {
			t.Run(kind.String()+"-"+name, func(t *testing.T) {
				c := issued(t, p, pki.Template{Subject: s, PublicKey: key.Public()})
				if f := c.Qualified(); len(f) > 0 || len(c.Warnings) > 0 || len(c.Holder().Problems) > 0 {
					t.Errorf("lacks %v, warnings %v, problems %v", f, c.Warnings, c.Holder().Problems)
				}
				if len(issued(t, p, pki.Template{Subject: s, PublicKey: key.Public(), NotQualified: true}).Qualified()) == 0 {
					t.Error("nothing is missing without the extensions")
				}
			})
		}
	}
	for _, a := range p.Authorities() {
		stamper, err := a.StamperDER()
		if err != nil {
			t.Fatal(err)
		}
		for _, der := range [][]byte{a.DER(), a.ResponderDER(), stamper} {
			c, err := cert.Parse(der)
			if err != nil || len(c.Warnings) > 0 {
				t.Errorf("%s: %v %+v", a.Name(), err, c)
			}
		}
	}
}

// TestStrictPaths finds no deviation from RFC 5280 section 4 along any path of the PKI.
func TestStrictPaths(t *testing.T) {
	p := start(t, pki.Config{})
	for _, authority := range []string{pki.CA, pki.GOSTCA, pki.UEC, pki.RogueCA} {
		id, _ := makeIdentity(t, p, pki.Order{Person: people.Head(), Authority: authority, Keys: pki.GOST256})
		var above []*cert.Certificate
		for _, der := range id.Chain {
			c, err := cert.Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			above = append(above, c)
		}
		leaf, err := cert.Parse(id.DER)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := chain.Build(leaf, above, above[len(above)-1:], time.Now(), chain.Options{Strict: true}); err != nil {
			t.Errorf("%s: %v", authority, err)
		}
	}
}

func issued(t *testing.T, p *pki.PKI, o pki.Template) *cert.Certificate {
	t.Helper()
	der, err := p.Issue(o)
	if err != nil {
		t.Fatal(err)
	}
	c, err := cert.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
