// SPDX-License-Identifier: Apache-2.0

package chain_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

var moment = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// node is one certificate of a made-up hierarchy together with its key.
type node struct {
	x   *x509.Certificate
	key *ecdsa.PrivateKey
	c   *cert.Certificate
}

type change func(*x509.Certificate)

var serials int64

// forge makes a certificate under parent (nil: self-signed); changes come last.
func forge(t testing.TB, name string, parent *node, authority bool, changes ...change) *node {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return forgeKey(t, name, parent, authority, key, changes...)
}

func forgeKey(t testing.TB, name string, parent *node, authority bool, key *ecdsa.PrivateKey, changes ...change) *node {
	t.Helper()
	serials++
	x := &x509.Certificate{
		SerialNumber: big.NewInt(serials), Subject: pkix.Name{CommonName: name},
		NotBefore: moment.AddDate(-1, 0, 0), NotAfter: moment.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true, IsCA: authority,
	}
	if authority {
		x.KeyUsage, x.MaxPathLen = x509.KeyUsageCertSign|x509.KeyUsageCRLSign, -1
	}
	for _, c := range changes {
		c(x)
	}
	issuer, signer := x, key
	if parent != nil {
		issuer, signer = parent.x, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, x, issuer, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := cert.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &node{made, key, c}
}

func ended(x *x509.Certificate)   { x.NotAfter = moment.Add(-time.Second) }
func early(x *x509.Certificate)   { x.NotBefore = moment.Add(time.Second) }
func noSign(x *x509.Certificate)  { x.KeyUsage = x509.KeyUsageCRLSign }
func notCA(x *x509.Certificate)   { x.IsCA, x.KeyUsage, x.MaxPathLen = false, x509.KeyUsageCertSign, 0 }
func noBasic(x *x509.Certificate) { x.BasicConstraintsValid = false }
func zeroPath(x *x509.Certificate) {
	x.MaxPathLen, x.MaxPathLenZero = 0, true
}

func critical(x *x509.Certificate) {
	x.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
}

func nameConstraint(isCritical bool) change {
	return func(x *x509.Certificate) {
		x.PermittedDNSDomainsCritical, x.PermittedDNSDomains = isCritical, []string{"example.org"}
	}
}

func purpose(u ...x509.ExtKeyUsage) change {
	return func(x *x509.Certificate) { x.ExtKeyUsage = u }
}

func list(nodes ...*node) []*cert.Certificate {
	var l []*cert.Certificate
	for _, n := range nodes {
		l = append(l, n.c)
	}
	return l
}

// code is the code of a refused Build, "" for success.
func code(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *chain.Error
	if !errors.As(err, &e) {
		t.Fatalf("error of type %T: %v", err, err)
	}
	if e.Certificate == nil || e.Error() == "" {
		t.Errorf("%s names no certificate", e.Code)
	}
	return e.Code
}

func TestRules(t *testing.T) {
	root := forge(t, "root", nil, true)
	ca := forge(t, "ca", root, true, zeroPath)
	leaf := forge(t, "leaf", ca, false)
	emailProtection := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 4}

	// under makes root → ca → leaf with changes to each.
	under := func(rootC, caC, leafC []change) (l *node, untrusted, anchors []*cert.Certificate) {
		r := forge(t, "root", nil, true, rootC...)
		c := forge(t, "ca", r, true, caC...)
		l = forge(t, "leaf", c, false, leafC...)
		return l, list(c), list(r)
	}
	type build struct {
		leaf               *node
		untrusted, anchors []*cert.Certificate
		o                  chain.Options
	}
	change3 := func(rootC, caC, leafC []change, o chain.Options) build {
		l, u, a := under(rootC, caC, leafC)
		return build{l, u, a, o}
	}
	one := func(c change) []change { return []change{c} }
	sub := forge(t, "sub", ca, true)
	tests := []struct {
		name  string
		build build
		want  string
		depth int
	}{
		{"good", build{leaf, list(ca), list(root), chain.Options{}}, "", 3},
		{"anchor is the authority itself", build{leaf, nil, list(ca), chain.Options{}}, "", 2},
		{"leaf is an anchor", build{leaf, nil, list(leaf), chain.Options{}}, "", 1},
		{"root also among the untrusted", build{leaf, list(root, ca, leaf), list(root), chain.Options{}}, "", 3},
		{"no authority at hand", build{leaf, nil, list(root), chain.Options{}}, chain.CodeNoAnchor, 0},
		{"no anchors", build{leaf, list(ca, root), nil, chain.Options{}}, chain.CodeNoAnchor, 0},
		{"another root", build{leaf, list(ca, root), list(forge(t, "other", nil, true)), chain.Options{}}, chain.CodeNoAnchor, 0},
		{"another root of the same name", build{leaf, list(ca, root), list(forge(t, "root", nil, true)), chain.Options{}}, chain.CodeSignature, 0},
		{"leaf expired", change3(nil, nil, one(ended), chain.Options{}), chain.CodeExpired, 0},
		{"leaf expired, time elsewhere", change3(nil, nil, one(ended), chain.Options{LeafTimeElsewhere: true}), "", 3},
		{"leaf too new", change3(nil, nil, one(early), chain.Options{}), chain.CodeNotYetValid, 0},
		{"authority expired", change3(nil, one(ended), nil, chain.Options{LeafTimeElsewhere: true}), chain.CodeExpired, 0},
		{"authority too new", change3(nil, one(early), nil, chain.Options{}), chain.CodeNotYetValid, 0},
		{"anchor expired", change3(one(ended), nil, nil, chain.Options{}), chain.CodeExpired, 0},
		{"authority is none", change3(nil, one(notCA), nil, chain.Options{}), chain.CodeCA, 0},
		{"authority without basic constraints", change3(nil, []change{notCA, noBasic}, nil, chain.Options{}), chain.CodeCA, 0},
		{"authority without keyCertSign", change3(nil, one(noSign), nil, chain.Options{}), chain.CodeKeyUsage, 0},
		{"anchor without keyCertSign", change3(one(noSign), nil, nil, chain.Options{}), chain.CodeKeyUsage, 0},
		{"critical extension of the leaf", change3(nil, nil, one(critical), chain.Options{}), chain.CodeCriticalExtension, 0},
		{"critical extension of the authority", change3(nil, one(critical), nil, chain.Options{}), chain.CodeCriticalExtension, 0},
		{"name constraints that permit", change3(nil, one(nameConstraint(true)), nil, chain.Options{}), "", 3},
		{"name constraints not critical", change3(nil, one(nameConstraint(false)), nil, chain.Options{}), chain.CodeProfileCriticality, 0},
		{"path length exceeded", build{forge(t, "low", sub, false), list(sub, ca), list(root), chain.Options{}}, chain.CodePathLen, 0},
		{"path length of the anchor", change3(one(zeroPath), nil, nil, chain.Options{}), chain.CodePathLen, 0},
		{"depth exceeded", build{leaf, list(ca), list(root), chain.Options{MaxDepth: 2}}, chain.CodeTooComplex, 0},
		{"purpose allowed", change3(nil, nil, one(purpose(x509.ExtKeyUsageEmailProtection)), chain.Options{ExtKeyUsage: []asn1.ObjectIdentifier{emailProtection}}), "", 3},
		{"purpose missing", change3(nil, nil, nil, chain.Options{ExtKeyUsage: []asn1.ObjectIdentifier{emailProtection}}), chain.CodeExtKeyUsage, 0},
		{"purpose not allowed by the authority", change3(nil, one(purpose(x509.ExtKeyUsageServerAuth)), one(purpose(x509.ExtKeyUsageEmailProtection)),
			chain.Options{ExtKeyUsage: []asn1.ObjectIdentifier{emailProtection}}), chain.CodeExtKeyUsage, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path, err := chain.Build(tt.build.leaf.c, tt.build.untrusted, tt.build.anchors, moment, tt.build.o)
			if got := code(t, err); got != tt.want || len(path) != tt.depth {
				t.Fatalf("code %q, path of %d; want %q, %d (%v)", got, len(path), tt.want, tt.depth, err)
			}
			if tt.depth > 0 && (path.Leaf() != tt.build.leaf.c || path.Issuer(len(path)-1) != nil) {
				t.Error("path does not run from leaf to anchor")
			}
			if beyondPeer[tt.name] {
				return
			}
			if out, ok := opensslVerify(t, tt.build.leaf.c, tt.build.untrusted, tt.build.anchors); ok != (tt.want == "") {
				t.Errorf("openssl says otherwise:\n%s", out)
			}
		})
	}
}

// beyondPeer are the cases that "openssl verify" is not asked about: options of our own, and what
// it tolerates.
var beyondPeer = map[string]bool{
	"leaf expired, time elsewhere": true, "depth exceeded": true, "name constraints not critical": true, "purpose missing": true,
	"purpose not allowed by the authority": true,
}

// opensslVerify asks the peer about the same certificates at the same moment.
func opensslVerify(t *testing.T, leaf *cert.Certificate, untrusted, anchors []*cert.Certificate) (string, bool) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, list ...*cert.Certificate) string {
		t.Helper()
		var b []byte
		for _, c := range list {
			b = append(b, c.PEM()...)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	args := []string{"verify", "-no-CApath", "-no-CAstore", "-partial_chain", "-attime", strconv.FormatInt(moment.Unix(), 10)}
	if len(anchors) > 0 {
		args = append(args, "-CAfile", write("anchors.pem", anchors...))
	} else {
		args = append(args, "-no-CAfile")
	}
	if len(untrusted) > 0 {
		args = append(args, "-untrusted", write("untrusted.pem", untrusted...))
	}
	out, err := exec.CommandContext(t.Context(), "openssl", append(args, write("leaf.pem", leaf))...).CombinedOutput()
	return string(out), err == nil
}

// TestSelfIssued lets an authority change its key without using up path length (RFC 5280 4.2.1.9).
func TestSelfIssued(t *testing.T) {
	root := forge(t, "root", nil, true)
	old := forge(t, "ca", root, true, zeroPath)
	renewed := forge(t, "ca", old, true)
	leaf := forge(t, "leaf", renewed, false)
	path, err := chain.Build(leaf.c, list(renewed, old), list(root), moment, chain.Options{})
	if err != nil || len(path) != 4 {
		t.Errorf("path of %d: %v", len(path), err)
	}
}

// TestSeveralCandidates finds the good path among authorities of one name, whatever their order
// and whatever the key identifiers say.
func TestSeveralCandidates(t *testing.T) {
	root := forge(t, "root", nil, true)
	good := forge(t, "ca", root, true)
	wrongKey := forge(t, "ca", root, true)
	old := forgeKey(t, "ca", root, true, good.key, ended)
	stranger := forge(t, "ca", forge(t, "nobody", nil, true), true)
	leaf := forge(t, "leaf", good, false)
	lying := forge(t, "leaf", good, false, func(x *x509.Certificate) {
		akid, err := asn1.Marshal(struct {
			ID []byte `asn1:"tag:0"`
		}{wrongKey.c.SKI})
		if err != nil {
			t.Fatal(err)
		}
		x.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 35}, Value: akid}}
	})
	pool := []*node{wrongKey, old, stranger, good}
	for shift := range pool {
		order := append(append([]*node{}, pool[shift:]...), pool[:shift]...)
		for _, l := range []*node{leaf, lying} {
			path, err := chain.Build(l.c, list(order...), list(root), moment, chain.Options{})
			if err != nil || len(path) != 3 || path[1] != good.c {
				t.Errorf("shift %d: path %v, %v", shift, path, err)
			}
		}
	}
}

// TestLoop walks two authorities that certified each other and ends.
func TestLoop(t *testing.T) {
	a := forge(t, "a", nil, true)
	b := forge(t, "b", nil, true)
	aByB := forgeKey(t, "a", b, true, a.key)
	bByA := forgeKey(t, "b", a, true, b.key)
	leaf := forge(t, "leaf", a, false)
	_, err := chain.Build(leaf.c, list(aByB, bByA), list(forge(t, "root", nil, true)), moment, chain.Options{})
	if got := code(t, err); got != chain.CodeNoAnchor {
		t.Errorf("code %q", got)
	}
	path, err := chain.Build(leaf.c, list(aByB, bByA), list(b), moment, chain.Options{})
	if err != nil || len(path) != 3 {
		t.Errorf("path of %d: %v", len(path), err)
	}
}

// TestBounds gives the search a pool of certificates in which every authority of a layer certified
// every one of the next, without a way to the anchor.
func TestBounds(t *testing.T) {
	const width, layers = 8, 5
	top := make([]*node, width)
	for i := range top {
		top[i] = forge(t, "layer 0", nil, true)
	}
	var pool []*node
	for layer := 1; layer < layers; layer++ {
		name := fmt.Sprintf("layer %d", layer)
		next := make([]*node, width)
		for i := range next {
			next[i] = forge(t, name, top[i], true)
			pool = append(pool, next[i])
			for j := range top {
				pool = append(pool, forgeKey(t, name, top[j], true, next[i].key))
			}
		}
		top = next
	}
	leaf := forge(t, "leaf", top[0], false)
	_, err := chain.Build(leaf.c, list(pool...), list(forge(t, "root", nil, true)), moment, chain.Options{})
	if got := code(t, err); got != chain.CodeNoAnchor {
		t.Errorf("code %q: %v", got, err)
	}
	_, err = chain.Build(leaf.c, list(pool...), list(forge(t, "layer 0", nil, true)), moment, chain.Options{MaxChecks: 20})
	if got := code(t, err); got != chain.CodeTooComplex {
		t.Errorf("code %q: %v", got, err)
	}
}

// TestTampered changes one byte of a signed certificate.
func TestTampered(t *testing.T) {
	root := forge(t, "root", nil, true)
	leaf := forge(t, "leaf", root, false)
	der := append([]byte(nil), leaf.c.Raw...)
	der[len(der)-1] ^= 1
	bad, err := cert.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	_, err = chain.Build(bad, nil, list(root), moment, chain.Options{})
	if got := code(t, err); got != chain.CodeSignature {
		t.Errorf("code %q", got)
	}
}

// TestFixtures walks the shared test PKI under every kind of key.
func TestFixtures(t *testing.T) {
	for _, kind := range pki.KeyKinds() {
		t.Run(kind.String(), func(t *testing.T) {
			p, err := pki.Start(pki.Config{Keys: kind, Now: func() time.Time { return moment }})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = p.Close() })
			anchors := []*cert.Certificate{parse(t, p.Authority(pki.Root).DER()), parse(t, p.Authority(pki.UEC).DER())}
			for v, want := range map[pki.Variant]string{
				pki.Good: "", pki.Expired: chain.CodeExpired, pki.NotYetValid: chain.CodeNotYetValid,
				pki.NotAccredited: chain.CodeNoAnchor, pki.Revoked: "", pki.WrongUsage: "",
			} {
				id, err := p.Make(pki.Order{Person: people.Head(), Variant: v, Keys: kind})
				if err != nil {
					t.Fatal(err)
				}
				var untrusted []*cert.Certificate
				for _, der := range id.Chain {
					untrusted = append(untrusted, parse(t, der))
				}
				_, err = chain.Build(parse(t, id.DER), untrusted, anchors, moment, chain.Options{})
				if got := code(t, err); got != want {
					t.Errorf("%s: code %q, want %q", v, got, want)
				}
			}
		})
	}
}

func parse(t testing.TB, der []byte) *cert.Certificate {
	t.Helper()
	c, err := cert.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCodes keeps errors.Is by code working and the list complete.
func TestCodes(t *testing.T) {
	for _, c := range chain.Codes() {
		err := fmt.Errorf("wrapped: %w", &chain.Error{Code: c})
		if !errors.Is(err, &chain.Error{Code: c}) || errors.Is(err, &chain.Error{Code: "other"}) {
			t.Errorf("errors.Is does not tell %s apart", c)
		}
	}
}
