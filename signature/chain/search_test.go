// SPDX-License-Identifier: Apache-2.0

package chain_test

import (
	"fmt"
	"slices"
	"testing"

	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/softhsm-fixtures/mint"
)

// sign makes one authority or holder with that key under an issuer, by itself when that is nil.
func sign(s step, key *mint.Key, issuer *mint.Party) *mint.Party {
	s.Key = key
	return s.Sign(issuer)
}

// all collects every path as the names of its certificates in the order found.
func all(t testing.TB, leaf *mint.Party, untrusted, anchors []*mint.Party, o chain.Options) ([][]*cert.Certificate, error) {
	t.Helper()
	var out [][]*cert.Certificate
	err := chain.All(parse(t, leaf.DER), parsed(t, untrusted...), parsed(t, anchors...), moment, o, func(v chain.Valid) bool {
		out = append(out, v.Path)
		return true
	})
	return out, err
}

// TestAllPaths gives each path once, the shortest of equal rank first, and nothing after false.
func TestAllPaths(t *testing.T) {
	r1, r2 := sign(ca("r1"), keys[0], nil), sign(ca("r2"), keys[1], nil)
	one, two := sign(ca("ca"), keys[2], r1), sign(ca("ca"), keys[2], r2)
	cross := sign(ca("r1"), keys[0], r2) // r1 certified by r2
	leaf := sign(end("leaf"), keys[3], one)
	pool := []*mint.Party{one, two, cross, one, two} // copies are no other paths
	paths, err := all(t, leaf, pool, []*mint.Party{r1, r2}, chain.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var lengths []int
	seen := map[string]bool{}
	for _, p := range paths {
		lengths = append(lengths, len(p))
		key := ""
		for _, c := range p {
			sum := c.Fingerprint()
			key += string(sum[:])
		}
		if seen[key] {
			t.Error("a path twice")
		}
		seen[key] = true
	}
	slices.Sort(lengths)
	if !slices.Equal(lengths, []int{3, 3, 4}) {
		t.Errorf("paths of %v", lengths)
	}
	calls := 0
	if err := chain.All(parse(t, leaf.DER), parsed(t, pool...), parsed(t, r1, r2), moment, chain.Options{}, func(chain.Valid) bool {
		calls++
		return false
	}); err != nil || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

// TestAnchorAsLeaf gives the path of one first, then those above it.
func TestAnchorAsLeaf(t *testing.T) {
	r := sign(ca("root"), keys[0], nil)
	sub := sign(ca("ca"), keys[1], r)
	paths, err := all(t, sub, nil, []*mint.Party{sub, r}, chain.Options{})
	if err != nil || len(paths) != 2 || len(paths[0]) != 1 || len(paths[1]) != 2 {
		t.Errorf("%d paths, %v", len(paths), err)
	}
}

// TestCrossCertificateAsLeaf asks about a certificate of the anchor's own name and key.
func TestCrossCertificateAsLeaf(t *testing.T) {
	a, b := sign(ca("a"), keys[0], nil), sign(ca("b"), keys[1], nil)
	bByA, aByB := sign(ca("b"), keys[1], a), sign(ca("a"), keys[0], b)
	paths, err := all(t, aByB, []*mint.Party{bByA}, []*mint.Party{a}, chain.Options{})
	if err != nil || len(paths) != 1 || len(paths[0]) != 3 {
		t.Errorf("%d paths, %v", len(paths), err)
	}
	aByR := sign(ca("a"), keys[0], sign(ca("root"), keys[2], nil))
	paths, err = all(t, aByB, []*mint.Party{bByA, aByR}, []*mint.Party{sign(ca("root"), keys[2], nil)}, chain.Options{})
	if err != nil || len(paths) != 1 || len(paths[0]) != 4 {
		t.Errorf("by way of an authority of its own name and key: %d paths, %v", len(paths), err)
	}
}

// TestBridge walks over a bridge that certifies three domains crosswise.
func TestBridge(t *testing.T) {
	bridge := sign(ca("bridge"), keys[0], nil)
	var roots, pool []*mint.Party
	for i := range 3 {
		r := sign(ca(fmt.Sprint("root ", i)), keys[1+i], nil)
		roots = append(roots, r)
		pool = append(pool, sign(ca(fmt.Sprint("root ", i)), keys[1+i], bridge), sign(ca("bridge"), keys[0], r))
	}
	sub := sign(ca("sub"), keys[5], roots[2])
	leaf := sign(end("leaf"), keys[6], sub)
	paths, err := all(t, leaf, append(pool, sub), roots[:1], chain.Options{})
	if err != nil || len(paths) != 1 || len(paths[0]) != 5 {
		t.Errorf("%d paths, %v", len(paths), err)
	}
}

// TestConstraintsChooseThePath goes on to the certificate of the same authority that allows more
// (RFC 5280 section 6.1: any path that holds will do).
func TestConstraintsChooseThePath(t *testing.T) {
	r := sign(ca("root"), keys[0], nil)
	for name, narrow := range map[string]mint.Extension{
		"name constraints": permit(dns("example.com")), "path length": mint.BasicConstraints(true, 0),
		"policies": pol(p2), "purposes": mint.EKU(mint.CodeSigning),
	} {
		tight, wide := sign(ca("ca", narrow), keys[1], r), sign(ca("ca", pol(p1)), keys[1], r)
		sub := sign(ca("sub", pol(p1)), keys[2], wide)
		leaf := sign(end("leaf", pol(p1), mint.SAN(dns("example.org")), mint.EKU(mint.EmailProtection)), keys[3], sub)
		o := chain.Options{RequireExplicitPolicy: true, ExtKeyUsage: asked(t, mint.EmailProtection)}
		for _, pool := range [][]*mint.Party{{sub, tight, wide}, {wide, tight, sub}} {
			paths, err := all(t, leaf, pool, []*mint.Party{r}, o)
			if err != nil || len(paths) != 1 || !slices.Equal(paths[0][2].Raw, wide.DER) {
				t.Errorf("%s: %d paths, %v", name, len(paths), err)
			}
		}
		if _, err := all(t, leaf, []*mint.Party{sub, tight}, []*mint.Party{r}, o); err == nil {
			t.Errorf("%s: a path through the narrow one", name)
		}
	}
}

// TestPurposes asks for one purpose all the way (section 4.2.1.12).
func TestPurposes(t *testing.T) {
	mailing, coding, whatever := mint.EKU(mint.EmailProtection), mint.EKU(mint.CodeSigning), mint.EKU(mint.AnyUsage)
	both := mint.EKU(mint.EmailProtection, mint.CodeSigning)
	o := chain.Options{ExtKeyUsage: asked(t, mint.EmailProtection, mint.CodeSigning)}
	for _, r := range []struct {
		name string
		line []step
		want string
	}{
		{"one of two", []step{root, ca("ca"), end("leaf", mailing)}, ""},
		{"any", []step{root, ca("ca"), end("leaf", whatever)}, ""},
		{"any of the authority", []step{root, ca("ca", whatever), end("leaf", mailing)}, ""},
		{"none", []step{root, ca("ca"), end("leaf")}, chain.CodeExtKeyUsage},
		{"each its own", []step{root, ca("ca", coding), end("leaf", mailing)}, chain.CodeExtKeyUsage},
		{"each its own, one in common", []step{root, ca("a", both), ca("b", coding), end("leaf", both)}, ""},
		{"nothing in common", []step{root, ca("a", mailing), ca("b", coding), end("leaf", both)}, chain.CodeExtKeyUsage},
		{"RFC 5937 the anchor's", []step{ca("root", coding), ca("ca"), end("leaf", mailing)}, chain.CodeExtKeyUsage},
	} {
		list := parsed(t, line(r.line...)...)
		_, err := chain.Build(list[len(list)-1], list, list[:1], moment, o)
		if got := code(t, err); got != r.want {
			t.Errorf("%s: code %q", r.name, got)
		}
	}
}

// TestAlgorithms mixes keys of every kind in one path.
func TestAlgorithms(t *testing.T) {
	kinds := append([]mint.Kind{mint.RSA2048, mint.PSS2048, mint.P256, mint.P384, mint.P521, mint.Ed25519}, mint.GOSTKinds()...)
	issuer := sign(ca("root"), mint.NewKey(mint.P256), nil)
	anchors, pool := []*mint.Party{issuer}, []*mint.Party(nil)
	for i, kind := range kinds {
		issuer = sign(ca(fmt.Sprint("ca ", i)), mint.NewKey(kind), issuer)
		pool = append(pool, issuer)
	}
	leaf := sign(end("leaf"), mint.NewKey(mint.P256), issuer)
	paths, err := all(t, leaf, pool, anchors, chain.Options{})
	if err != nil || len(paths) != 1 || len(paths[0]) != len(kinds)+2 {
		t.Errorf("%d paths, %v", len(paths), err)
	}
	for _, r := range []struct {
		key    *mint.Key
		legacy bool
		want   string
	}{
		{mint.NewKey(mint.RSA1024), false, chain.CodeAlgorithm},
		{mint.NewKey(mint.P224), false, chain.CodeAlgorithm},
		{mint.NewKey(mint.RSA2048).With(mint.SHA1), false, chain.CodeAlgorithm},
		{mint.NewKey(mint.GOST2001A), false, chain.CodeLegacy},
		{mint.NewKey(mint.GOST2001A), true, ""},
	} {
		old := sign(ca("old"), r.key, nil)
		leaf := sign(end("leaf"), keys[0], old)
		_, err := chain.Build(parse(t, leaf.DER), nil, parsed(t, old), moment, chain.Options{Legacy: r.legacy})
		if got := code(t, err); got != r.want {
			t.Errorf("%s: code %q, %v", r.key.Kind, got, err)
		}
	}
}

// TestFinder gives the same over an index as without one, for anchors, known and untrusted.
func TestFinder(t *testing.T) {
	var anchors, known []*mint.Party
	for i := range 20 {
		r := sign(ca(fmt.Sprint("root ", i)), keys[0], nil)
		anchors, known = append(anchors, r), append(known, sign(ca(fmt.Sprint("ca ", i)), keys[1], r))
	}
	f := chain.NewFinder(parsed(t, anchors...), parsed(t, known...))
	for i := range 20 {
		leaf := parse(t, sign(end("leaf"), keys[2], known[i]).DER)
		path, err := f.Build(leaf, nil, moment, chain.Options{})
		if err != nil || len(path) != 3 || !slices.Equal(path[2].Raw, anchors[i].DER) {
			t.Errorf("%d: %v", i, err)
		}
		if _, err := chain.NewFinder(parsed(t, anchors...), nil).Build(leaf, parsed(t, known...), moment, chain.Options{}); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}
