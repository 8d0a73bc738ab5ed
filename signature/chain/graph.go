// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"cmp"
	"slices"
)

// policyID numbers the policies of one path, so that they compare as integers.
type policyID int32

const anyPolicy policyID = 0

// node is a node of the valid_policy_graph (RFC 9618 section 5.1): a policy valid at its depth, the
// policies that stand for it one certificate further, and which nodes above it did so. Qualifiers
// are not kept, as that RFC recommends.
type node struct {
	policy  policyID
	dead    bool       // deleted by a mapping that is inhibited
	mapped  bool       // expected holds what is expected; otherwise it is the policy itself
	expects []policyID // when mapped
	parents []int32    // places in the level above
}

// expected calls f with each policy of expected_policy_set.
func (n *node) expected(f func(policyID)) {
	if !n.mapped {
		f(n.policy)
		return
	}
	for _, id := range n.expects {
		f(id)
	}
}

// level holds the nodes of one depth, each policy at most once. It has no more of them than
// policies and mappings are named down to it, which bounds the graph by the size of its input.
type level []node

func (l level) find(p policyID) int {
	return slices.IndexFunc(l, func(n node) bool { return n.policy == p && !n.dead })
}

func (l level) alive() bool { return slices.ContainsFunc(l, func(n node) bool { return !n.dead }) }

// expectation says that a node of the level above expects a policy.
type expectation struct {
	policy policyID
	node   int32
}

// expectations are in the order of policies and then of nodes.
type expectations struct {
	policies []policyID // each once
	ends     []int      // where its nodes end
	nodes    []int32
}

// of returns the nodes that expect a policy.
func (e *expectations) of(id policyID) []int32 {
	i, found := slices.BinarySearch(e.policies, id)
	if !found {
		return nil
	}
	begin := 0
	if i > 0 {
		begin = e.ends[i-1]
	}
	return e.nodes[begin:e.ends[i]:e.ends[i]]
}

func (l level) expectations() (out expectations) {
	list := make([]expectation, 0, len(l))
	for i := range l {
		if !l[i].dead {
			l[i].expected(func(id policyID) { list = append(list, expectation{id, int32(i)}) })
		}
	}
	slices.SortFunc(list, func(a, b expectation) int {
		return cmp.Or(cmp.Compare(a.policy, b.policy), cmp.Compare(a.node, b.node))
	})
	out.nodes, out.ends, out.policies = make([]int32, len(list)), make([]int, 0, len(list)), make([]policyID, 0, len(list))
	for i, e := range list {
		out.nodes[i] = e.node
		if i == 0 || e.policy != list[i-1].policy {
			out.policies, out.ends = append(out.policies, e.policy), append(out.ends, 0)
		}
		out.ends[len(out.ends)-1] = i + 1
	}
	return out
}
