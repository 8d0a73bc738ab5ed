// SPDX-License-Identifier: Apache-2.0

package tsl

import (
	"fmt"
	"time"

	"zaver/signature/cert"
	"zaver/signature/xmldsig"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/pki"
)

// FirstVersion is where the numbers of an emulated list begin.
const FirstVersion = 16314

// FromPKI makes what a stage publishes: a key for lists under the test PKI's GOST root, one under its
// rogue root, and a list of its accredited centres. The rogue centre is not in it; a centre that lost
// its accreditation and has no certificates is.
func FromPKI(p *pki.PKI, now time.Time) (Config, List, error) {
	var c Config
	var err error
	if c.Signer, err = listKey(p, pki.GOSTRoot); err != nil {
		return Config{}, List{}, err
	}
	if c.Rogue, err = listKey(p, pki.RogueRoot); err != nil {
		return Config{}, List{}, err
	}
	l := List{Version: FirstVersion, Date: now}
	var own Centre
	for _, name := range []string{pki.CA, pki.GOSTCA} {
		ca, err := cert.Parse(p.Authority(name).DER())
		if err != nil {
			return Config{}, List{}, fmt.Errorf("list of the test PKI: %w", err)
		}
		if own.Name == "" {
			h := ca.Holder()
			own = Entry(h.Organization, string(h.OGRN), ca.NotBefore)
			own.ShortName, own.INN = h.CommonName, string(h.INNLE)
		}
		own.Certificates = append(own.Certificates, ca.Raw)
	}
	past := Entry("АО «Прежний удостоверяющий центр»", "1037700005558", now.AddDate(-9, 0, 0))
	past.Statuses = append(past.Statuses, Status{Text: Ended, From: now.AddDate(-4, 0, 0)})
	past.Successor = own.OGRN
	l.Centres = []Centre{own, past}
	return c, l, nil
}

// listKey makes a GOST key with a certificate for signing lists, issued by a root to its own organisation.
func listKey(p *pki.PKI, root string) (xmldsig.Key, error) {
	ca, err := cert.Parse(p.Authority(root).DER())
	if err != nil {
		return nil, fmt.Errorf("key for lists: %w", err)
	}
	h := ca.Holder()
	key := mint.NewKey(mint.GOST256A)
	der, err := p.Issue(pki.Template{Authority: root, PublicKey: mint.SPKI(key.SPKI), Subject: pki.Subject{
		CommonName: "Перечень аккредитованных удостоверяющих центров", Organisation: h.Organization, Country: "RU", OGRN: string(h.OGRN), INNLE: string(h.INNLE)}})
	if err != nil {
		return nil, fmt.Errorf("key for lists: %w", err)
	}
	return Key(&mint.Party{DER: der, Key: key})
}
