// SPDX-License-Identifier: Apache-2.0

package mint

import (
	"bytes"
	"crypto/sha1"
	"math/big"
	"time"

	"zaver/softhsm-fixtures/mint/asn"
)

// Extension is one extension of a certificate, CRL, CRL entry or OCSP answer.
type Extension struct {
	OID      string
	Critical bool
	Value    []byte // DER inside the OCTET STRING
	// RawCritical (DER) replaces the BOOLEAN, Raw the whole extension.
	RawCritical, Raw []byte

	fill func(spki []byte, issuer, subject *Party) []byte
}

// Raw is any extension.
func Raw(oid string, critical bool, value []byte) Extension {
	return Extension{OID: oid, Critical: critical, Value: value}
}

// Crit is the extension marked critical.
func (e Extension) Crit() Extension {
	e.Critical = true
	return e
}

// NonCrit is the extension not marked critical.
func (e Extension) NonCrit() Extension {
	e.Critical = false
	return e
}

// DER is the extension as it stands in a list.
func (e Extension) DER() []byte { return e.encode(nil, nil, nil) }

func (e Extension) encode(spki []byte, issuer, subject *Party) []byte {
	if e.Raw != nil {
		return e.Raw
	}
	value := e.Value
	if e.fill != nil {
		value = e.fill(spki, issuer, subject)
	}
	critical := e.RawCritical
	if critical == nil && e.Critical {
		critical = asn.Bool(true)
	}
	return asn.Seq(asn.OID(e.OID), critical, asn.Octets(value))
}

func encodeExtensions(list []Extension, spki []byte, issuer, subject *Party) []byte {
	var b []byte
	for _, e := range list {
		b = append(b, e.encode(spki, issuer, subject)...)
	}
	return asn.Seq(b)
}

// Extensions puts lists and single extensions together: Extensions(CAExtensions(), …).
func Extensions(base []Extension, extra ...Extension) []Extension {
	return append(append([]Extension(nil), base...), extra...)
}

// Without is the list without the extensions of that identifier.
func Without(list []Extension, oid string) []Extension {
	var out []Extension
	for _, e := range list {
		if e.OID != oid {
			out = append(out, e)
		}
	}
	return out
}

// Object identifiers of extensions that are needed by name (RFC 5280 section 4.2).
const (
	OIDSubjectKeyID     = "2.5.29.14"
	OIDKeyUsage         = "2.5.29.15"
	OIDBasicConstraints = "2.5.29.19"
	OIDAuthorityKeyID   = "2.5.29.35"
	OIDExtKeyUsage      = "2.5.29.37"
	OIDAnyPolicy        = "2.5.29.32.0"
)

// Key usage bits (RFC 5280 section 4.2.1.3).
const (
	DigitalSignature = iota
	NonRepudiation
	KeyEncipherment
	DataEncipherment
	KeyAgreement
	KeyCertSign
	CRLSign
	EncipherOnly
	DecipherOnly
)

// Extended key usages (RFC 5280 section 4.2.1.12).
const (
	AnyUsage        = "2.5.29.37.0"
	ServerAuth      = "1.3.6.1.5.5.7.3.1"
	ClientAuth      = "1.3.6.1.5.5.7.3.2"
	CodeSigning     = "1.3.6.1.5.5.7.3.3"
	EmailProtection = "1.3.6.1.5.5.7.3.4"
	TimeStamping    = "1.3.6.1.5.5.7.3.8"
	OCSPSigning     = "1.3.6.1.5.5.7.3.9"
)

// BasicConstraints is critical; a negative path length is left out.
func BasicConstraints(ca bool, pathLen int) Extension {
	var b []byte
	if ca {
		b = asn.Bool(true)
	}
	if pathLen >= 0 {
		b = append(b, asn.Int(int64(pathLen))...)
	}
	return Raw(OIDBasicConstraints, true, asn.Seq(b))
}

// KeyUsage is critical.
func KeyUsage(bits ...int) Extension { return Raw(OIDKeyUsage, true, asn.NamedBits(bits...)) }

// EKU is the extended key usage.
func EKU(purposes ...string) Extension { return Raw(OIDExtKeyUsage, false, oids(purposes)) }

func oids(list []string) []byte {
	var b []byte
	for _, s := range list {
		b = append(b, asn.OID(s)...)
	}
	return asn.Seq(b)
}

// SKI is the subject key identifier by SHA-1 of the key; SKIOf has any value.
func SKI() Extension {
	return Extension{OID: OIDSubjectKeyID, fill: func(spki []byte, _, _ *Party) []byte { return asn.Octets(keyID(spki)) }}
}

// SKIOf is a subject key identifier of any bytes.
func SKIOf(id []byte) Extension { return Raw(OIDSubjectKeyID, false, asn.Octets(id)) }

func (e Extension) ski(spki []byte) []byte {
	if e.fill != nil {
		return keyID(spki)
	}
	if len(e.Value) > 2 && e.Value[0] == asn.TagOctetString && e.Value[1] < 0x80 {
		return e.Value[2:]
	}
	return nil
}

func keyID(spki []byte) []byte {
	sum := sha1.Sum(bitString(spki))
	return sum[:]
}

// AKI names the issuer's key by what its own certificate calls it, else by SHA-1.
func AKI() Extension {
	return Extension{OID: OIDAuthorityKeyID, fill: func(_ []byte, issuer, _ *Party) []byte {
		return authorityKeyID(issuerKeyID(issuer), nil, nil)
	}}
}

// AKIFull has the key identifier, issuer and serial number of the issuer's certificate.
func AKIFull() Extension {
	return Extension{OID: OIDAuthorityKeyID, fill: func(_ []byte, issuer, _ *Party) []byte {
		name := issuer.Issuer
		if name == nil {
			name = issuer.Name
		}
		return authorityKeyID(issuerKeyID(issuer), []GeneralName{Dir(name)}, issuer.Serial)
	}}
}

// AKIOf has the parts given; nil parts are left out.
func AKIOf(id []byte, issuer []GeneralName, serial *big.Int) Extension {
	return Raw(OIDAuthorityKeyID, false, authorityKeyID(id, issuer, serial))
}

func issuerKeyID(issuer *Party) []byte {
	if issuer.SKI != nil {
		return issuer.SKI
	}
	return keyID(issuer.Key.SPKI)
}

func authorityKeyID(id []byte, issuer []GeneralName, serial *big.Int) []byte {
	var b []byte
	if id != nil {
		b = asn.Context(0, id)
	}
	if issuer != nil {
		b = append(b, asn.TLV(0xa1, joinNames(issuer))...)
	}
	if serial != nil {
		b = append(b, asn.Implicit(2, asn.BigInt(serial))...)
	}
	return asn.Seq(b)
}

// SAN is the subject alternative name.
func SAN(names ...GeneralName) Extension { return Raw("2.5.29.17", false, asn.Seq(joinNames(names))) }

// IAN is the issuer alternative name.
func IAN(names ...GeneralName) Extension { return Raw("2.5.29.18", false, asn.Seq(joinNames(names))) }

// PrivateKeyUsagePeriod has the bounds that are not zero (RFC 3280 section 4.2.1.4).
func PrivateKeyUsagePeriod(notBefore, notAfter time.Time) Extension {
	var b []byte
	if !notBefore.IsZero() {
		b = asn.Implicit(0, asn.GeneralizedTime(notBefore))
	}
	if !notAfter.IsZero() {
		b = append(b, asn.Implicit(1, asn.GeneralizedTime(notAfter))...)
	}
	return Raw("2.5.29.16", false, asn.Seq(b))
}

// NoCheck is id-pkix-ocsp-nocheck (RFC 6960 section 4.2.2.2.1).
func NoCheck() Extension { return Raw("1.3.6.1.5.5.7.48.1.5", false, asn.Null()) }

// SubjectSignTool names the holder's signature tool (RFC 9215 section 3).
func SubjectSignTool(name string) Extension { return Raw("1.2.643.100.111", false, asn.UTF8(name)) }

// IssuerSignTool names tool, CA tool and their certificates (RFC 9215 section 3).
func IssuerSignTool(tool, caTool, toolCertificate, caToolCertificate string) Extension {
	return Raw("1.2.643.100.112", false,
		asn.Seq(asn.UTF8(tool), asn.UTF8(caTool), asn.UTF8(toolCertificate), asn.UTF8(caToolCertificate)))
}

// IdentificationKind says how the holder was identified: 0 in person … 3 (RFC 9215 section 3).
func IdentificationKind(kind int64) Extension {
	return Raw("1.2.643.100.114", false, asn.Int(kind))
}

// KC lists the classes of signature tools up to the n-th: 1 KC1, 2 KC2 … 6 KA1.
func KC(n int) Extension {
	var classes []string
	for i := range n {
		classes = append(classes, "1.2.643.100.113."+string(rune('1'+i)))
	}
	return Policies(classes...)
}

func index(b, part []byte) int {
	i := bytes.Index(b, part)
	if i < 0 || bytes.Contains(b[i+1:], part) {
		panic("mint: what is to be replaced does not stand in one place")
	}
	return i
}
