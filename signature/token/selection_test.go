// SPDX-License-Identifier: Apache-2.0

package token

import (
	"crypto/x509"
	"encoding/asn1"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// shelf issues certificates by name and remembers them.
type shelf struct {
	t         *testing.T
	authority *pki.PKI
	ders      map[string][]byte
}

func (s *shelf) issue(name string, kind mint.Kind, change func(*pki.Template)) []byte {
	s.t.Helper()
	tpl := pki.Template{Subject: pki.PersonSubject(people.TokenHolder()), PublicKey: mint.SPKI(mint.NewKey(kind).SPKI), NotBefore: testTime.AddDate(-1, 0, 0), NotAfter: testTime.AddDate(1, 0, 0)}
	if change != nil {
		change(&tpl)
	}
	der, err := s.authority.Issue(tpl)
	if err != nil {
		s.t.Fatal(err)
	}
	s.ders[name] = der
	return der
}

func (s *shelf) good(name string) []byte {
	if der, ok := s.ders[name]; ok {
		return der
	}
	return s.issue(name, mint.P256, nil)
}

// on is a token with certificates under CKA_IDs 1, 2, …
func on(change func(*tokenReply), ders ...[]byte) tokenReply {
	r := tokenReply{Label: "token", Serial: "1", LoginRequired: true}
	for i, der := range ders {
		r.Certificates = append(r.Certificates, certReply{ID: []byte{byte(i + 1)}, DER: der})
	}
	if change != nil {
		change(&r)
	}
	return r
}

// offers is what a person sees of tokens behind modules "0", "1", …: the name of each certificate, through which module, and why it is grey.
func (s *shelf) offers(replies ...tokenReply) map[string]string {
	var all []Token
	for i := range replies {
		all = append(all, newToken(string(rune('0'+i)), &replies[i], testTime))
	}
	out := make(map[string]string)
	for _, tok := range merge(all) {
		for _, c := range tok.Credentials {
			name := "?"
			for n, der := range s.ders {
				if c.Certificate != nil && string(c.Certificate.Raw) == string(der) {
					name = n
				}
			}
			if c.Usable != (c.Reason == "") || c.Usable && c.Ref.Module != tok.Module {
				s.t.Errorf("%s: usable %t, reason %q, through %q of %q", name, c.Usable, c.Reason, c.Ref.Module, tok.Module)
			}
			for _, taken := out[name]; taken; _, taken = out[name] {
				name += "'"
			}
			out[name] = tok.Module + " " + c.Reason
		}
	}
	return out
}

// TestSelection is the table of what is offered and what is grey, with which reason and through which module.
func TestSelection(t *testing.T) {
	authority, err := pki.Start(pki.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { authority.Close() })
	s := &shelf{t: t, authority: authority, ders: make(map[string][]byte)}
	cases := s.single()
	maps.Copy(cases, s.several())
	if len(cases) < 40 {
		t.Errorf("%d cases, want 40 at least", len(cases))
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, s.offers(c.tokens...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

type scene struct {
	tokens []tokenReply
	want   map[string]string
}

// single are tokens with one certificate, named "c".
func (s *shelf) single() map[string]scene {
	out := make(map[string]scene)
	one := func(name, reason string, der []byte) {
		s.ders[name] = der
		seen := name
		if reason == ReasonMalformed {
			delete(s.ders, name)
			seen = "?"
		}
		out[name] = scene{[]tokenReply{on(nil, der)}, map[string]string{seen: "0 " + reason}}
	}
	for kind, reason := range map[mint.Kind]string{
		mint.RSA1024: ReasonUnsupportedKey, mint.RSA2048: "", mint.RSA3072: "", mint.P224: ReasonUnsupportedKey, mint.P256: "", mint.P384: "", mint.P521: "",
		mint.Ed25519: ReasonUnsupportedKey, mint.GOST256A: "", mint.GOST256TCA: "", mint.GOST512A: "", mint.GOST512C: "", mint.GOST2001A: ReasonLegacy,
	} {
		one("key "+string(kind), reason, s.issue("key "+string(kind), kind, nil))
	}
	second := time.Second
	for name, c := range map[string]struct {
		reason string
		change func(*pki.Template)
	}{
		"expired":                {ReasonExpired, func(c *pki.Template) { c.NotAfter = testTime.Add(-second) }},
		"last second":            {"", func(c *pki.Template) { c.NotAfter = testTime }},
		"not yet":                {ReasonNotYetValid, func(c *pki.Template) { c.NotBefore = testTime.Add(second) }},
		"first second":           {"", func(c *pki.Template) { c.NotBefore = testTime }},
		"authority":              {ReasonCA, func(c *pki.Template) { c.CertificateAuthority = true }},
		"expired authority":      {ReasonCA, func(c *pki.Template) { c.CertificateAuthority, c.NotAfter = true, testTime.Add(-second) }},
		"encipherment only":      {ReasonKeyUsage, func(c *pki.Template) { c.KeyUsage = x509.KeyUsageKeyEncipherment }},
		"agreement only":         {ReasonKeyUsage, func(c *pki.Template) { c.KeyUsage = x509.KeyUsageKeyAgreement }},
		"digital signature only": {"", func(c *pki.Template) { c.KeyUsage = x509.KeyUsageDigitalSignature }},
		"non-repudiation only":   {"", func(c *pki.Template) { c.KeyUsage = x509.KeyUsageContentCommitment }},
		"signature and others":   {"", func(c *pki.Template) { c.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment }},
		"no key usage":           {"", func(c *pki.Template) { c.NoKeyUsage = true }},
		"expired, for others":    {ReasonKeyUsage, func(c *pki.Template) { c.KeyUsage, c.NotAfter = x509.KeyUsageKeyEncipherment, testTime.Add(-second) }},
		"key's time over":        {ReasonKeyExpired, func(c *pki.Template) { c.KeyFrom, c.KeyUntil = testTime.AddDate(-1, 0, 0), testTime.Add(-second) }},
		"key's time to come":     {ReasonNotYetValid, func(c *pki.Template) { c.KeyFrom, c.KeyUntil = testTime.Add(second), testTime.AddDate(0, 1, 0) }},
		"key's time on":          {"", func(c *pki.Template) { c.KeyFrom, c.KeyUntil = testTime.AddDate(-1, 0, 0), testTime.AddDate(0, 1, 0) }},
		"not qualified":          {"", func(c *pki.Template) { c.NotQualified = true }}, // the portal's policy judges that
		"server certificate":     {"", func(c *pki.Template) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }},
	} {
		one(name, c.reason, s.issue(name, mint.P256, c.change))
	}
	whole := s.good("whole")
	one("cut short", ReasonMalformed, whole[:len(whole)-1])
	one("bytes after it", ReasonMalformed, append(whole[:len(whole):len(whole)], 0))
	one("rubbish", ReasonMalformed, []byte{0xA5, 0xA5})
	one("empty sequence", ReasonMalformed, []byte{0x30, 0})
	return out
}

// several are scenes of keys beside certificates, and of one certificate in several places.
func (s *shelf) several() map[string]scene {
	a, b := s.good("a"), s.good("b")
	expired := s.ders["expired"]
	spki := func(der []byte) []byte {
		c, err := cert.Parse(der)
		if err != nil {
			s.t.Fatal(err)
		}
		return c.PublicKey.SPKI()
	}
	key := func(id byte, der []byte) func(*tokenReply) {
		return func(r *tokenReply) { r.Keys = []keyReply{{ID: []byte{id}, Kind: algo.ECDSA, SPKI: spki(der)}} }
	}
	blocked := func(r *tokenReply) { r.Problem, r.Tries = pin.ReasonBlocked, pin.Blocked() }
	problem := func(p pin.Reason) func(*tokenReply) { return func(r *tokenReply) { r.Problem = p } }
	final := func(r *tokenReply) { r.Tries = pin.Left(1) }
	want := func(pairs ...string) map[string]string {
		out := make(map[string]string)
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = pairs[i+1]
		}
		return out
	}
	null, _ := asn1.Marshal(asn1.NullRawValue)
	return map[string]scene{
		"nothing":                        {[]tokenReply{on(nil)}, want()},
		"a key alone":                    {[]tokenReply{on(key(7, a))}, want("?", "0 "+ReasonNoCertificate)},
		"key and certificate by ID":      {[]tokenReply{on(key(1, b), a)}, want("a", "0 ")},
		"key and certificate by key":     {[]tokenReply{on(key(7, a), a)}, want("a", "0 ")},
		"another's key":                  {[]tokenReply{on(key(7, b), a)}, want("a", "0 ", "?", "0 "+ReasonNoCertificate)},
		"a key that nobody can read":     {[]tokenReply{on(func(r *tokenReply) { r.Keys = []keyReply{{SPKI: null}} }, a)}, want("a", "0 ", "?", "0 "+ReasonNoCertificate)},
		"two good ones":                  {[]tokenReply{on(nil, a, b)}, want("a", "0 ", "b", "0 ")},
		"good beside expired":            {[]tokenReply{on(nil, expired, a)}, want("a", "0 ", "expired", "0 "+ReasonExpired)},
		"twice on a token":               {[]tokenReply{on(nil, a, a)}, want("a", "0 ")},
		"in two modules":                 {[]tokenReply{on(nil, a), on(nil, a)}, want("a", "0 ")},
		"in three modules":               {[]tokenReply{on(nil, a), on(nil, a), on(nil, a)}, want("a", "0 ")},
		"partly in two modules":          {[]tokenReply{on(nil, a), on(nil, a, b)}, want("a", "0 ", "b", "1 ")},
		"blocked in the first":           {[]tokenReply{on(blocked, a), on(nil, a)}, want("a", "1 ")},
		"blocked in both":                {[]tokenReply{on(blocked, a), on(blocked, a)}, want("a", "0 ")},
		"must change in the first":       {[]tokenReply{on(problem(pin.ReasonMustChange), a), on(nil, a)}, want("a", "1 ")},
		"not initialised in the first":   {[]tokenReply{on(problem(pin.ReasonNotInitialised), a), on(nil, a)}, want("a", "1 ")},
		"last try in the first":          {[]tokenReply{on(final, a), on(nil, a)}, want("a", "1 ")},
		"last try rather than blocked":   {[]tokenReply{on(blocked, a), on(final, a)}, want("a", "1 ")},
		"expired in both":                {[]tokenReply{on(nil, expired), on(nil, expired)}, want("expired", "0 "+ReasonExpired)},
		"passive carrier":                {[]tokenReply{on(func(r *tokenReply) { r.Model = "Rutoken lite" })}, want("?", "0 "+CodeCryptoPro)},
		"passive carrier beside a token": {[]tokenReply{on(func(r *tokenReply) { r.Model = "JaCarta LT" }), on(nil, a)}, want("?", "0 "+CodeCryptoPro, "a", "1 ")},
		"carrier with a certificate":     {[]tokenReply{on(func(r *tokenReply) { r.Model = "Rutoken lite" }, a)}, want("a", "0 ")},
		"container's files":              {[]tokenReply{on(func(r *tokenReply) { r.Data = []string{"x.000/header.key"} })}, want("?", "0 "+CodeCryptoPro)},
		"no login needed":                {[]tokenReply{on(func(r *tokenReply) { r.LoginRequired = false }, a)}, want("a", "0 ")},
		"malformed beside good":          {[]tokenReply{on(nil, a, a[:40])}, want("a", "0 ", "?", "0 "+ReasonMalformed)},
	}
}
