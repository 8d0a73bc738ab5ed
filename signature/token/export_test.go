// SPDX-License-Identifier: Apache-2.0

package token

import "time"

// Harden lets a child of the test binary show what ServeWorker does to its process.
var Harden = harden

// SetDeadlines changes those of a host between two of its operations.
func (h *Host) SetDeadlines(list, sign time.Duration) {
	h.cfg.ListDeadline, h.cfg.SignDeadline = list, sign
}
