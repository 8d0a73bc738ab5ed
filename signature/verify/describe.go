// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"zaver/signature/cert"
)

// Certificate roles in a Description.
const (
	RoleSigner    = "signer"    // whose signature or certificate was asked about
	RoleIssuer    = "issuer"    // an authority of the path
	RoleAnchor    = "anchor"    // the trust anchor
	RoleTimestamp = "timestamp" // who made a timestamp
)

// Description is a certificate in words, for tools that read no DER. It holds personal data.
type Description struct {
	Role string `json:"role"`
	// SHA256 is the fingerprint that findings and answers name the certificate by.
	SHA256  string `json:"sha256"`
	Subject string `json:"subject"`
	Issuer  string `json:"issuer"`
	// Attributes are those of the subject, in its order.
	Attributes []NameAttribute `json:"subject_attributes,omitempty"`
	// Serial is in lower-case hexadecimal of whole octets, with a minus for a number below 0.
	Serial    string    `json:"serial"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	// Key is the kind of the key and its size in bits, Algorithm what the certificate is signed by: a
	// name, or the object identifier of an unknown one.
	Key       string `json:"key"`
	Algorithm string `json:"signature_algorithm"`
	// HolderKind is that of cert.Holder, Class the class of the signature tool; empty when there is none.
	HolderKind string `json:"holder_kind,omitempty"`
	Class      string `json:"tool_class,omitempty"`
	SubjectKey string `json:"subject_key_id,omitempty"`
}

// NameAttribute is one attribute of a name. Value is the text, or # and the content in hexadecimal
// where it is no text.
type NameAttribute struct {
	OID   string `json:"oid"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Describe puts a certificate into words.
func Describe(c *cert.Certificate, role string) Description {
	d := Description{
		Role: role, SHA256: fingerprint(c), Subject: c.Subject.String(), Issuer: c.Issuer.String(), Serial: SerialText(c),
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(), Key: fmt.Sprintf("%v, %d", c.PublicKey.Kind(), c.PublicKey.Bits()),
		Algorithm: c.SignatureOID.String(), SubjectKey: hex.EncodeToString(c.SKI), Class: c.Class().String(),
	}
	if a, err := c.SignatureAlgorithm(); err == nil {
		d.Algorithm = a.Name
	}
	if role == RoleSigner && !c.IsCA {
		d.HolderKind = string(c.Holder().Kind)
	}
	for _, a := range c.Subject.Attributes {
		label, _, _ := strings.Cut(cert.Name{Attributes: []cert.Attribute{a}}.String(), "=")
		n := NameAttribute{OID: a.OID.String(), Name: label, Value: a.Value}
		if a.Value == "" && len(a.Raw) > 0 {
			n.Value = "#" + hex.EncodeToString(a.Raw)
		}
		d.Attributes = append(d.Attributes, n)
	}
	return d
}

// SerialText is the serial number as people compare it: hexadecimal of whole octets.
func SerialText(c *cert.Certificate) string {
	b := c.Serial.Bytes()
	if len(b) == 0 {
		b = []byte{0}
	}
	sign := ""
	if c.Serial.Sign() < 0 {
		sign = "-"
	}
	return sign + hex.EncodeToString(b)
}

// Describe puts every certificate that the report rests on into words: the path or else the signer,
// then those who made timestamps.
func (r *Report) Describe() []Description {
	var list []Description
	for i, c := range r.Path {
		switch roleOf(r.Path, i) {
		case leafRole:
			list = append(list, Describe(c, RoleSigner))
		case issuerRole:
			list = append(list, Describe(c, RoleIssuer))
		default:
			list = append(list, Describe(c, RoleAnchor))
		}
	}
	if len(list) == 0 && r.Signer != nil {
		list = append(list, Describe(r.Signer, RoleSigner))
	}
	for _, t := range r.Timestamps {
		if t.Signer != nil {
			list = append(list, Describe(t.Signer, RoleTimestamp))
		}
	}
	return list
}
