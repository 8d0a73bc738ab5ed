// SPDX-License-Identifier: Apache-2.0

package mint

import (
	"math/big"
	"time"

	"zaver/softhsm-fixtures/mint/asn"
)

// CRL is a certificate revocation list to be made (RFC 5280 section 5.1).
type CRL struct {
	// Version is what stands in the field plus one; 0 means 2, 1 leaves the field out.
	Version int
	// Issuer is the signer's name when nil.
	Issuer Name
	// ThisUpdate is an hour ago and NextUpdate in a day when zero.
	ThisUpdate, NextUpdate time.Time
	NoNextUpdate           bool
	Entries                []Entry
	EmptyEntries           bool // writes revokedCertificates as an empty list, which RFC 5280 forbids
	// Extensions is CRLNumber(1) and AKI when nil; an empty list leaves the field out.
	Extensions    []Extension
	Inner, Outer  []byte // as in Certificate
	EditTBS       func([]byte) []byte
	EditSignature func([]byte) []byte
	Edit          func([]byte) []byte
}

// Entry is one revoked certificate.
type Entry struct {
	Serial     *big.Int
	At         time.Time
	Extensions []Extension
}

// Revoked is an entry; the certificate is revoked at that time.
func Revoked(serial *big.Int, at time.Time, extensions ...Extension) Entry {
	return Entry{serial, at, extensions}
}

// Sign makes the list by that issuer.
func (l CRL) Sign(issuer *Party) []byte {
	now := time.Now().UTC().Truncate(time.Second)
	version := asn.Int(1)
	switch {
	case l.Version == 1:
		version = nil
	case l.Version != 0:
		version = asn.Int(int64(l.Version - 1))
	}
	next := asn.Time(orTime(l.NextUpdate, now.Add(24*time.Hour)))
	if l.NoNextUpdate {
		next = nil
	}
	var entries []byte
	for _, e := range l.Entries {
		entries = append(entries, e.encode()...)
	}
	if entries != nil || l.EmptyEntries {
		entries = asn.Seq(entries)
	}
	list := l.Extensions
	if list == nil && l.Version != 1 {
		list = []Extension{AKI(), CRLNumber(1)}
	}
	var extensions []byte
	if len(list) > 0 {
		extensions = asn.Explicit(0, encodeExtensions(list, nil, issuer, nil))
	}
	tbs := asn.Seq(version, orBytes(l.Inner, issuer.Key.Algorithm), orBytes(l.Issuer, issuer.Name),
		asn.Time(orTime(l.ThisUpdate, now.Add(-time.Hour))), next, entries, extensions)
	if l.EditTBS != nil {
		tbs = l.EditTBS(tbs)
	}
	der := seal(tbs, issuer.Key, l.Outer, l.EditSignature)
	if l.Edit != nil {
		der = l.Edit(der)
	}
	return der
}

func (e Entry) encode() []byte {
	var extensions []byte
	if len(e.Extensions) > 0 {
		extensions = encodeExtensions(e.Extensions, nil, nil, nil)
	}
	return asn.Seq(asn.BigInt(e.Serial), asn.Time(e.At), extensions)
}

// CRLNumber numbers a list (RFC 5280 section 5.2.3).
func CRLNumber(n int64) Extension { return Raw("2.5.29.20", false, asn.Int(n)) }

// BigCRLNumber numbers a list by a number of any size.
func BigCRLNumber(n *big.Int) Extension { return Raw("2.5.29.20", false, asn.BigInt(n)) }

// DeltaIndicator makes a list a delta over the base of that number; critical (RFC 5280 section 5.2.4).
func DeltaIndicator(base int64) Extension { return Raw("2.5.29.27", true, asn.Int(base)) }

// IDP is an issuing distribution point (RFC 5280 section 5.2.5).
type IDP struct {
	FullName                           []GeneralName
	Relative                           []byte
	OnlyUsers, OnlyCAs, OnlyAttributes bool
	Indirect                           bool
	Reasons                            []int
}

// Extension is the critical extension.
func (i IDP) Extension() Extension {
	b := pointName(i.FullName, i.Relative)
	add := func(n int, on bool) {
		if on {
			b = append(b, asn.Context(n, []byte{0xff})...)
		}
	}
	add(1, i.OnlyUsers)
	add(2, i.OnlyCAs)
	if i.Reasons != nil {
		b = append(b, asn.Implicit(3, asn.NamedBits(i.Reasons...))...)
	}
	add(4, i.Indirect)
	add(5, i.OnlyAttributes)
	return Raw("2.5.29.28", true, asn.Seq(b))
}

// ReasonCode is the reason in a CRL entry (RFC 5280 section 5.3.1): 1 keyCompromise, 6 hold, 8 removeFromCRL …
func ReasonCode(reason int64) Extension { return Raw("2.5.29.21", false, asn.Enum(reason)) }

// InvalidityDate is since when the key is doubted (RFC 5280 section 5.3.2).
func InvalidityDate(t time.Time) Extension {
	return Raw("2.5.29.24", false, asn.GeneralizedTime(t))
}

// CertificateIssuer says whose certificates follow in an indirect list; critical (RFC 5280 section 5.3.3).
func CertificateIssuer(names ...GeneralName) Extension {
	return Raw("2.5.29.29", true, asn.Seq(joinNames(names)))
}
