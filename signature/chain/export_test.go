// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"time"

	"zaver/signature/cert"
)

// Cost is what one search for the first path took: signature checks and other steps.
func Cost(leaf *cert.Certificate, untrusted, anchors []*cert.Certificate, at time.Time, o Options) (checks, work int, err error) {
	s := newSearch(NewFinder(anchors, nil), untrusted, at, o)
	err = s.run(leaf, func(Valid) bool { return false })
	return s.checks, s.work, err
}
