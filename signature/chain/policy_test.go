// SPDX-License-Identifier: Apache-2.0

package chain_test

import (
	"encoding/asn1"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/chain"
	"zaver/softhsm-fixtures/mint"
)

// Policies of the tests, and anyPolicy.
const (
	p1, p2, p3, p4 = "1.2.643.9.1", "1.2.643.9.2", "1.2.643.9.3", "1.2.643.9.4"
	anyP           = mint.OIDAnyPolicy
)

func pol(policies ...string) mint.Extension { return mint.Policies(policies...) }
func maps(pairs ...string) mint.Extension   { return mint.PolicyMappings(pairs...) }
func explicit(skip int64) mint.Extension    { return mint.PolicyConstraints(skip, -1) }
func noMaps(skip int64) mint.Extension      { return mint.PolicyConstraints(-1, skip) }

func asked(t testing.TB, policies ...string) []asn1.ObjectIdentifier {
	t.Helper()
	var out []asn1.ObjectIdentifier
	for _, p := range policies {
		out = append(out, oid(t, p))
	}
	return out
}

// TestPolicies is section 6.1.3 (d) to (f), as RFC 9618 has it.
func TestPolicies(t *testing.T) {
	must := chain.Options{RequireExplicitPolicy: true}
	of := func(policies ...string) chain.Options {
		return chain.Options{RequireExplicitPolicy: true, Policies: asked(t, policies...)}
	}
	same := func(policies ...string) []step {
		return []step{root, ca("ca", pol(policies...)), ca("sub", pol(policies...)), end("leaf", pol(policies...))}
	}
	each := func(a, b, c mint.Extension) []step { return []step{root, ca("ca", a), ca("sub", b), end("leaf", c)} }
	none := gone("2.5.29.32")
	run(t, []rule{
		{name: "6.1.3 (d) all the same", line: same(p1), o: must},
		{name: "6.1.3 (d) all the same, asked for", line: same(p1), o: of(p1)},
		{name: "6.1.3 (d) all the same, another asked for", line: same(p1), o: of(p2), want: chain.CodePolicy},
		{name: "6.1.3 (d) all the same, one of two asked for", line: same(p1), o: of(p1, p2)},
		{name: "6.1.3 (d) all the same, another asked for, not required", line: same(p1), o: chain.Options{Policies: asked(t, p2)}},
		{name: "6.1.3 (d) two in all", line: same(p1, p2), o: of(p2)},
		{name: "6.1.3 (e) none at all", line: []step{root, ca("ca"), end("leaf")}},
		{name: "6.1.3 (f) none at all, required", line: []step{root, ca("ca"), end("leaf")}, o: must, want: chain.CodePolicy},
		{name: "6.1.3 (e) missing in between", line: each(pol(p1), none, pol(p1)), o: must, want: chain.CodePolicy},
		{name: "6.1.3 (e) missing in the holder", line: each(pol(p1), pol(p1), none), o: must, want: chain.CodePolicy},
		{name: "6.1.3 (d) different in between", line: each(pol(p1), pol(p2), pol(p1)), o: must, want: chain.CodePolicy},
		{name: "6.1.3 (d) different in between, not required", line: each(pol(p1), pol(p2), pol(p1))},
		{name: "6.1.3 (d) different in the holder", line: each(pol(p1), pol(p1), pol(p2)), o: must, want: chain.CodePolicy},
		{name: "6.1.3 (d) fewer downwards", line: each(pol(p1, p2, p3), pol(p1, p2), pol(p1)), o: of(p1)},
		{name: "6.1.3 (d) fewer downwards, a lost one asked for", line: each(pol(p1, p2, p3), pol(p1, p2), pol(p1)), o: of(p2), want: chain.CodePolicy},
		{name: "6.1.3 (d) only some in common, lost at the end", line: each(pol(p1, p2), pol(p1), pol(p2)), o: must, want: chain.CodePolicy},
		{name: "6.1.3 (d) (2) anyPolicy in all", line: same(anyP), o: of(p1)},
		{name: "6.1.3 (d) (1) (ii) anyPolicy above", line: each(pol(anyP), pol(anyP), pol(p1)), o: of(p1)},
		{name: "6.1.3 (d) (1) (ii) anyPolicy above, another asked for", line: each(pol(anyP), pol(anyP), pol(p1)), o: of(p2), want: chain.CodePolicy},
		{name: "6.1.3 (d) (2) anyPolicy below", line: each(pol(p1), pol(anyP), pol(p1)), o: of(p1)},
		{name: "6.1.3 (d) (2) anyPolicy below brings back nothing", line: each(pol(p1), pol(anyP), pol(p2)), o: must, want: chain.CodePolicy},
		{name: "6.1.3 (d) anyPolicy of the holder", line: each(pol(p1), pol(p1), pol(anyP)), o: of(p1)},
		{name: "6.1.1 (c) anyPolicy asked for", line: same(p1), o: of(p2, anyP), peer: unasked + "it takes anyPolicy for a policy"},
	})
}

// TestRequireExplicitPolicy is section 6.1.4 (h) and (i) and 6.1.5 (a) and (b).
func TestRequireExplicitPolicy(t *testing.T) {
	lines := func(first mint.Extension, rest ...mint.Extension) []step {
		out := []step{root, ca("a", pol(p1), first)}
		for i, e := range rest {
			out = append(out, ca(string(rune('b'+i)), pol(p1), e))
		}
		return append(out, end("leaf"))
	}
	nothing := mint.Raw("1.2.3", false, []byte{5, 0})
	run(t, []rule{
		{name: "6.1.4 (h) ten certificates allowed", line: lines(explicit(10), nothing, nothing)},
		{name: "6.1.4 (h) three allowed and the end decides", line: lines(explicit(4), nothing, nothing)},
		{name: "6.1.5 (a) used up at the end", line: lines(explicit(3), nothing, nothing), want: chain.CodePolicy},
		{name: "6.1.4 (i) at once", line: lines(explicit(0)), want: chain.CodePolicy},
		{name: "6.1.4 (i) at once, with a policy", line: []step{root, ca("a", pol(p1), explicit(0)), end("leaf", pol(p1))}},
		{name: "6.1.4 (i) the smaller counts", line: lines(explicit(7), explicit(2), explicit(4)), want: chain.CodePolicy},
		{name: "6.1.5 (b) said by the holder", line: []step{root, ca("a"), end("leaf", explicit(0))}, want: chain.CodePolicy},
		{name: "6.1.5 (b) said by the holder for later", line: []step{root, ca("a"), end("leaf", explicit(1))}},
		{name: "6.1.4 (h) self-issued is not counted", line: []step{root, ca("a", pol(p1), explicit(2)), ca("a"), end("leaf")}},
		{name: "6.1.4 (h) the authority after it is", line: []step{root, ca("a", pol(p1), explicit(2)), ca("a"), ca("b"), end("leaf")}, want: chain.CodePolicy},
		{name: "6.1.5 (a) self-issued and last is counted", line: []step{root, ca("a", pol(p1), explicit(1)), ca("a")}, want: chain.CodePolicy, peer: lenient + "it does not count it"},
		{name: "RFC 5937 said by the anchor", line: []step{ca("root", explicit(0)), end("leaf")}, want: chain.CodePolicy, peer: lenient + "it takes an anchor for a key"},
		{name: "RFC 5937 anchor's policies", line: []step{ca("root", pol(p1)), end("leaf", pol(p2))}, o: chain.Options{RequireExplicitPolicy: true}, want: chain.CodePolicy,
			peer: lenient + "it takes an anchor for a key"},
		{name: "RFC 5937 anchor's policies kept to", line: []step{ca("root", pol(p1, p2)), end("leaf", pol(p2))}, o: chain.Options{RequireExplicitPolicy: true, Policies: asked(t, p2)}},
	})
}

// TestPolicyMappings is section 6.1.4 (a) and (b).
func TestPolicyMappings(t *testing.T) {
	of := func(policies ...string) chain.Options {
		return chain.Options{RequireExplicitPolicy: true, Policies: asked(t, policies...)}
	}
	must := of()
	still := func(o chain.Options) chain.Options {
		o.InhibitPolicyMapping = true
		return o
	}
	one := func(leaf string) []step {
		return []step{root, ca("ca", pol(p1), maps(p1, p2)), end("leaf", pol(leaf))}
	}
	run(t, []rule{
		{name: "6.1.4 (b) (1) mapped", line: one(p2), o: of(p1)},
		{name: "6.1.4 (b) (1) mapped, asked for in the subject's terms", line: one(p2), o: of(p2), want: chain.CodePolicy},
		{name: "6.1.4 (b) (1) the issuer's policy is gone", line: one(p1), o: must, want: chain.CodePolicy},
		{name: "6.1.4 (b) (2) inhibited from the start", line: one(p2), o: still(of(p1)), want: chain.CodePolicy},
		{name: "6.1.4 (b) (2) inhibited, what is mapped is gone", line: one(p1), o: still(must), want: chain.CodePolicy},
		{name: "6.1.4 (b) (2) inhibited, the others stay", line: []step{root, ca("ca", pol(p1, p3), maps(p1, p2)), end("leaf", pol(p3))}, o: still(of(p3))},
		{name: "6.1.4 (a) from anyPolicy", line: []step{root, ca("ca", pol(p1), maps(anyP, p1)), end("leaf", pol(p1))}, want: chain.CodePolicyMapping},
		{name: "6.1.4 (a) to anyPolicy", line: []step{root, ca("ca", pol(p1), maps(p1, anyP)), end("leaf", pol(p1))}, want: chain.CodePolicyMapping},
		{name: "6.1.4 (a) is not asked of the last", line: []step{root, ca("last", pol(p1), maps(p1, anyP))}, peer: unasked + "it asks"},
		{name: "6.1.4 (b) (1) twice", line: []step{root, ca("a", pol(p1), maps(p1, p2)), ca("b", pol(p2), maps(p2, p3)), end("leaf", pol(p3))}, o: of(p1)},
		{name: "6.1.4 (b) (1) to two", line: []step{root, ca("a", pol(p1), maps(p1, p2, p1, p3)), end("leaf", pol(p3))}, o: of(p1)},
		{name: "6.1.4 (b) (1) two to one", line: []step{root, ca("a", pol(p1, p2), maps(p1, p3, p2, p3)), end("leaf", pol(p3))}, o: of(p2)},
		{name: "6.1.4 (b) (1) two to one, neither asked for", line: []step{root, ca("a", pol(p1, p2), maps(p1, p3, p2, p3)), end("leaf", pol(p3))}, o: of(p3), want: chain.CodePolicy},
		{name: "6.1.4 (b) (1) mapped and not taken up", line: []step{root, ca("a", pol(p1), maps(p1, p2)), ca("b", pol(p1)), end("leaf", pol(p1))}, o: must, want: chain.CodePolicy},
		{name: "6.1.4 (b) (1) what was not asserted maps nothing", line: []step{root, ca("a", pol(p1), maps(p2, p3)), end("leaf", pol(p3))}, o: must, want: chain.CodePolicy},
		{name: "6.1.4 (b) (1) under anyPolicy", line: []step{root, ca("a", pol(anyP), maps(p1, p2)), end("leaf", pol(p2))}, o: of(p1)},
		{name: "6.1.4 (b) (1) under anyPolicy, in the subject's terms too", line: []step{root, ca("a", pol(anyP), maps(p1, p2)), end("leaf", pol(p2))}, o: of(p2), want: chain.CodePolicy},
		{name: "6.1.4 (b) (1) beside anyPolicy, mapped", line: []step{root, ca("a", pol(p1, anyP), maps(p1, p2)), end("leaf", pol(p2))}, o: of(p1)},
		{name: "6.1.4 (b) (1) beside anyPolicy, the issuer's own", line: []step{root, ca("a", pol(p1, anyP), maps(p1, p2)), end("leaf", pol(p1))}, o: of(p1)},
		{name: "6.1.4 (b) (1) below anyPolicy", line: []step{root, ca("a", pol(p1), maps(p1, p2)), ca("b", pol(anyP)), end("leaf", pol(p2))}, o: of(p1)},
	})
}

// TestInhibitPolicyMapping is section 6.1.4 (b) (2), (h) and (i).
func TestInhibitPolicyMapping(t *testing.T) {
	must := chain.Options{RequireExplicitPolicy: true}
	run(t, []rule{
		{name: "6.1.4 (i) at once", line: []step{root, ca("a", pol(p1), noMaps(0)), ca("b", pol(p1), maps(p1, p2)), end("leaf", pol(p2))}, o: must, want: chain.CodePolicy},
		{name: "6.1.4 (i) at once, no mapping used", line: []step{root, ca("a", pol(p1, p3), noMaps(0)), ca("b", pol(p1, p3), maps(p1, p2)), end("leaf", pol(p3))}, o: must},
		{name: "6.1.4 (h) after one, in the first", line: []step{root, ca("a", pol(p1), noMaps(1)), ca("b", pol(p1), maps(p1, p2)), end("leaf", pol(p2))}, o: must},
		{name: "6.1.4 (h) after one, in the second", line: []step{root, ca("a", pol(p1), noMaps(1)), ca("b", pol(p1)), ca("c", pol(p1), maps(p1, p2)), end("leaf", pol(p2))},
			o: must, want: chain.CodePolicy},
		{name: "6.1.4 (h) self-issued is not counted", line: []step{root, ca("a", pol(p1), noMaps(1)), ca("a", pol(p1)), ca("b", pol(p1), maps(p1, p2)), end("leaf", pol(p2))}, o: must},
		{name: "6.1.4 (h) self-issued and an authority", line: []step{root, ca("a", pol(p1), noMaps(1)), ca("a", pol(p1)), ca("b", pol(p1)), ca("c", pol(p1), maps(p1, p2)), end("leaf", pol(p2))},
			o: must, want: chain.CodePolicy},
		{name: "RFC 5937 said by the anchor", line: []step{ca("root", noMaps(0)), ca("b", pol(p1), maps(p1, p2)), end("leaf", pol(p2))}, o: must, want: chain.CodePolicy,
			peer: lenient + "it takes an anchor for a key"},
	})
}

// TestInhibitAnyPolicy is section 6.1.3 (d) (2) and 6.1.4 (h) and (j).
func TestInhibitAnyPolicy(t *testing.T) {
	must, skip := chain.Options{RequireExplicitPolicy: true}, mint.InhibitAny
	still := chain.Options{RequireExplicitPolicy: true, InhibitAnyPolicy: true}
	run(t, []rule{
		{name: "6.1.1 (g) from the start", line: []step{root, ca("a", pol(anyP)), end("leaf", pol(p1))}, o: still, want: chain.CodePolicy},
		{name: "6.1.1 (g) from the start, named", line: []step{root, ca("a", pol(p1)), end("leaf", pol(p1))}, o: still},
		{name: "6.1.4 (j) at once", line: []step{root, ca("a", pol(p1), skip(0)), end("leaf", pol(anyP))}, o: must, want: chain.CodePolicy},
		{name: "6.1.4 (j) at once, with a name too", line: []step{root, ca("a", pol(p1), skip(0)), end("leaf", pol(anyP, p1))}, o: must},
		{name: "6.1.4 (j) its own counts", line: []step{root, ca("a", pol(anyP), skip(0)), end("leaf", pol(p1))}, o: must},
		{name: "6.1.4 (h) after one, in the first", line: []step{root, ca("a", pol(p1), skip(1)), ca("b", pol(anyP)), end("leaf", pol(p1))}, o: must},
		{name: "6.1.4 (h) after one, in the second", line: []step{root, ca("a", pol(p1), skip(1)), ca("b", pol(anyP)), end("leaf", pol(anyP))}, o: must, want: chain.CodePolicy},
		{name: "6.1.4 (j) the smaller counts", line: []step{root, ca("a", pol(p1), skip(5)), ca("b", pol(p1), skip(0)), end("leaf", pol(anyP))}, o: must, want: chain.CodePolicy},
		{name: "6.1.3 (d) (2) (b) self-issued may", line: []step{root, ca("a", pol(p1), skip(0)), ca("a", pol(anyP)), end("leaf", pol(p1))}, o: must},
		{name: "6.1.3 (d) (2) (b) self-issued and last may not", line: []step{root, ca("a", pol(p1), skip(0)), ca("a", pol(anyP))}, o: must, want: chain.CodePolicy},
		{name: "6.1.4 (h) self-issued is not counted", line: []step{root, ca("a", pol(p1), skip(1)), ca("a", pol(p1)), ca("b", pol(anyP)), end("leaf", pol(p1))}, o: must},
		{name: "RFC 5937 said by the anchor", line: []step{ca("root", skip(0)), ca("b", pol(anyP)), end("leaf", pol(p1))}, o: must, want: chain.CodePolicy,
			peer: lenient + "it takes an anchor for a key"},
	})
}

// TestPolicySets is what RFC 9618 section 5.5 gives out.
func TestPolicySets(t *testing.T) {
	for name, r := range map[string]struct {
		line            []step
		asked           []string
		authority, user []string
	}{
		"none":             {[]step{root, end("leaf")}, nil, nil, nil},
		"one":              {[]step{root, ca("a", pol(p1)), end("leaf", pol(p1))}, nil, []string{p1}, []string{p1}},
		"one of two":       {[]step{root, ca("a", pol(p1, p2)), end("leaf", pol(p2))}, []string{p1}, []string{p2}, nil},
		"any":              {[]step{root, ca("a", pol(anyP)), end("leaf", pol(anyP))}, nil, []string{anyP}, []string{anyP}},
		"any, asked for":   {[]step{root, ca("a", pol(anyP)), end("leaf", pol(anyP))}, []string{p1, p2}, []string{anyP}, []string{p1, p2}},
		"any beside one":   {[]step{root, ca("a", pol(anyP, p1)), end("leaf", pol(anyP))}, []string{p2}, []string{p1, anyP}, []string{p2}},
		"mapped":           {[]step{root, ca("a", pol(p1), maps(p1, p2)), end("leaf", pol(p2))}, nil, []string{p1}, []string{p1}},
		"two to one":       {[]step{root, ca("a", pol(p1, p2), maps(p1, p3, p2, p3)), end("leaf", pol(p3))}, nil, []string{p1, p2}, []string{p1, p2}},
		"named half-way":   {[]step{root, ca("a", pol(anyP)), ca("b", pol(p1), maps(p1, p2)), end("leaf", pol(p2))}, nil, []string{p1}, []string{p1}},
		"anchor itself":    {[]step{root}, []string{p1}, []string{anyP}, []string{p1}},
		"anchor's policy":  {[]step{ca("root", pol(p1)), end("leaf", pol(p1))}, nil, []string{p1}, []string{p1}},
		"dead end dropped": {[]step{root, ca("a", pol(p1, p4)), ca("b", pol(p1)), end("leaf", pol(p1))}, nil, []string{p1}, []string{p1}},
	} {
		list := parsed(t, line(r.line...)...)
		var got chain.Policies
		err := chain.All(list[len(list)-1], list, list[:1], moment, chain.Options{Policies: asked(t, r.asked...)}, func(v chain.Valid) bool {
			got = v.Policies
			return false
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want := chain.Policies{Authority: asked(t, r.authority...), User: asked(t, r.user...)}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
