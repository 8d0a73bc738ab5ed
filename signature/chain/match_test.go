// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"strings"
	"testing"

	"zaver/signature/cert"
)

// FuzzMatch compares any texts: nothing panics, letter case of a host says nothing, and what a
// constraint permits it also excludes.
func FuzzMatch(f *testing.F) {
	for _, seed := range [][2]string{
		{"a.example.org", "example.org"}, {"*.example.org", "a.example.org"}, {"http://u@a.example.org:1/", ".example.org"},
		{`"a\"b"@example.org`, "example.org"}, {"анна@example.org", "анна@example.org"}, {"http://[::1]/", ""}, {"..", "."}, {"@", "@"}, {`"\`, `"`},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, base string) {
		for _, tag := range []int{cert.RFC822Name, cert.DNSName, cert.URI} {
			m, ok := newMatcher(&cert.GeneralName{Tag: tag, Text: text})
			if !ok {
				continue
			}
			in, ok := m.within(&cert.GeneralName{Tag: tag, Text: base}, false)
			out, okExcluded := m.within(&cert.GeneralName{Tag: tag, Text: base}, true)
			if ok != okExcluded || in && !out || in && !ok {
				t.Errorf("%d %q under %q: %t %t, excluded %t %t", tag, text, base, in, ok, out, okExcluded)
			}
			if !strings.Contains(base, "@") {
				upper, _ := m.within(&cert.GeneralName{Tag: tag, Text: strings.ToUpper(base)}, false)
				if ascii(base) && upper != in {
					t.Errorf("%d %q under %q: letter case counts", tag, text, base)
				}
			}
		}
	})
}

func ascii(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0 }
