// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"time"

	"zaver/signature/cert"
)

var (
	oidCRLNumber      = asn1.ObjectIdentifier{2, 5, 29, 20}
	oidReasonCode     = asn1.ObjectIdentifier{2, 5, 29, 21}
	oidInvalidityDate = asn1.ObjectIdentifier{2, 5, 29, 24}
	oidDelta          = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidDistribution   = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidAuthorityKeyID = asn1.ObjectIdentifier{2, 5, 29, 35}
)

// crl is a CRL whose signature holds under its issuer; it may be asked about any certificate of
// that issuer.
type crl struct {
	raw        []byte
	this, next time.Time
	scope      *distributionPoint // nil: covers everything
	revoked    map[string]entry   // by the serial number's bytes
}

type entry struct {
	at     time.Time
	reason int
}

// distributionPoint is the extension IssuingDistributionPoint (RFC 5280 section 5.2.5).
type distributionPoint struct {
	Name struct {
		Full     []asn1.RawValue `asn1:"optional,tag:0"`
		Relative asn1.RawValue   `asn1:"optional,tag:1"`
	} `asn1:"optional,tag:0"`
	OnlyUser      bool           `asn1:"optional,tag:1"`
	OnlyCA        bool           `asn1:"optional,tag:2"`
	OnlyReasons   asn1.BitString `asn1:"optional,tag:3"`
	Indirect      bool           `asn1:"optional,tag:4"`
	OnlyAttribute bool           `asn1:"optional,tag:5"`
}

// openCRL parses a CRL and checks that the issuer made it.
func openCRL(der []byte, issuer *cert.Certificate) (*crl, *Problem) {
	if len(der) > MaxAnswer {
		return nil, &Problem{Code: CodeTooLarge, Detail: fmt.Sprintf("%d bytes", len(der))}
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, malformed("read CRL", err)
	}
	// The standard library keeps only those algorithms it knows, so they are read once more.
	var outer struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if p := unmarshal(der, &outer, "CRL"); p != nil {
		return nil, p
	}
	if !bytes.Equal(list.RawIssuer, issuer.RawSubject) {
		return nil, &Problem{Code: CodeIssuer, Detail: "CRL of another issuer"}
	}
	if issuer.HasKeyUsage && issuer.KeyUsage&cert.CRLSign == 0 {
		return nil, &Problem{Code: CodeIssuer, Detail: "the issuer's key may not sign CRLs"}
	}
	if list.NextUpdate.IsZero() {
		return nil, malformed("CRL without nextUpdate", nil)
	}
	l := &crl{raw: der, this: list.ThisUpdate.UTC(), next: list.NextUpdate.UTC(), revoked: make(map[string]entry, len(list.RevokedCertificateEntries))}
	if p := l.readExtensions(list.Extensions); p != nil {
		return nil, p
	}
	if p := l.readEntries(list.RevokedCertificateEntries); p != nil {
		return nil, p
	}
	err = issuer.CheckSigned(outer.Algorithm.Algorithm, outer.Algorithm.Parameters.FullBytes,
		outer.TBS.FullBytes, outer.Signature.RightAlign())
	if err != nil {
		return nil, &Problem{Code: CodeSignature, Detail: "signature under the issuer's key", Cause: err}
	}
	return l, nil
}

func (l *crl) readExtensions(list []pkix.Extension) *Problem {
	for _, e := range list {
		switch {
		case e.Id.Equal(oidDistribution):
			l.scope = &distributionPoint{}
			if p := unmarshal(e.Value, l.scope, "issuing distribution point"); p != nil {
				return p
			}
		case e.Id.Equal(oidDelta): // silent about most certificates, marked critical or not
			return &Problem{Code: CodeScope, Detail: "delta CRL"}
		case e.Id.Equal(oidCRLNumber), e.Id.Equal(oidAuthorityKeyID):
		case e.Critical:
			return &Problem{Code: CodeCriticalExtension, Detail: e.Id.String()}
		}
	}
	return nil
}

// readEntries refuses the whole CRL for one critical entry extension that is not understood, as RFC
// 5280 section 5.3 demands.
func (l *crl) readEntries(list []x509.RevocationListEntry) *Problem {
	for i := range list {
		e := &list[i]
		for _, x := range e.Extensions {
			if x.Critical && !x.Id.Equal(oidReasonCode) && !x.Id.Equal(oidInvalidityDate) {
				return &Problem{Code: CodeCriticalExtension, Detail: "entry extension " + x.Id.String()}
			}
		}
		l.revoked[string(e.SerialNumber.Bytes())] = entry{at: e.RevocationTime.UTC(), reason: e.ReasonCode}
	}
	return nil
}

// judge looks a certificate up.
func (l *crl) judge(c *cert.Certificate, at time.Time, skew time.Duration) (Result, *Problem) {
	if p := fresh(l.this, l.next, at, skew); p != nil {
		return Result{}, p
	}
	if p := l.scope.covers(c); p != nil {
		return Result{}, p
	}
	r := Result{Status: Good, Source: SourceCRL, Raw: l.raw, ThisUpdate: l.this, NextUpdate: l.next}
	if e, ok := l.revoked[string(c.Serial.Bytes())]; ok {
		r.Status, r.RevokedAt, r.Reason = Revoked, e.at, e.reason
	}
	return r, nil
}

// covers refuses a CRL that is silent about the certificate for another reason than its being good.
func (d *distributionPoint) covers(c *cert.Certificate) *Problem {
	if d == nil {
		return nil
	}
	switch {
	case d.Indirect, d.OnlyAttribute, d.OnlyReasons.BitLength > 0, len(d.Name.Relative.FullBytes) > 0:
		return &Problem{Code: CodeScope, Detail: "indirect, partial or relatively named CRL"}
	case d.OnlyUser && c.IsCA, d.OnlyCA && !c.IsCA:
		return &Problem{Code: CodeScope, Detail: "CRL is for other certificates"}
	case len(d.Name.Full) == 0:
		return nil
	}
	const uri = 6 // GeneralName, uniformResourceIdentifier [6]
	for _, name := range d.Name.Full {
		for _, address := range c.CRLs {
			if name.Class == asn1.ClassContextSpecific && name.Tag == uri && string(name.Bytes) == address {
				return nil
			}
		}
	}
	return &Problem{Code: CodeScope, Detail: "CRL is of another distribution point"}
}
