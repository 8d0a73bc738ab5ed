// SPDX-License-Identifier: Apache-2.0

package mint

import (
	"time"

	"zaver/softhsm-fixtures/mint/asn"
)

// Attribute is a signed or unsigned attribute of a SignerInfo.
type Attribute struct {
	OID    string
	Values [][]byte // DER each
	Raw    []byte   // replaces the whole attribute
}

// Identifiers of attributes (RFC 5652 section 11, RFC 5035, EN 319 122-1).
const (
	OIDContentType          = "1.2.840.113549.1.9.3"
	OIDMessageDigest        = "1.2.840.113549.1.9.4"
	OIDSigningTime          = "1.2.840.113549.1.9.5"
	OIDCounterSignature     = "1.2.840.113549.1.9.6"
	OIDSigningCertificate   = "1.2.840.113549.1.9.16.2.12"
	OIDSigningCertificateV2 = "1.2.840.113549.1.9.16.2.47"
	OIDSignatureTimestamp   = "1.2.840.113549.1.9.16.2.14"
	OIDCertificateValues    = "1.2.840.113549.1.9.16.2.23"
	OIDRevocationValues     = "1.2.840.113549.1.9.16.2.24"
)

// DER is the Attribute.
func (a Attribute) DER() []byte {
	if a.Raw != nil {
		return a.Raw
	}
	return asn.Seq(asn.OID(a.OID), asn.SetOf(a.Values...))
}

// Always is the attribute for Signer.Unsigned whatever the signature is.
func (a Attribute) Always() func([]byte) Attribute { return func([]byte) Attribute { return a } }

// ContentType is the content-type attribute.
func ContentType(oid string) Attribute { return one(OIDContentType, asn.OID(oid)) }

// MessageDigest is the message-digest attribute.
func MessageDigest(digest []byte) Attribute { return one(OIDMessageDigest, asn.Octets(digest)) }

// SigningTime is the signing-time attribute.
func SigningTime(t time.Time) Attribute { return one(OIDSigningTime, asn.Time(t)) }

// SigningCertificate is signing-certificate-v2 with one certificate, its hash by that digest and its
// issuer and serial number (RFC 5035 section 3). SHA-256 is the default and left out.
func SigningCertificate(d Digest, p *Party) Attribute {
	return SigningCertificates(ESSCertIDv2(d, p.DER, IssuerSerial(p)))
}

// SigningCertificates is signing-certificate-v2 of ready ESSCertIDv2.
func SigningCertificates(ids ...[]byte) Attribute {
	return one(OIDSigningCertificateV2, asn.Seq(asn.Seq(ids...)))
}

// ESSCertIDv2 names a certificate by hash; issuerSerial (DER) may be nil.
func ESSCertIDv2(d Digest, der, issuerSerial []byte) []byte {
	var algorithm []byte
	if d.Name != SHA256.Name {
		algorithm = d.Algorithm()
	}
	return asn.Seq(algorithm, asn.Octets(d.Sum(der)), issuerSerial)
}

// IssuerSerial is the IssuerSerial of ESS: general names and serial number.
func IssuerSerial(p *Party) []byte { return asn.Seq(asn.Seq(Dir(p.Issuer)), asn.BigInt(p.Serial)) }

// SigningCertificateV1 is the attribute of RFC 2634 with a SHA-1 hash.
func SigningCertificateV1(p *Party) Attribute {
	return one(OIDSigningCertificate, asn.Seq(asn.Seq(asn.Seq(asn.Octets(SHA1.Sum(p.DER)), IssuerSerial(p)))))
}

// Counter is an unsigned counter-signature by s over the signature (RFC 5652 section 11.4).
func Counter(s Signer) func([]byte) Attribute {
	return func(signature []byte) Attribute {
		if s.Attributes == nil {
			s.Drop = append(s.Drop, OIDContentType) // RFC 5652 section 11.4: content-type must be absent
		}
		return one(OIDCounterSignature, s.Info(OIDData, signature))
	}
}

// Timestamped is an unsigned signature timestamp (CAdES-T) by that authority at that time.
func Timestamped(tsa *Party, at time.Time) func([]byte) Attribute {
	return func(signature []byte) Attribute {
		return one(OIDSignatureTimestamp, TST{Message: signature, Time: at}.Token(tsa))
	}
}

// TimestampToken is an unsigned signature timestamp of a ready token.
func TimestampToken(token []byte) func([]byte) Attribute {
	return one(OIDSignatureTimestamp, token).Always()
}

// CertificateValues is the attribute of CAdES-LT with these certificates.
func CertificateValues(certificates ...[]byte) func([]byte) Attribute {
	return one(OIDCertificateValues, asn.Seq(certificates...)).Always()
}

// RevocationValues is the attribute of CAdES-LT: CertificateLists and BasicOCSPResponses, each DER.
func RevocationValues(crls, ocsp [][]byte) func([]byte) Attribute {
	var b []byte
	if len(crls) > 0 {
		b = asn.Explicit(0, asn.Seq(crls...))
	}
	if len(ocsp) > 0 {
		b = append(b, asn.Explicit(1, asn.Seq(ocsp...))...)
	}
	return one(OIDRevocationValues, asn.Seq(b)).Always()
}

func one(oid string, value []byte) Attribute { return Attribute{OID: oid, Values: [][]byte{value}} }
