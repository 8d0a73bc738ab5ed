// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"math/big"
	"time"

	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// Unsigned OCSP statuses (RFC 6960 section 4.2.1).
const (
	malformedRequest = 1
	tryLater         = 3
)

// MakeOCSP answers one OCSP request (RFC 6960), with the fault if it is one of content. A nonce is
// given back.
func (a *Authority) MakeOCSP(request []byte, f Fault) ([]byte, error) {
	if f == TryLater {
		return mint.OCSPError(tryLater), nil
	}
	req, ok := mint.ReadOCSPRequest(request)
	if !ok {
		return mint.OCSPError(malformedRequest), nil // RFC 6960 section 2.3: said inside a 200
	}
	this, next := a.times(f, a.pki.cfg.OCSPLife)
	answer := mint.OCSP{ByName: true, Nonce: req.Nonce, ProducedAt: this}
	for _, asked := range req.Asked {
		one := a.statusOf(asked, f)
		one.This, one.Next = this, next
		answer.Answers = append(answer.Answers, one)
	}
	signer := a.responder
	if f == WrongSigner || f == NoRight {
		var err error
		if signer, err = a.liar(f); err != nil {
			return nil, err
		}
	}
	return answer.Sign(signer), nil
}

// statusOf is what is said about one certificate.
func (a *Authority) statusOf(asked mint.AskedID, f Fault) mint.Answer {
	one := mint.Answer{CertID: asked.DER, Status: mint.StatusUnknown}
	a.mu.Lock()
	known := a.issued[asked.Serial.Text(16)]
	rev, revoked := a.revoked[asked.Serial.Text(16)]
	a.mu.Unlock()
	switch {
	case f == Unknown:
	case f == WrongCertificate:
		one.CertID = asked.About(new(big.Int).Add(asked.Serial, big.NewInt(1)))
		one.Status = mint.StatusGood
	case f == WrongSigner || f == NoRight:
		one.Status = mint.StatusGood // what a forger would say
	case revoked:
		one.Status, one.RevokedAt, one.Reason = mint.StatusRevoked, rev.At, int64(rev.Reason)
	case known:
		one.Status = mint.StatusGood
	}
	return one
}

// liar is who signs false OCSP answers and timestamps: the responder of another authority, or a
// certificate of this authority that may not answer.
func (a *Authority) liar(f Fault) (*mint.Party, error) {
	if f == WrongSigner {
		return a.otherAuthority().responder, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stranger == nil {
		key, err := NewKey(P256)
		if err != nil {
			return nil, err
		}
		a.stranger = a.makeServer("OCSP", key, mint.ClientAuth)
	}
	return a.stranger, nil
}

func (a *Authority) otherAuthority() *Authority {
	if a.name == RogueCA {
		return a.pki.Authority(CA)
	}
	return a.pki.Authority(RogueCA)
}

// MakeCRL gives the complete CRL (RFC 5280 section 5), with the fault if it is one of content.
func (a *Authority) MakeCRL(f Fault) ([]byte, error) {
	if f == WrongCertificate {
		return a.otherAuthority().MakeCRL(None)
	}
	this, next := a.times(f, a.pki.cfg.CRLLife)
	list := mint.CRL{ThisUpdate: this, NextUpdate: next}
	a.mu.Lock()
	a.crlNumber++
	list.Extensions = []mint.Extension{mint.AKI(), mint.CRLNumber(this.Unix()*1000 + a.crlNumber%1000)}
	for _, r := range a.revoked {
		var reason []mint.Extension
		if r.Reason != 0 {
			reason = []mint.Extension{mint.ReasonCode(int64(r.Reason))}
		}
		list.Entries = append(list.Entries, mint.Revoked(r.Serial, r.At, reason...))
	}
	a.mu.Unlock()
	signer := a.party
	switch f {
	case WrongSigner:
		// The name and key identifier of this authority over the signature of another.
		signer = a.party.Using(a.otherAuthority().party.Key)
		list.Entries = nil
	case Critical:
		list.Extensions = append(list.Extensions, mint.Raw("1.2.643.100.999", true, asn.Null()))
	}
	return list.Sign(signer), nil
}

// times gives thisUpdate and nextUpdate of an answer.
func (a *Authority) times(f Fault, life time.Duration) (this, next time.Time) {
	now := a.pki.cfg.Now().UTC().Truncate(time.Second)
	switch f {
	case Stale:
		now = now.Add(-life - 24*time.Hour)
	case Early:
		now = now.Add(24 * time.Hour)
	}
	return now, now.Add(life)
}
