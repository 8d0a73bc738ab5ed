// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto"
	"encoding/pem"
	"math/big"
	"sync"
	"time"

	"zaver/softhsm-fixtures/mint"
)

// Authority is one issuing centre with its delegated OCSP responder and timestamp service.
type Authority struct {
	pki    *PKI
	name   string
	parent *Authority // nil when self-signed
	kind   KeyKind

	party     *mint.Party
	responder *mint.Party

	tsaMu sync.Mutex // guards tsa while it is made
	tsa   *mint.Party

	mu        sync.Mutex
	issued    map[string]bool // serials in hexadecimal
	revoked   map[string]Revocation
	faults    map[Service]*fault
	requests  map[Service]int
	crlNumber int64
	stranger  *mint.Party // made when the first false answer is signed
}

// signer is a private key; short for crypto.Signer.
type signer = crypto.Signer

// Revocation is one revoked certificate.
type Revocation struct {
	Serial *big.Int  `json:"serial"`
	At     time.Time `json:"at"`
	Reason int       `json:"reason"` // RFC 5280 section 5.3.1
}

// plan is what New needs to know of an authority.
type plan struct {
	name, parent string
	subject      Subject
	pathLen      int
	gost         bool // a GOST key even when Config.Keys is none
}

// plans lists the authorities, parents first. The names are made up.
func plans() []plan {
	ministry := Subject{
		CommonName: "Учебное Минцифры (вымышленное)", Organisation: "Учебное Минцифры (вымышленное)", Country: "RU",
		Region: "77 г. Москва", Locality: "г. Москва", OGRN: "1027700001185", INNLE: "7710000128", Email: "root@example.org",
	}
	centre := Subject{
		CommonName: "УЦ «Образцовый»", Organisation: "ООО «Образцовый удостоверяющий центр»", Country: "RU",
		Region: "78 г. Санкт-Петербург", Locality: "г. Санкт-Петербург", OGRN: "1107800002276", INNLE: "7800000348", Email: "ca@example.org",
	}
	uec := Subject{
		CommonName: "УЦ учебной УЭК", Organisation: "АО «Учебная электронная карта»", Country: "RU",
		Region: "77 г. Москва", Locality: "г. Москва", OGRN: "1097700003367", INNLE: "7701000562", Email: "uec@example.org",
	}
	rogueRoot := Subject{
		CommonName: "Самозваный корень", Organisation: "ООО «Самозванец»", Country: "RU",
		Region: "77 г. Москва", Locality: "г. Москва", OGRN: "1127700004453", INNLE: "9900000017", Email: "rogue@example.org",
	}
	rogue := rogueRoot
	rogue.CommonName = "УЦ без аккредитации"
	gostRoot, gostCentre := ministry, centre
	gostRoot.CommonName = "Учебное Минцифры ГОСТ (вымышленное)"
	gostCentre.CommonName = "УЦ «Образцовый» ГОСТ"
	return []plan{
		{name: Root, subject: ministry, pathLen: 1},
		{name: CA, parent: Root, subject: centre, pathLen: 0},
		{name: UEC, subject: uec, pathLen: 0, gost: true},
		{name: RogueRoot, subject: rogueRoot, pathLen: 1},
		{name: RogueCA, parent: RogueRoot, subject: rogue, pathLen: 0},
		{name: GOSTRoot, subject: gostRoot, pathLen: 1, gost: true},
		{name: GOSTCA, parent: GOSTRoot, subject: gostCentre, pathLen: 0, gost: true},
	}
}

// create makes keys and certificates of a new authority: the centre's own, valid from five years
// ago for twenty years, and the responder's.
func (a *Authority) create(pl plan) error {
	key, err := NewKey(a.kind)
	if err != nil {
		return err
	}
	responderKey, err := NewKey(a.kind)
	if err != nil {
		return err
	}
	now := a.pki.cfg.Now()
	list := []mint.Extension{
		mint.BasicConstraints(true, pl.pathLen), mint.KeyUsage(mint.DigitalSignature, mint.KeyCertSign, mint.CRLSign),
		mint.SKI(), mint.AKI(), mint.KC(3),
	}
	list = append(list, toolExtensions()...)
	serial := mint.NewSerial()
	var issuer *mint.Party
	if a.parent != nil {
		issuer = a.parent.party
		list = append(list, a.parent.pointers()...)
		a.parent.remember(serial)
	}
	a.party = mint.Certificate{
		Subject: pl.subject.encode(), Key: mint.FromSigner(key), Serial: serial,
		NotBefore: now.AddDate(-5, 0, 0), NotAfter: now.AddDate(15, 0, 0), Extensions: list,
	}.Sign(issuer)
	a.responder = a.makeServer("OCSP", responderKey, mint.OCSPSigning)
	return nil
}

// pointers say in a certificate where its authority answers.
func (a *Authority) pointers() []mint.Extension {
	return []mint.Extension{mint.CRLAt(a.CRLURL()), mint.AIA([]string{a.OCSPURL()}, []string{a.CertificateURL()})}
}

// Name is the short name in addresses.
func (a *Authority) Name() string { return a.name }

// CRLURL is where the CRL lies.
func (a *Authority) CRLURL() string { return a.pki.base + "/crl/" + a.name + ".crl" }

// OCSPURL is where OCSP requests are answered.
func (a *Authority) OCSPURL() string { return a.pki.base + "/ocsp/" + a.name }

// CertificateURL is where the authority's own certificate lies.
func (a *Authority) CertificateURL() string { return a.pki.base + "/ca/" + a.name + ".cer" }

// TSAURL is where timestamps are made.
func (a *Authority) TSAURL() string { return a.pki.base + "/tsa/" + a.name }

// Party is the authority as package mint signs with it, for what this package does not make.
func (a *Authority) Party() *mint.Party { return a.party }

// DER is the authority's certificate.
func (a *Authority) DER() []byte { return append([]byte(nil), a.party.DER...) }

// PEM is the authority's certificate.
func (a *Authority) PEM() []byte { return certificatePEM(a.party.DER) }

// ResponderDER is the certificate of the delegated OCSP responder.
func (a *Authority) ResponderDER() []byte { return append([]byte(nil), a.responder.DER...) }

// Revoke marks a certificate as revoked since when, for a reason of RFC 5280 section 5.3.1; CRL and
// OCSP say so from the next request on.
func (a *Authority) Revoke(serial *big.Int, when time.Time, reason int) error {
	a.mu.Lock()
	a.revoked[serial.Text(16)] = Revocation{Serial: new(big.Int).Set(serial), At: when.UTC(), Reason: reason}
	a.mu.Unlock()
	return a.pki.save()
}

func (a *Authority) remember(serial *big.Int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.issued[serial.Text(16)] = true
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
