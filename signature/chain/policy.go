// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"encoding/asn1"
	"slices"

	"zaver/signature/cert"
)

// policyState are the state variables of RFC 5280 section 6.1.2 that policies need.
type policyState struct {
	*search
	ids   map[string]policyID
	oids  []asn1.ObjectIdentifier
	graph []level // nil is NULL; nodes that lost their children are left in

	explicit, mapping, any int // explicit_policy, policy_mapping, inhibit_anyPolicy
}

// checkPolicies walks s.path from the anchor to the leaf.
func (s *search) checkPolicies() (Policies, *Error) {
	n := len(s.path) - 1
	p := &policyState{search: s, oids: append(make([]asn1.ObjectIdentifier, 0, 8), cert.PolicyAny)}
	p.graph = append(make([]level, 0, n+2), level{{policy: anyPolicy}})
	p.explicit, p.mapping, p.any = initial(s.o.RequireExplicitPolicy, n), initial(s.o.InhibitPolicyMapping, n), initial(s.o.InhibitAnyPolicy, n)
	p.anchor(s.path[n])
	for i := n - 1; i >= 0; i-- {
		c := s.path[i]
		if err := p.take(c, i == 0); err != nil {
			return Policies{}, err
		}
		if i > 0 {
			p.prepare(c)
		}
	}
	leaf := s.path[0]
	if n > 0 { // 6.1.5 (a) and (b)
		p.explicit = max(p.explicit-1, 0)
		if leaf.RequireExplicitPolicy == 0 {
			p.explicit = 0
		}
	}
	out := p.outcome()
	if s.stop {
		return Policies{}, s.best
	}
	if p.explicit == 0 && len(out.User) == 0 {
		return Policies{}, &Error{Code: CodePolicy, Certificate: leaf, Detail: "an explicit policy is required and none that is asked for holds"}
	}
	return out, nil
}

func initial(indicator bool, n int) int {
	if indicator {
		return 0
	}
	return n + 1
}

// anchor takes what the anchor's certificate limits (RFC 5937) as if it stood before the path: its
// policies unless it names none, and its constraints.
func (p *policyState) anchor(c *cert.Certificate) {
	if c.HasPolicies {
		p.extend(c, true)
	}
	p.constrain(c)
}

// take is RFC 9618 section 5.3, steps (d) to (f) of RFC 5280 section 6.1.3.
func (p *policyState) take(c *cert.Certificate, last bool) *Error {
	switch {
	case !c.HasPolicies:
		p.graph = nil
	case p.graph != nil:
		p.extend(c, p.any > 0 || !last && selfIssued(c))
	}
	if p.explicit == 0 && p.graph == nil {
		return &Error{Code: CodePolicy, Certificate: c, Detail: "an explicit policy is required and none holds this far"}
	}
	return nil
}

// extend adds the level of one certificate: a node for each of its policies that nodes above
// expect, or that their anyPolicy stands for, and one for each expected policy when its own
// anyPolicy counts.
func (p *policyState) extend(c *cert.Certificate, anyCounts bool) {
	above := p.graph[len(p.graph)-1]
	expected := above.expectations()
	var fromAny []int32
	if i := above.find(anyPolicy); i >= 0 {
		fromAny = []int32{int32(i)}
	}
	ids := make([]policyID, len(c.Policies))
	for i, oid := range c.Policies {
		ids[i] = p.id(oid)
	}
	next, done := make(level, 0, len(ids)), make([]bool, len(p.oids))
	add := func(id policyID, parents []int32) {
		if len(parents) > 0 && !done[id] {
			done[id] = true
			next = append(next, node{policy: id, parents: parents})
		}
	}
	for _, id := range ids {
		if id == anyPolicy {
			continue
		}
		if parents := expected.of(id); len(parents) > 0 {
			add(id, parents)
		} else {
			add(id, fromAny)
		}
	}
	if anyCounts && slices.Contains(ids, anyPolicy) {
		for _, id := range expected.policies {
			add(id, expected.of(id))
		}
	}
	p.spend(1+len(expected.nodes)+len(next), c)
	if p.graph = append(p.graph, next); len(next) == 0 {
		p.graph = nil
	}
}

// prepare is RFC 5280 section 6.1.4 (a), (b), (h), (i) and (j); that anyPolicy is not mapped was
// seen when the issuer was chosen.
func (p *policyState) prepare(c *cert.Certificate) {
	if len(c.PolicyMappings) > 0 && p.graph != nil {
		p.remap(c)
	}
	if !selfIssued(c) {
		p.explicit, p.mapping, p.any = max(p.explicit-1, 0), max(p.mapping-1, 0), max(p.any-1, 0)
	}
	p.constrain(c)
}

// remap is RFC 9618 section 5.4.
func (p *policyState) remap(c *cert.Certificate) {
	p.spend(len(c.PolicyMappings), c)
	depth := len(p.graph) - 1
	level := p.graph[depth]
	fromAny := level.find(anyPolicy)
	mapped := make(map[policyID]int) // where a mapped policy's node is
	for _, m := range c.PolicyMappings {
		from, to := p.id(m.Issuer), p.id(m.Subject)
		at, met := mapped[from]
		if !met {
			at = level.find(from)
			switch {
			case at >= 0 && p.mapping == 0:
				level[at].dead = true
				at = -1
			case at >= 0:
				level[at].mapped = true
			case p.mapping > 0 && fromAny >= 0:
				at = len(level)
				level = append(level, node{policy: from, mapped: true, parents: level[fromAny].parents})
			}
			mapped[from] = at
		}
		if at >= 0 && !slices.Contains(level[at].expects, to) {
			level[at].expects = append(level[at].expects, to)
		}
	}
	if p.graph[depth] = level; !level.alive() {
		p.graph = nil
	}
}

// constrain is RFC 5280 section 6.1.4 (i) and (j).
func (p *policyState) constrain(c *cert.Certificate) {
	least := func(v *int, limit int) {
		if limit >= 0 {
			*v = min(*v, limit)
		}
	}
	least(&p.explicit, c.RequireExplicitPolicy)
	least(&p.mapping, c.InhibitPolicyMapping)
	least(&p.any, c.InhibitAnyPolicy)
}

// outcome is RFC 9618 section 5.5: the policies under which the path is valid, in the anchor's
// terms, and those of them that are asked for.
func (p *policyState) outcome() Policies {
	if p.graph == nil {
		return Policies{}
	}
	asked := make([]policyID, 0, len(p.o.Policies))
	for _, oid := range p.o.Policies {
		asked = append(asked, p.id(oid))
	}
	authority := p.underAny()
	all := p.graph[len(p.graph)-1].find(anyPolicy) >= 0
	if all {
		authority = append(authority, anyPolicy)
	}
	out := Policies{Authority: p.names(authority)}
	if len(asked) == 0 || slices.Contains(asked, anyPolicy) {
		out.User = out.Authority
		return out
	}
	var user []policyID
	for _, id := range asked {
		if (all || slices.Contains(authority, id)) && !slices.Contains(user, id) {
			user = append(user, id)
		}
	}
	out.User = p.names(user)
	return out
}

// underAny collects the policies of nodes that lead to the last level and stem from anyPolicy.
func (p *policyState) underAny() (out []policyID) {
	reached := make([]bool, len(p.graph[len(p.graph)-1]))
	for i := range reached {
		reached[i] = true
	}
	for depth := len(p.graph) - 1; depth > 0; depth-- {
		level, above := p.graph[depth], p.graph[depth-1]
		next := make([]bool, len(above))
		p.spend(len(level), p.path[0])
		for i := range level {
			n := &level[i]
			if !reached[i] || n.dead {
				continue
			}
			for _, parent := range n.parents {
				next[parent] = true
			}
			if n.policy != anyPolicy && len(n.parents) == 1 && above[n.parents[0]].policy == anyPolicy && !slices.Contains(out, n.policy) {
				out = append(out, n.policy)
			}
		}
		reached = next
	}
	return out
}

// id numbers a policy.
func (p *policyState) id(oid asn1.ObjectIdentifier) policyID {
	for i, o := range p.oids[:min(len(p.oids), 8)] {
		if o.Equal(oid) {
			return policyID(i)
		}
	}
	if len(p.oids) < 8 {
		p.oids = append(p.oids, oid)
		return policyID(len(p.oids) - 1)
	}
	if p.ids == nil {
		p.ids = make(map[string]policyID)
	}
	key := oid.String()
	id, met := p.ids[key]
	if !met {
		id = policyID(len(p.oids))
		p.ids[key], p.oids = id, append(p.oids, oid)
	}
	return id
}

func (p *policyState) names(ids []policyID) []asn1.ObjectIdentifier {
	if len(ids) == 0 {
		return nil
	}
	out := make([]asn1.ObjectIdentifier, 0, len(ids))
	for _, id := range ids {
		out = append(out, p.oids[id])
	}
	return out
}
