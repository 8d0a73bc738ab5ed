// SPDX-License-Identifier: Apache-2.0

package chain_test

import (
	"slices"
	"strings"
	"time"

	"zaver/signature/cert"
	"zaver/signature/chain"
)

// This file is a second reading of RFC 5280 section 6.1, from the anchor down and with the policy
// tree of that RFC instead of the graph of RFC 9618: slow, plain, and sharing nothing with the
// package but parsed certificates.

// slowPaths lists every path from leaf to an anchor without a certificate twice.
func slowPaths(leaf *cert.Certificate, untrusted, anchors []*cert.Certificate, depth int) (out [][]*cert.Certificate) {
	var climb func(path []*cert.Certificate)
	in := func(path []*cert.Certificate, c *cert.Certificate) bool {
		return slices.ContainsFunc(path, func(x *cert.Certificate) bool { return x.Equal(c) })
	}
	isAnchor := func(c *cert.Certificate) bool { return in(anchors, c) }
	climb = func(path []*cert.Certificate) {
		top := path[len(path)-1]
		if len(path) >= depth {
			return
		}
		for i, c := range slices.Concat(anchors, untrusted) {
			anchor := i < len(anchors)
			if !slowName(c.Subject, top.Issuer) || in(path, c) || !anchor && isAnchor(c) || top.CheckSignature(c) != nil {
				continue
			}
			next := append(slices.Clone(path), c)
			if anchor {
				out = append(out, next)
			} else {
				climb(next)
			}
		}
	}
	if isAnchor(leaf) {
		out = append(out, []*cert.Certificate{leaf})
	}
	climb([]*cert.Certificate{leaf})
	return out
}

func slowName(a, b cert.Name) bool {
	return slices.EqualFunc(a.Attributes, b.Attributes, slowAttribute)
}

func slowAttribute(x, y cert.Attribute) bool {
	fold := func(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
	return x.OID.Equal(y.OID) && fold(x.Value) == fold(y.Value)
}

// slowNode is a node of the valid_policy_tree (section 6.1.2 (a)).
type slowNode struct {
	depth    int
	policy   string
	expected []string
	parent   *slowNode
	children []*slowNode
}

const slowAny = "2.5.29.32.0"

func (n *slowNode) add(policy string, expected ...string) {
	n.children = append(n.children, &slowNode{depth: n.depth + 1, policy: policy, expected: expected, parent: n})
}

func (n *slowNode) at(depth int) (out []*slowNode) {
	if n == nil {
		return nil
	}
	if n.depth == depth {
		return []*slowNode{n}
	}
	for _, c := range n.children {
		out = append(out, c.at(depth)...)
	}
	return out
}

func (n *slowNode) remove() {
	n.parent.children = slices.DeleteFunc(n.parent.children, func(c *slowNode) bool { return c == n })
}

// prune deletes nodes above depth without children; nil when the root goes.
func (n *slowNode) prune(depth int) *slowNode {
	if n == nil {
		return nil
	}
	for d := depth - 1; d > 0; d-- {
		for _, c := range n.at(d) {
			if len(c.children) == 0 {
				c.remove()
			}
		}
	}
	if depth > 0 && len(n.children) == 0 {
		return nil
	}
	return n
}

// slowState is section 6.1.2.
type slowState struct {
	tree                   *slowNode
	depth                  int
	explicit, mapping, any int
	constraints            []*cert.NameConstraints
	maxPath                int
}

// slowValid is section 6.1 for one path, leaf first.
func slowValid(path []*cert.Certificate, at time.Time, o chain.Options) bool {
	n := len(path) - 1
	from := func(on bool) int {
		if on {
			return 0
		}
		return n + 1
	}
	s := &slowState{
		tree: &slowNode{policy: slowAny, expected: []string{slowAny}}, maxPath: 1000,
		explicit: from(o.RequireExplicitPolicy), mapping: from(o.InhibitPolicyMapping), any: from(o.InhibitAnyPolicy),
	}
	anchor := path[n]
	if at.Before(anchor.NotBefore) || at.After(anchor.NotAfter) || len(anchor.UnhandledCritical) > 0 {
		return false
	}
	if anchor.HasPolicies {
		s.policies(anchor, true)
	}
	s.limits(anchor)
	silent := !anchor.HasBasicConstraints && !anchor.HasKeyUsage && slowName(anchor.Issuer, anchor.Subject)
	if n > 0 && !silent && !slowIssuer(anchor) {
		return false
	}
	for i := n - 1; i >= 0; i-- {
		if !s.step(path[i], i == 0, at) {
			return false
		}
	}
	if n > 0 {
		s.explicit = max(s.explicit-1, 0)
		if path[0].RequireExplicitPolicy == 0 {
			s.explicit = 0
		}
	}
	return s.explicit > 0 || s.intersect(o)
}

func slowIssuer(c *cert.Certificate) bool {
	return c.HasBasicConstraints && c.IsCA && (!c.HasKeyUsage || c.KeyUsage&cert.CertSign != 0)
}

func (s *slowState) step(c *cert.Certificate, last bool, at time.Time) bool {
	self := slowName(c.Issuer, c.Subject)
	if at.Before(c.NotBefore) || at.After(c.NotAfter) || len(c.UnhandledCritical) > 0 {
		return false
	}
	if last || !self {
		for _, nc := range s.constraints {
			if !slowNames(nc, c) {
				return false
			}
		}
	}
	if c.HasPolicies {
		s.policies(c, s.any > 0 || !last && self)
	} else {
		s.tree = nil
	}
	if s.explicit == 0 && s.tree == nil {
		return false
	}
	if last {
		return true
	}
	if !s.mappings(c) || !slowIssuer(c) {
		return false
	}
	if !self {
		s.explicit, s.mapping, s.any = max(s.explicit-1, 0), max(s.mapping-1, 0), max(s.any-1, 0)
		if s.maxPath == 0 {
			return false
		}
		s.maxPath--
	}
	s.limits(c)
	return true
}

func (s *slowState) limits(c *cert.Certificate) {
	for _, l := range []struct {
		v     *int
		limit int
	}{{&s.explicit, c.RequireExplicitPolicy}, {&s.mapping, c.InhibitPolicyMapping}, {&s.any, c.InhibitAnyPolicy}, {&s.maxPath, c.PathLen}} {
		if l.limit >= 0 && l.limit < *l.v {
			*l.v = l.limit
		}
	}
	if c.NameConstraints != nil {
		s.constraints = append(s.constraints, c.NameConstraints)
	}
}

// policies is section 6.1.3 (d) of RFC 5280.
func (s *slowState) policies(c *cert.Certificate, anyCounts bool) {
	s.depth++
	if s.tree == nil {
		return
	}
	above := s.tree.at(s.depth - 1)
	hasAny := false
	for _, oid := range c.Policies {
		p := oid.String()
		if p == slowAny {
			hasAny = true
			continue
		}
		matched := false
		for _, n := range above {
			if slices.Contains(n.expected, p) {
				n.add(p, p)
				matched = true
			}
		}
		for _, n := range above {
			if !matched && n.policy == slowAny {
				n.add(p, p)
			}
		}
	}
	if hasAny && anyCounts {
		for _, n := range above {
			for _, e := range n.expected {
				if !slices.ContainsFunc(n.children, func(c *slowNode) bool { return c.policy == e }) {
					n.add(e, e)
				}
			}
		}
	}
	s.tree = s.tree.prune(s.depth)
}

// mappings is section 6.1.4 (a) and (b).
func (s *slowState) mappings(c *cert.Certificate) bool {
	to := map[string][]string{}
	for _, m := range c.PolicyMappings {
		i, d := m.Issuer.String(), m.Subject.String()
		if i == slowAny || d == slowAny {
			return false
		}
		to[i] = append(to[i], d)
	}
	for issuer, subjects := range to {
		found := false
		for _, n := range s.tree.at(s.depth) {
			if n.policy != issuer {
				continue
			}
			found = true
			if s.mapping > 0 {
				n.expected = subjects
			} else {
				n.remove()
			}
		}
		for _, n := range s.tree.at(s.depth) {
			if !found && s.mapping > 0 && n.policy == slowAny {
				n.parent.add(issuer, subjects...)
			}
		}
	}
	s.tree = s.tree.prune(s.depth)
	return true
}

// intersect is section 6.1.5 (g): whether the tree is left.
func (s *slowState) intersect(o chain.Options) bool {
	var user []string
	for _, p := range o.Policies {
		user = append(user, p.String())
	}
	if s.tree == nil || len(user) == 0 || slices.Contains(user, slowAny) {
		return s.tree != nil
	}
	for d := 1; d <= s.depth; d++ {
		for _, n := range s.tree.at(d) {
			if n.parent.policy == slowAny && n.policy != slowAny && !slices.Contains(user, n.policy) {
				n.remove()
			}
		}
	}
	return s.tree.prune(s.depth) != nil
}

// slowNames judges subject and dNSNames, the only names that the small PKIs have.
func slowNames(nc *cert.NameConstraints, c *cert.Certificate) bool {
	within := func(list []cert.Subtree, tag int, in func(*cert.GeneralName) bool) (any, one bool) {
		for i := range list {
			if list[i].Base.Tag == tag {
				any, one = true, one || in(&list[i].Base)
			}
		}
		return any, one
	}
	ok := func(tag int, in func(*cert.GeneralName) bool) bool {
		limited, permitted := within(nc.Permitted, tag, in)
		_, excluded := within(nc.Excluded, tag, in)
		return (!limited || permitted) && !excluded
	}
	subject := c.Subject.Attributes
	if len(subject) > 0 && !ok(cert.DirectoryName, func(b *cert.GeneralName) bool {
		base := b.Name.Attributes
		return len(base) <= len(subject) && slices.EqualFunc(base, subject[:len(base)], slowAttribute)
	}) {
		return false
	}
	for _, n := range c.SubjectAltNames {
		host := "." + strings.ToLower(n.Text)
		if n.Tag == cert.DNSName && !ok(cert.DNSName, func(b *cert.GeneralName) bool { return strings.HasSuffix(host, "."+strings.ToLower(b.Text)) }) {
			return false
		}
	}
	return true
}
