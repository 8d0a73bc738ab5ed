// SPDX-License-Identifier: Apache-2.0

package confirm

import (
	"bytes"
	"slices"
	"testing"
)

// TestNoncesAreUnique makes a million: none comes twice, and no bit of them is fixed.
func TestNoncesAreUnique(t *testing.T) {
	const many = 1_000_000
	all := make([][32]byte, many)
	var ones, zeros [32]byte
	for i := range all {
		all[i] = nonce()
		for j, b := range all[i] {
			ones[j] |= b
			zeros[j] |= ^b
		}
	}
	slices.SortFunc(all, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	if n := len(slices.Compact(all)); n != many {
		t.Errorf("%d of %d are different", n, many)
	}
	for j := range ones {
		if ones[j] != 0xff || zeros[j] != 0xff {
			t.Errorf("byte %d has a fixed bit", j)
		}
	}
}
