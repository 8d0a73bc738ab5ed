// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"math/big"
	"time"

	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// StampPolicy is the policy of every timestamp made here.
const StampPolicy = "1.2.643.2.2.38.4"

// Failures of a timestamp request, as bits of PKIFailureInfo (RFC 3161 section 2.4.2).
const (
	badDataFormat    = 5
	timeNotAvailable = 14
	rejection        = 2 // PKIStatus
)

// StamperDER is the certificate of the authority's timestamp service, which is made when first asked for.
func (a *Authority) StamperDER() ([]byte, error) {
	s, err := a.stamper()
	if err != nil {
		return nil, err
	}
	return append([]byte(nil), s.DER...), nil
}

// stamper is the timestamp service's certificate and key; it is kept in the folder like the others.
func (a *Authority) stamper() (*mint.Party, error) {
	a.tsaMu.Lock()
	defer a.tsaMu.Unlock()
	if a.tsa != nil {
		return a.tsa, nil
	}
	key, err := NewKey(a.kind)
	if err != nil {
		return nil, err
	}
	tsa := a.makeServer("TSA", key, mint.TimeStamping)
	if err := a.keepStamper(tsa); err != nil {
		return nil, err
	}
	a.tsa = tsa
	return tsa, nil
}

// MakeStamp answers one timestamp request (RFC 3161), with the fault if it is one of content.
func (a *Authority) MakeStamp(request []byte, f Fault) ([]byte, error) {
	if f == Refused || f == TryLater {
		return mint.Rejected(rejection, "made to refuse", timeNotAvailable), nil
	}
	q, ok := mint.ReadTSQ(request)
	if !ok {
		return mint.Rejected(rejection, "not a request", badDataFormat), nil
	}
	signer, err := a.stamper()
	if f == WrongSigner || f == NoRight {
		signer, err = a.liar(f)
	}
	if err != nil {
		return nil, err
	}
	stamp := mint.TST{ImprintDER: q.Imprint, Nonce: q.Nonce, Policy: StampPolicy, Time: a.pki.cfg.Now().UTC().Truncate(time.Second)}
	switch f {
	case Stale:
		stamp.Time = stamp.Time.Add(-24 * time.Hour)
	case Early:
		stamp.Time = stamp.Time.Add(24 * time.Hour)
	case WrongNonce:
		stamp.Nonce = big.NewInt(42)
	case WrongImprint, WrongCertificate:
		stamp.ImprintDER, stamp.Message = nil, []byte("something else")
	}
	if q.WantsCerts {
		stamp.Signed.Certificates = a.pathOf(signer)
	} else {
		stamp.Signed.Certificates = [][]byte{}
	}
	stamp.Signer.At = stamp.Time
	return mint.Granted(stamp.Token(signer)), nil
}

// pathOf is a service's certificate and the authorities above it but the root.
func (a *Authority) pathOf(signer *mint.Party) [][]byte {
	list := [][]byte{signer.DER}
	for up := a; up.parent != nil; up = up.parent {
		list = append(list, up.party.DER)
	}
	return list
}

// makeServer issues a certificate for one of the authority's services: critical timeStamping as RFC
// 3161 section 2.3 demands, nocheck for a responder (RFC 6960 section 4.2.2.2.1).
func (a *Authority) makeServer(title string, key signer, purpose string) *mint.Party {
	now := a.pki.cfg.Now()
	k := mint.FromSigner(key)
	list := []mint.Extension{mint.BasicConstraints(false, -1), mint.KeyUsage(mint.DigitalSignature), mint.EKU(purpose), mint.SKI(), mint.AKI()}
	serial := mint.NewSerial()
	if purpose == mint.TimeStamping {
		list[2] = list[2].Crit()
		list = append(list, a.pointers()...)
		a.remember(serial)
	} else {
		list = append(list, mint.Raw("1.3.6.1.5.5.7.48.1.5", false, asn.Null()))
	}
	return mint.Certificate{
		Subject: Subject{CommonName: title + " " + a.name, Country: "RU"}.encode(), Key: k, Serial: serial,
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(12, 0, 0), Extensions: list,
	}.Sign(a.party)
}
