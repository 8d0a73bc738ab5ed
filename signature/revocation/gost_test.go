// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"

	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/mint"
)

// TestOpenSSLIssues lets OpenSSL with its GOST engine be the authority: its CRLs and its answers, by the
// issuer and by a responder, are read here, for keys of every family.
func TestOpenSSLIssues(t *testing.T) {
	peer := gostpeer.New(t)
	for _, kind := range []string{"gost256-A", "gost256-TCA", "gost256-XB", "gost512-A", "gost512-C", "rsa2048", "p256", "ed25519"} {
		t.Run(kind, func(t *testing.T) {
			root := peer.Root(kind, "root "+kind)
			fine, bad := root.Issue(kind, "fine", gostpeer.Signer), root.Issue(kind, "bad", gostpeer.Signer)
			by := root.Issue(kind, "responder", gostpeer.Responder)
			root.Revoke(bad, time.Now().Add(-time.Hour), "keyCompromise")
			answers := map[string][]byte{
				"CRL":                     root.CRL(),
				"responder, SHA-1":        root.OCSP(by, "", fine, bad),
				"responder, own digest":   root.OCSP(by, gostpeer.Digest(kind), fine, bad),
				"issuer itself, Streebog": root.OCSP(&root.Holder, "md_gost12_256", fine, bad),
			}
			for name, answer := range answers {
				for holder, want := range map[*gostpeer.Holder]revocation.Status{fine: good, bad: revoked} {
					q := revocation.Question{Certificate: parse(t, holder.DER), Issuer: parse(t, root.DER), At: time.Now(), Anchor: parse(t, root.DER)}
					r := kept(t, q, answer)
					if r.Status != want || want == revoked && r.Reason != 1 {
						t.Errorf("%s: %s, reason %d, %v; want %s", name, r.Status, r.Reason, r.Problems, want)
					}
				}
			}
		})
	}
}

// TestOpenSSLAgrees gives the same CRLs to OpenSSL and compares what both say.
func TestOpenSSLAgrees(t *testing.T) {
	peer := gostpeer.New(t)
	for _, kind := range []mint.Kind{mint.GOST256A, mint.GOST512A, mint.P256} {
		s := newScene(kind)
		lister := mint.CA("lister", kind, s.root)
		one, two := mint.URI("http://example.org/one.crl"), mint.URI("http://example.org/two.crl")
		byOne := mint.CRLDP(mint.Point{FullName: []mint.GeneralName{one}})
		some, rest := []int{1, 2}, []int{3, 4, 5, 6, 7, 8}
		byLister := mint.CRLDP(mint.Point{Issuer: []mint.GeneralName{mint.Dir(lister.Name)}})
		ours := mint.CertificateIssuer(mint.Dir(s.ca.Name))
		fresh := mint.FreshestCRL(mint.Point{FullName: []mint.GeneralName{two}})
		delta := mint.DeltaIndicator(5)
		for _, tt := range []struct {
			name   string
			leaf   []mint.Extension
			lists  func(leaf *mint.Party) [][]byte
			status revocation.Status
		}{
			{"complete", nil, func(*mint.Party) [][]byte { return [][]byte{list(nil).Sign(s.ca)} }, good},
			{"complete, listed", nil, func(p *mint.Party) [][]byte { return [][]byte{list(since(p, hour)).Sign(s.ca)} }, revoked},
			{"its point", []mint.Extension{byOne}, func(*mint.Party) [][]byte {
				return [][]byte{list(nil, mint.IDP{FullName: []mint.GeneralName{one}}.Extension()).Sign(s.ca)}
			}, good},
			{"other point", []mint.Extension{byOne}, func(*mint.Party) [][]byte {
				return [][]byte{list(nil, mint.IDP{FullName: []mint.GeneralName{two}}.Extension()).Sign(s.ca)}
			}, unknown},
			{"authorities only", nil, func(*mint.Party) [][]byte { return [][]byte{list(nil, mint.IDP{OnlyCAs: true}.Extension()).Sign(s.ca)} }, unknown},
			{"some reasons", nil, func(*mint.Party) [][]byte { return [][]byte{list(nil, mint.IDP{Reasons: some}.Extension()).Sign(s.ca)} }, unknown},
			{"all reasons in two", nil, func(*mint.Party) [][]byte {
				return [][]byte{list(nil, mint.IDP{Reasons: some}.Extension()).Sign(s.ca), list(nil, mint.IDP{Reasons: rest}.Extension()).Sign(s.ca)}
			}, good},
			{"critical extension", nil, func(*mint.Party) [][]byte {
				return [][]byte{list(nil, mint.Raw("1.2.3.4", true, []byte{5, 0})).Sign(s.ca)}
			}, unknown},
			{"indirect", []mint.Extension{byLister}, func(*mint.Party) [][]byte {
				return [][]byte{list(nil, mint.IDP{Indirect: true}.Extension()).Sign(lister), list(nil).Sign(s.root)}
			}, good},
			{"indirect, listed", []mint.Extension{byLister}, func(p *mint.Party) [][]byte {
				return [][]byte{list(since(p, hour, ours), mint.IDP{Indirect: true}.Extension()).Sign(lister), list(nil).Sign(s.root)}
			}, revoked},
			{"indirect, another's number", []mint.Extension{byLister}, func(p *mint.Party) [][]byte {
				return [][]byte{list(since(p, hour), mint.IDP{Indirect: true}.Extension()).Sign(lister), list(nil).Sign(s.root)}
			}, good},
			{"delta, listed", []mint.Extension{fresh}, func(p *mint.Party) [][]byte {
				return [][]byte{numbered(5, nil, fresh).Sign(s.ca), numbered(6, since(p, hour), delta).Sign(s.ca)}
			}, revoked},
			{"delta, released", []mint.Extension{fresh}, func(p *mint.Party) [][]byte {
				return [][]byte{numbered(5, since(p, hour, mint.ReasonCode(6)), fresh).Sign(s.ca), numbered(6, since(p, hour, mint.ReasonCode(8)), delta).Sign(s.ca)}
			}, good},
			{"stale", nil, func(*mint.Party) [][]byte {
				return [][]byte{dated(list(nil), moment.Add(-2*hour), moment.Add(-hour)).Sign(s.ca)}
			}, unknown},
		} {
			leaf := mint.Leaf("leaf", kind, s.ca, tt.leaf...)
			lists := tt.lists(leaf)
			at := &scene{s.root, s.ca, leaf}
			if r := kept(t, at.question(t, lister), lists...); r.Status != tt.status {
				t.Errorf("%s, %s: %s %v", kind, tt.name, r.Status, r.Problems)
			}
			err := peer.VerifyCertificate(leaf.DER, gostpeer.Verifying{
				Anchors: [][]byte{s.root.DER}, Untrusted: [][]byte{s.ca.DER, lister.DER}, CRLs: lists, CheckCRL: true,
				Flags: []string{"-extended_crl", "-use_deltas", "-attime", strconv.FormatInt(moment.Unix(), 10)},
			})
			if (err == nil) != (tt.status == good) || tt.status == revoked && !strings.Contains(err.Error(), "revoked") {
				t.Errorf("%s, %s: OpenSSL says %v, we %s", kind, tt.name, err, tt.status)
			}
		}
	}
}

// TestOpenSSLReads gives answers of our fixtures to OpenSSL and here: both take them alike.
func TestOpenSSLReads(t *testing.T) {
	peer := gostpeer.New(t)
	for _, kind := range []mint.Kind{mint.GOST256A, mint.GOST256TCA, mint.GOST512B, mint.P256} {
		s := newScene(kind)
		by := mint.Certificate{Subject: mint.CN("responder"), Key: mint.NewKey(kind),
			Extensions: []mint.Extension{mint.KeyUsage(mint.DigitalSignature), mint.EKU(mint.OCSPSigning), mint.NoCheck()}}.Sign(s.ca)
		for status, want := range map[int]revocation.Status{mint.StatusGood: good, mint.StatusRevoked: revoked, mint.StatusUnknown: unknown} {
			answer := about(s, status)
			now := time.Now().UTC().Truncate(time.Second)
			a := &answer.Answers[0]
			a.This, a.Next, a.RevokedAt, answer.ProducedAt = now.Add(-time.Minute), now.Add(hour), now.Add(-hour), now
			der := answer.Sign(by)
			q := s.question(t)
			q.At = now
			if r := kept(t, q, der); r.Status != want {
				t.Errorf("%s: %s %v", kind, r.Status, r.Problems)
			}
			out, err := peer.VerifyOCSP(der, s.ca.DER, gostpeer.Verifying{Anchors: [][]byte{s.root.DER}}, "", s.leaf.DER)
			if err != nil || !strings.Contains(out, ": "+string(want)) {
				t.Errorf("%s: OpenSSL says %q, %v; want %s", kind, out, err, want)
			}
		}
	}
}

// The certificate and the CRL of RFC 9215 appendix D.2 (tc26-256-A); the list revokes nothing.
const (
	rfc9215Certificate = "MIIBJTCB06ADAgECAgEKMAoGCCqFAwcBAQMCMBIxEDAOBgNVBAMTB0V4YW1wbGUw" +
		"IBcNMDEwMTAxMDAwMDAwWhgPMjA1MDEyMzEwMDAwMDBaMBIxEDAOBgNVBAMTB0V4" +
		"YW1wbGUwXjAXBggqhQMHAQEBATALBgkqhQMHAQIBAQEDQwAEQHQnldS+6ITd8oUP" +
		"7APqP68YROAdnaYLZFCTpV4m38OZePWWz01NDGzx0YlD2UST0WuewKFtUS0uEnzE" +
		"aRpjGOKjEzARMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoUDBwEBAwIDQQAUC02pEksJ" +
		"yw1c6Sjuh0JzoxASlJLsDik2njt5EkhXjB0OHaW+NHxvG1JWx66sIArWSsd6b1s6" +
		"DglzGOeubudp"
	rfc9215List = "MIGSMEECAQEwCgYIKoUDBwEBAwIwEjEQMA4GA1UEAxMHRXhhbXBsZRcNMTQwMTAx" +
		"MDAwMDAwWhcNMTQwMTAyMDAwMDAwWjAKBggqhQMHAQEDAgNBABS9aAh8O5A8eqKL" +
		"B/6y571v4JY/VjJnNZ9c2Oq0UFmtHQ4dpb40fG8bUlbHrqwgCtZKx3pvWzoOCXMY" +
		"565u52k="
)

// TestRFC9215 reads the CRL of the standard; every bit turned, it proves nothing.
func TestRFC9215(t *testing.T) {
	der, err := base64.StdEncoding.DecodeString(rfc9215Certificate)
	if err != nil {
		t.Fatal(err)
	}
	crl, err := base64.StdEncoding.DecodeString(rfc9215List)
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, der)
	q := revocation.Question{Certificate: c, Issuer: c, At: time.Date(2014, 1, 1, 12, 0, 0, 0, time.UTC), Anchor: c}
	expect(t, kept(t, q, crl), good, "")
	for i := range 8 * len(crl) {
		crl[i/8] ^= 1 << (i % 8)
		if r := kept(t, q, crl); r.Status != unknown {
			t.Fatalf("bit %d: %s", i, r.Status)
		}
		crl[i/8] ^= 1 << (i % 8)
	}
	q.At = q.At.AddDate(0, 0, 2)
	expect(t, kept(t, q, crl), unknown, revocation.CodeStale)
}
