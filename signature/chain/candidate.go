// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"

	"zaver/signature/cert"
)

// candidate is a possible issuer.
type candidate struct {
	cert   *cert.Certificate
	anchor bool
	// How likely it is, less is better: whether its key identifier is the one named, whether it is
	// valid at the moment, whether it is an anchor, whether its serial number is the one named.
	identifier, validity, place, serial int
}

// candidates lists the possible issuers by name, the likeliest first, each once. The list of a
// certificate that is met again is kept when it is long.
func (s *search) candidates(below *cert.Certificate) []candidate {
	if list, kept := s.lists[below]; kept {
		return list
	}
	var list []candidate
	key := below.Issuer.Key()
	add := func(anchor bool) func(*cert.Certificate) {
		return func(c *cert.Certificate) { list = append(list, s.rank(below, c, anchor)) }
	}
	s.anchors.each(key, add(true))
	s.known.each(key, add(false))
	s.untrusted.each(key, add(false))
	if len(list) < 2 {
		return list
	}
	list = s.distinct(list)
	slices.SortStableFunc(list, func(a, b candidate) int {
		return cmp.Or(a.identifier-b.identifier, a.validity-b.validity, a.place-b.place, a.serial-b.serial)
	})
	s.spend(len(list), below)
	if len(list) > scanned {
		if s.lists == nil {
			s.lists = make(map[*cert.Certificate][]candidate)
		}
		s.lists[below] = list
	}
	return list
}

func (s *search) rank(below, c *cert.Certificate, anchor bool) candidate {
	k := candidate{cert: c, anchor: anchor}
	switch {
	case len(below.AKI) == 0 || len(c.SKI) == 0:
		k.identifier = 1
	case !bytes.Equal(below.AKI, c.SKI):
		k.identifier = 2
	}
	if !c.ValidAt(s.at) {
		k.validity = 1
	}
	if !anchor {
		k.place = 1
	}
	if below.AKISerial != nil && below.AKISerial.Cmp(c.Serial) != 0 {
		k.serial = 1
	}
	return k
}

// distinct drops copies of certificates, so that an anchor stays one.
func (s *search) distinct(list []candidate) []candidate {
	out := list[:0]
	if len(list) <= 2*scanned {
		for _, c := range list {
			if !slices.ContainsFunc(out, func(o candidate) bool { return o.cert.Equal(c.cert) }) {
				out = append(out, c)
			}
		}
		return out
	}
	seen, seed := make(map[uint64]*cert.Certificate, len(list)), maphash.MakeSeed()
	for _, c := range list {
		h := maphash.Bytes(seed, c.cert.Raw)
		if o, met := seen[h]; met && o.Equal(c.cert) {
			continue
		}
		seen[h] = c.cert
		out = append(out, c)
	}
	return out
}

// reach knows which names lead to an anchor's name, signatures left aside. It is made when a search
// has gone on for a while, and again each time its work has doubled, because certificates found
// dead in between may have cut names off. Without it a mesh of authorities that certify each other
// without a way out would be walked in every order.
type reach struct {
	due    int // the amount of work at which it is made again
	height map[string]int
}

// firstReach is the work at which names are looked at first.
const firstReach = 64

// ahead reports what names say of the way from c, the top of the path, to an anchor: whether there
// may be one, and whether it may be short enough.
func (s *search) ahead(c *cert.Certificate) (leads, near bool) {
	if s.work < firstReach && len(s.path) < s.o.MaxDepth {
		return true, true
	}
	if s.reach.height == nil || s.work >= s.reach.due {
		s.survey(c)
		s.reach.due = 2 * s.work
	}
	height, leads := s.reach.height[c.Issuer.Key()]
	return leads, len(s.path)+height <= s.o.MaxDepth
}

// survey counts for each name how many certificates are needed at least from an issuer of that name
// to an anchor, both included.
func (s *search) survey(c *cert.Certificate) {
	s.spend(len(s.known.list)+len(s.untrusted.list), c)
	below := make(map[string][]string) // issuer → subjects
	for _, list := range [][]*cert.Certificate{s.known.list, s.untrusted.list} {
		for _, c := range list {
			if !s.dead[c] {
				below[c.Issuer.Key()] = append(below[c.Issuer.Key()], c.Subject.Key())
			}
		}
	}
	height := make(map[string]int)
	var queue []string
	for _, a := range s.anchors.list {
		if k := a.Subject.Key(); height[k] == 0 {
			height[k] = 1
			queue = append(queue, k)
		}
	}
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		for _, k := range below[name] {
			if height[k] == 0 {
				height[k] = height[name] + 1
				queue = append(queue, k)
			}
		}
	}
	s.reach.height = height
}
