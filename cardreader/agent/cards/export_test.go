// SPDX-License-Identifier: Apache-2.0

package cards

import "time"

// Within returns a Source that waits for cards so long.
func (s *Source) Within(limit, patience time.Duration) *Source {
	out := *s
	out.limit, out.patience = limit, patience
	return &out
}
