// SPDX-License-Identifier: Apache-2.0

package mint

import (
	"math/big"
	"slices"
	"time"

	"zaver/softhsm-fixtures/mint/asn"
)

// Content types (RFC 5652 section 4, RFC 3161 section 2.4.2).
const (
	OIDData       = "1.2.840.113549.1.7.1"
	OIDSignedData = "1.2.840.113549.1.7.2"
	OIDTSTInfo    = "1.2.840.113549.1.9.16.1.4"
)

// SignedData is a CMS SignedData to be made (RFC 5652 section 5.1).
type SignedData struct {
	Content []byte
	// ContentType is id-data when empty.
	ContentType string
	// Detached leaves the content out.
	Detached bool
	// Certificates are DER; nil sends the signers' own, empty none. CRLs are DER of what stands in [1]: lists,
	// or OCSP answers by OtherRevocation.
	Certificates, CRLs [][]byte
	Signers            []Signer
	// Version is by the rules of RFC 5652 when 0.
	Version int64
	// DigestAlgorithms (DER of AlgorithmIdentifiers) replaces those of the signers.
	DigestAlgorithms [][]byte
	// EncapContent (DER of EncapsulatedContentInfo) and SignerInfos (DER each) replace what would be made.
	EncapContent []byte
	SignerInfos  [][]byte
	// OuterType is id-signedData when empty.
	OuterType string
	Edit      func([]byte) []byte
}

// Signer is one signature to be made (RFC 5652 section 5.3).
type Signer struct {
	By *Party
	// Digest is the key's when zero; DigestAlgorithm (DER) replaces what is written of it.
	Digest          Digest
	DigestAlgorithm []byte
	// ByKey names the signer by its key identifier; SID (DER) replaces both forms.
	ByKey bool
	SID   []byte
	// Version is by the form of SID when 0.
	Version int64
	// Attributes are signed; nil gives those of CAdES-BES: Signer.Usual. NoAttributes signs the content itself.
	Attributes   []Attribute
	NoAttributes bool
	// At is the signing time of Usual; now when zero, NoTime leaves it out.
	At     time.Time
	NoTime bool
	// Extra attributes are added, Drop removes by identifier, Unsorted keeps the order given.
	Extra    []Attribute
	Drop     []string
	Unsorted bool
	// SignOver replaces the bytes that are signed.
	SignOver []byte
	// Algorithm (DER) replaces the signatureAlgorithm.
	Algorithm     []byte
	EditSignature func([]byte) []byte
	// Unsigned attributes get the signature's octets; UnsignedDER replaces the field.
	Unsigned    []func(signature []byte) Attribute
	UnsignedDER []byte
}

// DER is the ContentInfo.
func (s SignedData) DER() []byte {
	kind := s.ContentType
	if kind == "" {
		kind = OIDData
	}
	encap := s.EncapContent
	if encap == nil {
		var content []byte
		if !s.Detached {
			content = asn.Explicit(0, asn.Octets(s.Content))
		}
		encap = asn.Seq(asn.OID(kind), content)
	}
	infos, algorithms := s.SignerInfos, s.DigestAlgorithms
	certificates, version := s.Certificates, int64(1)
	for _, signer := range s.Signers {
		infos = append(infos, signer.Info(kind, s.Content))
		if s.DigestAlgorithms == nil {
			if a := signer.digestAlgorithm(); !slices.ContainsFunc(algorithms, func(b []byte) bool { return string(b) == string(a) }) {
				algorithms = append(algorithms, a)
			}
		}
		if s.Certificates == nil && signer.By.DER != nil {
			certificates = append(certificates, signer.By.DER)
		}
		if signer.ByKey {
			version = 3
		}
	}
	if kind != OIDData {
		version = 3
	}
	version = max(version, rareVersion(certificates, s.CRLs))
	if s.Version != 0 {
		version = s.Version
	}
	var bag, crls []byte
	if len(certificates) > 0 {
		bag = asn.Retag(0xa0, asn.SetOf(certificates...))
	}
	if len(s.CRLs) > 0 {
		crls = asn.Retag(0xa1, asn.SetOf(s.CRLs...))
	}
	outer := s.OuterType
	if outer == "" {
		outer = OIDSignedData
	}
	der := asn.Seq(asn.OID(outer), asn.Explicit(0,
		asn.Seq(asn.Int(version), asn.SetOf(algorithms...), encap, bag, crls, asn.SetOf(infos...))))
	if s.Edit != nil {
		der = s.Edit(der)
	}
	return der
}

// rareVersion is the version that attribute certificates and revocation data of other kinds ask for, 1 without them.
func rareVersion(certificates, crls [][]byte) int64 {
	version := int64(1)
	for _, c := range certificates {
		switch c[0] {
		case 0xa1:
			version = max(version, 3)
		case 0xa2:
			version = max(version, 4)
		case 0xa3:
			version = 5
		}
	}
	for _, c := range crls {
		if c[0] == 0xa1 {
			version = 5
		}
	}
	return version
}

func (s Signer) digest() Digest {
	if s.Digest.make == nil {
		return s.By.Key.Digest
	}
	return s.Digest
}

func (s Signer) digestAlgorithm() []byte { return orBytes(s.DigestAlgorithm, s.digest().Algorithm()) }

// Usual are the attributes of CAdES-BES over that content: content type, message digest, signing
// time, signing certificate (ETSI EN 319 122-1 section 5.2).
func (s Signer) Usual(contentType string, content []byte) []Attribute {
	list := []Attribute{ContentType(contentType), MessageDigest(s.digest().Sum(content))}
	if !s.NoTime {
		list = append(list, SigningTime(orTime(s.At, time.Now())))
	}
	return append(list, SigningCertificate(s.digest(), s.By))
}

// Info is the SignerInfo over content of that type.
func (s Signer) Info(contentType string, content []byte) []byte {
	version, sid := int64(1), s.SID
	switch {
	case sid != nil:
	case s.ByKey:
		version, sid = 3, asn.Context(0, issuerKeyID(s.By))
	default:
		sid = IssuerAndSerial(s.By.Issuer, s.By.Serial)
	}
	if s.Version != 0 {
		version = s.Version
	}
	signed, over := s.attributes(contentType, content)
	if s.SignOver != nil {
		over = s.SignOver
	}
	key := *s.By.Key
	if !key.raw {
		key.Digest = s.digest()
	}
	signature := key.SignMessage(over)
	if s.EditSignature != nil {
		signature = s.EditSignature(slices.Clone(signature))
	}
	unsigned := s.UnsignedDER
	if len(s.Unsigned) > 0 {
		var list [][]byte
		for _, make := range s.Unsigned {
			list = append(list, make(signature).DER())
		}
		unsigned = asn.Retag(0xa1, asn.SetOf(list...))
	}
	return asn.Seq(asn.Int(version), sid, s.digestAlgorithm(), signed,
		orBytes(s.Algorithm, s.By.Key.CMSAlgorithm), asn.Octets(signature), unsigned)
}

// attributes gives the field and the bytes that are signed (RFC 5652 section 5.4).
func (s Signer) attributes(contentType string, content []byte) (field, over []byte) {
	if s.NoAttributes {
		return nil, content
	}
	list := s.Attributes
	if list == nil {
		list = s.Usual(contentType, content)
	}
	var encoded [][]byte
	for _, a := range append(slices.Clone(list), s.Extra...) {
		if !slices.Contains(s.Drop, a.OID) {
			encoded = append(encoded, a.DER())
		}
	}
	set := asn.SetOf(encoded...)
	if s.Unsorted {
		set = asn.Set(encoded...)
	}
	return asn.Retag(0xa0, set), set
}

// IssuerAndSerial names a certificate (RFC 5652 section 10.2.4).
func IssuerAndSerial(issuer Name, serial *big.Int) []byte { return asn.Seq(issuer, asn.BigInt(serial)) }
