// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"fmt"
	"math/big"
	"net/url"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/cert"
	"zaver/signature/internal/der"
)

// scope is the extension IssuingDistributionPoint (RFC 5280 section 5.2.5).
type scope struct {
	hasName                          bool
	names                            []string // comparable, see nameKey
	onlyUser, onlyCA, onlyAttributes bool
	indirect                         bool
	reasons                          cert.ReasonFlags // AllReasons when absent
}

// readScope reads the extension; issuer is the CRL's, which a relative name continues.
func readScope(value []byte, issuer cert.Name) (*scope, bool) {
	w := walkOver(value)
	body := w.into(der.TagSequence)
	if !w.done() || !body.more() {
		return nil, false // an empty one must not be issued
	}
	s := &scope{reasons: cert.AllReasons}
	if body.tag() == explicit(0) {
		point := cryptobyte.String(body.whole(explicit(0)))
		full, relative, err := cert.ReadDistributionPointName(&point)
		if body.bad || err != nil {
			return nil, false
		}
		s.hasName = true
		var ok bool
		if s.names, ok = nameKeys(full, relative, issuer); !ok {
			return nil, false
		}
	}
	s.onlyUser = body.isTrue(tagged(1))
	s.onlyCA = body.isTrue(tagged(2))
	if body.tag() == tagged(3) {
		var err error
		if s.reasons, err = cert.ParseReasons(body.content(tagged(3))); err != nil {
			return nil, false
		}
	}
	s.indirect = body.isTrue(tagged(4))
	s.onlyAttributes = body.isTrue(tagged(5))
	exclusive := 0
	for _, only := range []bool{s.onlyUser, s.onlyCA, s.onlyAttributes} {
		if only {
			exclusive++
		}
	}
	return s, body.done() && exclusive <= 1
}

// nameKeys makes the names of a distribution point comparable: a relative one is put behind the name
// of the CRL issuer (RFC 5280 section 4.2.1.13).
func nameKeys(full []cert.GeneralName, relative []byte, issuer cert.Name) ([]string, bool) {
	if relative != nil {
		whole, err := issuer.Append(relative)
		if err != nil {
			return nil, false
		}
		return []string{"\x04" + whole.Key()}, true
	}
	keys := make([]string, len(full))
	for i, n := range full {
		keys[i] = nameKey(n)
	}
	return keys, len(keys) > 0
}

// nameKey is equal for equal names: directory names by RFC 5280 section 7.1, addresses with scheme
// and host in any letter case (section 7.4), all others by their bytes.
func nameKey(n cert.GeneralName) string {
	switch n.Tag {
	case cert.DirectoryName:
		return "\x04" + n.Name.Key()
	case cert.URI:
		if u, err := url.Parse(n.Text); err == nil && u.Host != "" && u.User == nil {
			head := len(u.Scheme) + len("://") + len(u.Host)
			if head <= len(n.Text) {
				return "\x06" + strings.ToLower(n.Text[:head]) + n.Text[head:]
			}
		}
	}
	return string(rune(n.Tag)) + string(n.Raw)
}

// point is a distribution point that a CRL may answer for.
type point struct {
	hasName bool
	names   []string // comparable
	reasons cert.ReasonFlags
	// issuers are the names of cRLIssuer; nil when the certificate's issuer makes the CRL.
	issuers []string // comparable
}

// maxPoints bounds the distribution points of one certificate that are looked at.
const maxPoints = 16

// pointsOf lists the distribution points of a certificate and, last, the one that RFC 5280 section
// 6.3.3 assumes for every certificate: any CRL of its issuer.
func pointsOf(c *cert.Certificate) []point {
	var out []point
	for i := range c.CRLPoints {
		if len(out) < maxPoints {
			if p, ok := newPoint(&c.CRLPoints[i], c); ok {
				out = append(out, p)
			}
		}
	}
	assumed := point{hasName: true, names: []string{"\x04" + c.Issuer.Key()}, reasons: cert.AllReasons}
	for _, n := range c.IssuerAltNames {
		assumed.names = append(assumed.names, nameKey(n))
	}
	return append(out, assumed)
}

func newPoint(d *cert.DistributionPoint, c *cert.Certificate) (point, bool) {
	p := point{hasName: d.FullName != nil || d.RelativeName != nil, reasons: cert.AllReasons}
	if d.HasReasons {
		p.reasons = d.Reasons
	}
	issuer := c.Issuer
	for _, n := range d.CRLIssuer {
		p.issuers = append(p.issuers, nameKey(n))
		if n.Tag == cert.DirectoryName {
			issuer = n.Name
		}
	}
	if p.hasName {
		if d.RelativeName != nil && len(d.CRLIssuer) > 1 {
			return point{}, false // relative to whom? (RFC 5280 section 4.2.1.13)
		}
		var ok bool
		if p.names, ok = nameKeys(d.FullName, d.RelativeName, issuer); !ok {
			return point{}, false
		}
	}
	return p, p.hasName || p.issuers != nil
}

// covers says why a CRL does not answer for a distribution point of the certificate, nil when it does
// (RFC 5280 section 6.3.3 (b)).
func (l *list) covers(p *point, c *cert.Certificate) *Problem {
	s := l.scope
	if s == nil {
		s = &scope{reasons: cert.AllReasons}
	}
	other := func(detail string) *Problem { return &Problem{Code: CodeScope, Detail: detail} }
	if p.issuers == nil {
		if l.issuerKey != c.Issuer.Key() {
			return &Problem{Code: CodeIssuer, Detail: "CRL of another issuer"}
		}
	} else {
		if !anyOf(p.issuers, "\x04"+l.issuerKey) {
			return &Problem{Code: CodeIssuer, Detail: "CRL of another issuer than the distribution point names"}
		}
		if !s.indirect {
			return other("CRL of another issuer that is not indirect")
		}
	}
	switch {
	case s.onlyUser && c.IsCA:
		return other("CRL for users only")
	case s.onlyCA && !c.IsCA:
		return other("CRL for authorities only")
	case s.onlyAttributes:
		return other("CRL for attribute certificates")
	case !s.hasName:
		return nil
	}
	ours := p.names
	if !p.hasName {
		ours = p.issuers
	}
	for _, n := range s.names {
		if anyOf(ours, n) {
			return nil
		}
	}
	return other("CRL of another distribution point")
}

func anyOf(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// reasons are those that the CRL may name.
func (l *list) reasons() cert.ReasonFlags {
	if l.scope == nil {
		return cert.AllReasons
	}
	return l.scope.reasons
}

// sameScope reports that a delta CRL goes with a complete one: same issuer, same scope, same key by
// name, built on it or on an earlier one, and newer (RFC 5280 sections 5.2.4 and 6.3.3 (c)).
func (l *list) sameScope(delta *list) bool {
	return l.groupKey() == delta.groupKey() && l.number != nil &&
		l.number.Cmp(delta.base) >= 0 && l.number.Cmp(delta.number) < 0
}

// groupKey is equal for CRLs of one issuer and one of its keys that speak of the same certificates and
// reasons.
func (l *list) groupKey() string {
	key := l.issuerKey + "\x00" + string(l.keyID)
	if l.scope == nil {
		return key
	}
	s := l.scope
	return key + "\x00" + strings.Join(s.names, "\x00") +
		fmt.Sprintf("\x00%t%t%t%t%d", s.onlyUser, s.onlyCA, s.onlyAttributes, s.indirect, s.reasons)
}

// integerOf is the content of the INTEGER in shortest form.
func integerOf(n *big.Int) []byte {
	if n.Sign() >= 0 {
		return n.FillBytes(make([]byte, n.BitLen()/8+1))
	}
	var b cryptobyte.Builder
	b.AddASN1BigInt(n)
	s := cryptobyte.String(b.BytesOrPanic()) // a number is never too large for a length
	var content cryptobyte.String
	if !s.ReadASN1(&content, casn1.INTEGER) {
		return nil
	}
	return content
}
