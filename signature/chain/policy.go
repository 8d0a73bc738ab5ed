// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"encoding/asn1"
	"slices"

	"zaver/signature/cert"
)

// policyID numbers the policies of one path, so that they compare as integers.
type policyID int32

const anyPolicy policyID = 0

// node is a node of the valid_policy_graph (RFC 9618 section 5.1): a policy valid at its depth, the
// policies that stand for it one certificate further, and which nodes above it did so. Qualifiers
// are not kept, as that RFC recommends.
type node struct {
	policy   policyID
	expected []policyID
	parents  []int32 // places in the level above
	dead     bool    // deleted by a mapping that is inhibited
}

// level holds the nodes of one depth, each policy at most once. It has no more of them than
// policies and mappings are named down to it, which bounds the graph by the size of its input.
type level []node

func (l level) find(p policyID) int {
	return slices.IndexFunc(l, func(n node) bool { return n.policy == p && !n.dead })
}

func (l level) alive() bool { return slices.ContainsFunc(l, func(n node) bool { return !n.dead }) }

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
	p := &policyState{search: s, oids: []asn1.ObjectIdentifier{cert.PolicyAny}}
	p.graph = []level{{{policy: anyPolicy, expected: []policyID{anyPolicy}}}}
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
	expecting := make(map[policyID][]int32)
	var order []policyID
	for i := range above {
		if above[i].dead {
			continue
		}
		for _, e := range above[i].expected {
			if _, met := expecting[e]; !met {
				order = append(order, e)
			}
			expecting[e] = append(expecting[e], int32(i))
		}
	}
	anyAbove := above.find(anyPolicy)
	next := make(level, 0, len(c.Policies))
	done := make(map[policyID]bool, len(c.Policies))
	add := func(id policyID, parents []int32) {
		done[id] = true
		next = append(next, node{policy: id, expected: []policyID{id}, parents: parents})
	}
	hasAny := false
	for _, oid := range c.Policies {
		switch id := p.id(oid); {
		case id == anyPolicy:
			hasAny = true
		case done[id]:
		case len(expecting[id]) > 0:
			add(id, expecting[id])
		case anyAbove >= 0:
			add(id, []int32{int32(anyAbove)})
		}
	}
	if hasAny && anyCounts {
		for _, id := range order {
			if !done[id] {
				add(id, expecting[id])
			}
		}
	}
	p.spend(1+len(order)+len(next), c)
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
				level[at].expected = nil
			case p.mapping > 0 && fromAny >= 0:
				at = len(level)
				level = append(level, node{policy: from, parents: level[fromAny].parents})
			}
			mapped[from] = at
		}
		if at >= 0 && !slices.Contains(level[at].expected, to) {
			level[at].expected = append(level[at].expected, to)
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
	asked := make([]policyID, 0, len(p.o.Policies))
	for _, oid := range p.o.Policies {
		asked = append(asked, p.id(oid))
	}
	var authority []policyID
	any := p.graph != nil && p.graph[len(p.graph)-1].find(anyPolicy) >= 0
	if p.graph != nil {
		authority = p.underAny()
	}
	user := authority
	if len(asked) > 0 && !slices.Contains(asked, anyPolicy) {
		user = nil
		for _, id := range asked {
			if (any || slices.Contains(authority, id)) && !slices.Contains(user, id) {
				user = append(user, id)
			}
		}
	} else if any {
		user = append(slices.Clone(user), anyPolicy)
	}
	if any {
		authority = append(slices.Clone(authority), anyPolicy)
	}
	return Policies{Authority: p.names(authority), User: p.names(user)}
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
	var out []asn1.ObjectIdentifier
	for _, id := range ids {
		out = append(out, p.oids[id])
	}
	return out
}
