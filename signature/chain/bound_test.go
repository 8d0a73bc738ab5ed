// SPDX-License-Identifier: Apache-2.0

package chain_test

import (
	"fmt"
	"testing"

	"zaver/signature/chain"
	"zaver/softhsm-fixtures/mint"
)

// bomb is a pool that an attacker could have chosen; the anchors are honest.
type bomb struct {
	leaf          *mint.Party
	pool, anchors []*mint.Party
	o             chain.Options
	want          string
	checks, work  int // at most
}

// bare are the extensions of an authority without key identifiers, which would help the search.
var bare = []mint.Extension{gone(oidSKI), gone(oidAKI)}

// namesakes are many authorities of one name and other keys, of which the last is the right one.
func namesakes(n int, known bool) bomb {
	extensions := bare
	if known {
		extensions = nil
	}
	r := sign(ca("root"), keys[0], nil)
	var pool []*mint.Party
	for range n {
		pool = append(pool, sign(ca("ca", extensions...), mint.NewKey(mint.Ed25519), r))
	}
	return bomb{leaf: sign(end("leaf", extensions...), keys[1], pool[n-1]), pool: pool, anchors: []*mint.Party{r}}
}

// mesh is n authorities that all certified each other, with one that says it was certified by the
// anchor; true makes that word good.
func mesh(n int, way bool) bomb {
	r, forger := sign(ca("root"), keys[0], nil), keys[1]
	if way {
		forger = keys[0]
	}
	var roots, pool []*mint.Party
	for i := range n {
		roots = append(roots, sign(ca(fmt.Sprint("ca ", i), bare...), mint.NewKey(mint.Ed25519), nil))
	}
	for i := range n {
		for j := range n {
			if i != j {
				pool = append(pool, sign(ca(fmt.Sprint("ca ", i), bare...), roots[i].Key, roots[j]))
			}
		}
	}
	pool = append(pool, sign(ca(fmt.Sprint("ca ", n-1), bare...), roots[n-1].Key, r.Using(forger)))
	return bomb{leaf: sign(end("leaf"), keys[2], roots[0]), pool: pool, anchors: []*mint.Party{r}}
}

// layers are authorities of which each of a layer was certified by each of the one above, every
// path of which breaks a rule that shows only at its end.
func layers(width, depth int) bomb {
	r := sign(ca("root", pol(p1)), keys[0], nil)
	above := []*mint.Party{r}
	var pool []*mint.Party
	for d := range depth {
		var layer []*mint.Party
		for w := range width {
			key := mint.NewKey(mint.Ed25519)
			for _, a := range above {
				p := sign(ca(fmt.Sprintf("ca %d", d), append([]mint.Extension{pol(p1)}, bare...)...).named(mint.DN(fmt.Sprintf("CN=ca %d", d), fmt.Sprintf("OU=%d", w))), key, a)
				pool = append(pool, p)
				if a == above[0] {
					layer = append(layer, p)
				}
			}
		}
		above = layer
	}
	return bomb{leaf: sign(end("leaf"), keys[1], above[0]), pool: pool, anchors: []*mint.Party{r}, o: chain.Options{RequireExplicitPolicy: true}}
}

// TestBombs bounds the cost of pools made to be costly, counted in signature checks and steps.
func TestBombs(t *testing.T) {
	set := func(b bomb, want string, checks, work int) bomb {
		b.want, b.checks, b.work = want, checks, work
		return b
	}
	long := func(n int) bomb {
		steps := []step{root}
		var b bomb
		issuer := steps[0].with(func(c *mint.Certificate) { c.Key = keys[0] }).Sign(nil)
		b.anchors = []*mint.Party{issuer}
		for i := range n {
			issuer = sign(ca(fmt.Sprint("ca ", i)), keys[i%len(keys)], issuer)
			b.pool = append(b.pool, issuer)
		}
		b.leaf = sign(end("leaf"), keys[1], issuer)
		return b
	}
	for name, b := range map[string]bomb{
		"a hundred namesakes, identifiers tell":   set(namesakes(100, true), "", 2, 400),
		"a hundred namesakes, nothing tells":      set(namesakes(100, false), "", 101, 400),
		"three hundred namesakes, nothing tells":  set(namesakes(300, false), chain.CodeTooComplex, chain.DefaultChecks, 1000),
		"mesh of ten without a way":               set(mesh(10, false), chain.CodeSignature, 120, 3000),
		"mesh of ten with a way":                  set(mesh(10, true), "", 120, 3000),
		"layers that fail at the end":             set(layers(4, 8), chain.CodeTooComplex, chain.DefaultChecks, chain.DefaultWork+1000),
		"as long as allowed":                      set(long(chain.DefaultDepth-2), "", chain.DefaultDepth, 100),
		"one longer than allowed":                 set(long(chain.DefaultDepth-1), chain.CodeTooComplex, chain.DefaultDepth, 100),
		"thousand certificates on top, no anchor": set(func() bomb { b := long(1000); b.anchors = []*mint.Party{sign(ca("other"), keys[3], nil)}; return b }(), chain.CodeNoAnchor, chain.DefaultDepth, 3000),
	} {
		t.Run(name, func(t *testing.T) {
			checks, work, err := chain.Cost(parse(t, b.leaf.DER), parsed(t, b.pool...), parsed(t, b.anchors...), moment, b.o)
			if got := code(t, err); got != b.want {
				t.Errorf("code %q: %v", got, err)
			}
			if checks > b.checks || work > b.work {
				t.Errorf("%d checks and %d steps, at most %d and %d", checks, work, b.checks, b.work)
			}
			t.Logf("%d checks, %d steps", checks, work)
		})
	}
}

// TestBagCostsNothing finds the same path among a hundred strangers for no more checks or steps.
func TestBagCostsNothing(t *testing.T) {
	small := line(root, ca("ca"), end("leaf"))
	var strangers []*mint.Party
	for i := range 97 {
		strangers = append(strangers, sign(ca(fmt.Sprint("stranger ", i)), keys[3], nil))
	}
	leaf, anchors := parse(t, small[2].DER), parsed(t, small[0])
	few, _, err := chain.Cost(leaf, parsed(t, small...), anchors, moment, chain.Options{})
	if err != nil {
		t.Fatal(err)
	}
	many, work, err := chain.Cost(leaf, parsed(t, append(strangers, small...)...), anchors, moment, chain.Options{})
	if err != nil || many != few || work > 20 {
		t.Errorf("%d checks instead of %d, %d steps, %v", many, few, work, err)
	}
}

// TestPolicyBomb is the one that RFC 9618 section 3 describes: every certificate maps each of two
// policies to both, which doubled a tree with each certificate.
func TestPolicyBomb(t *testing.T) {
	const n = 64
	var policies, pairs []string
	for i := range n {
		policies = append(policies, fmt.Sprintf("1.2.643.9.9.%d", i))
	}
	for i := range 16 {
		for j := range 16 {
			pairs = append(pairs, policies[i], policies[j])
		}
	}
	steps := []step{root}
	for i := range chain.DefaultDepth - 2 {
		steps = append(steps, ca(fmt.Sprint("ca ", i), pol(append(policies, anyP)...), maps(pairs...)))
	}
	list := parsed(t, lineOf(append(steps, end("leaf", pol("1.2.643.9.8"))))...)
	leaf := list[len(list)-1]
	_, work, err := chain.Cost(leaf, list[1:], list[:1], moment, chain.Options{RequireExplicitPolicy: true, Policies: asked(t, policies[0])})
	if got := code(t, err); got != chain.CodePolicy {
		t.Errorf("code %q: %v", got, err)
	}
	if work > chain.DefaultDepth*2*(n+256) { // policies and mappings of each certificate
		t.Errorf("%d steps", work)
	}
}

// lineOf is line for more steps than there are keys.
func lineOf(steps []step) []*mint.Party {
	for i := range steps {
		steps[i].Key = keys[i%len(keys)]
	}
	return line(steps...)
}

// TestNameBomb gives many names and many constraints.
func TestNameBomb(t *testing.T) {
	var names, constraints []mint.GeneralName
	for i := range 400 {
		names = append(names, dns(fmt.Sprintf("a%d.example.org", i)))
		constraints = append(constraints, dns(fmt.Sprintf("b%d.example.org", i)))
	}
	list := parsed(t, line(root, ca("a", exclude(constraints...)), ca("b", exclude(constraints...)), end("leaf", mint.SAN(names...)))...)
	_, work, err := chain.Cost(list[3], list[1:3], list[:1], moment, chain.Options{})
	if got := code(t, err); got != chain.CodeTooComplex || work > chain.DefaultWork+1000 {
		t.Errorf("code %q, %d steps: %v", got, work, err)
	}
	var roomy chain.Options
	roomy.MaxWork = 10_000_000
	if _, _, err := chain.Cost(list[3], list[1:3], list[:1], moment, roomy); err != nil {
		t.Error(err)
	}
}

// TestOtherNameBomb gives names that no constraint is for, which must be looked at all the same.
func TestOtherNameBomb(t *testing.T) {
	const n = 1000
	var names []mint.GeneralName
	for i := range n {
		names = append(names, mint.OtherName("1.2.3.4", fmt.Appendf([]byte{0x0c, 4}, "%04d", i)))
	}
	list := parsed(t, line(root, ca("a", exclude(mint.Mail("example.org"))), ca("b", exclude(dns("example.org"))), end("leaf", mint.SAN(names...)))...)
	_, work, err := chain.Cost(list[3], list[1:3], list[:1], moment, chain.Options{})
	if err != nil || work < n+2*n/64 || work > 2*n {
		t.Errorf("%d steps, %v", work, err)
	}
}
