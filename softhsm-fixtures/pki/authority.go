// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// Authority is one issuing centre with its delegated OCSP responder.
type Authority struct {
	pki    *PKI
	name   string
	parent *Authority // nil when self-signed

	cert          *x509.Certificate
	key           crypto.Signer
	responder     *x509.Certificate
	responderKey  crypto.Signer
	mu            sync.Mutex
	issued        map[string]bool // serials in hexadecimal
	revoked       map[string]Revocation
	faults        map[Service]*fault
	requests      map[Service]int
	crlNumber     int64
	strangerKey   crypto.Signer // made when the first false answer is signed
	strangersCert *x509.Certificate
}

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
	return []plan{
		{name: Root, subject: ministry, pathLen: 1},
		{name: CA, parent: Root, subject: centre, pathLen: 0},
		{name: UEC, subject: uec, pathLen: 0},
		{name: RogueRoot, subject: rogueRoot, pathLen: 1},
		{name: RogueCA, parent: RogueRoot, subject: rogue, pathLen: 0},
	}
}

// create makes keys and certificates of a new authority: the centre's own, valid from five years
// ago for twenty years, and the responder's.
func (a *Authority) create(pl plan) error {
	var err error
	if a.key, err = NewKey(a.pki.cfg.Keys); err != nil {
		return err
	}
	if a.responderKey, err = NewKey(a.pki.cfg.Keys); err != nil {
		return err
	}
	now := a.pki.cfg.Now()
	subject, err := pl.subject.encode()
	if err != nil {
		return err
	}
	t := &x509.Certificate{
		SerialNumber: newSerial(), RawSubject: subject,
		NotBefore: now.AddDate(-5, 0, 0), NotAfter: now.AddDate(15, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		IsCA:     true, BasicConstraintsValid: true, MaxPathLen: pl.pathLen, MaxPathLenZero: pl.pathLen == 0,
		Policies: policies(3), ExtraExtensions: toolExtensions(),
	}
	issuer, issuerKey := t, a.key
	if a.parent != nil {
		issuer, issuerKey = a.parent.cert, a.parent.key
		a.parent.point(t)
		a.parent.remember(t.SerialNumber)
	}
	if a.cert, err = makeCertificate(t, issuer, a.key.Public(), issuerKey); err != nil {
		return fmt.Errorf("make authority %s: %w", pl.name, err)
	}
	a.responder, err = a.makeResponder(a.responderKey.Public(), []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning})
	return err
}

// makeResponder issues a certificate for answering OCSP requests (RFC 6960 section 4.2.2.2).
func (a *Authority) makeResponder(pub crypto.PublicKey, eku []x509.ExtKeyUsage) (*x509.Certificate, error) {
	now := a.pki.cfg.Now()
	subject, err := Subject{CommonName: "OCSP " + a.name, Country: "RU"}.encode()
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: newSerial(), RawSubject: subject,
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: eku, BasicConstraintsValid: true,
		ExtraExtensions: []pkix.Extension{{Id: oidNoCheck, Value: []byte{5, 0}}},
	}
	c, err := makeCertificate(t, a.cert, pub, a.key)
	if err != nil {
		return nil, fmt.Errorf("make OCSP responder of %s: %w", a.name, err)
	}
	return c, nil
}

// point writes where this authority answers into a certificate that it is to issue.
func (a *Authority) point(t *x509.Certificate) {
	t.CRLDistributionPoints = []string{a.CRLURL()}
	t.OCSPServer = []string{a.OCSPURL()}
	t.IssuingCertificateURL = []string{a.CertificateURL()}
}

// Name is the short name in addresses.
func (a *Authority) Name() string { return a.name }

// CRLURL is where the CRL lies.
func (a *Authority) CRLURL() string { return a.pki.base + "/crl/" + a.name + ".crl" }

// OCSPURL is where OCSP requests are answered.
func (a *Authority) OCSPURL() string { return a.pki.base + "/ocsp/" + a.name }

// CertificateURL is where the authority's own certificate lies.
func (a *Authority) CertificateURL() string { return a.pki.base + "/ca/" + a.name + ".cer" }

// DER is the authority's certificate.
func (a *Authority) DER() []byte { return append([]byte(nil), a.cert.Raw...) }

// PEM is the authority's certificate.
func (a *Authority) PEM() []byte { return certificatePEM(a.cert.Raw) }

// ResponderDER is the certificate of the delegated OCSP responder.
func (a *Authority) ResponderDER() []byte { return append([]byte(nil), a.responder.Raw...) }

// Revoke marks a certificate as revoked since when, for a reason of RFC 5280 section 5.3.1; CRL and
// OCSP say so from the next request on.
func (a *Authority) Revoke(serial *big.Int, when time.Time, reason int) error {
	a.mu.Lock()
	a.revoked[serial.Text(16)] = Revocation{Serial: new(big.Int).Set(serial), At: when.UTC(), Reason: reason}
	a.mu.Unlock()
	return a.pki.save()
}

// Restore takes a revocation back, as after a hold.
func (a *Authority) Restore(serial *big.Int) error {
	a.mu.Lock()
	delete(a.revoked, serial.Text(16))
	a.mu.Unlock()
	return a.pki.save()
}

func (a *Authority) remember(serial *big.Int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.issued[serial.Text(16)] = true
}

func newSerial() *big.Int {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails since Go 1.24
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b)
}

func makeCertificate(t, issuer *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, t, issuer, pub, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
