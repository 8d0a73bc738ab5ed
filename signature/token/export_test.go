// SPDX-License-Identifier: Apache-2.0

package token

import "time"

// Harden lets a child of the test binary show what ServeWorker does to its process.
var Harden = harden

// Rests says that no worker serves a module any more: what is asked next begins one.
func (h *Host) Rests(module string) bool {
	l, err := h.laneOf(module)
	if err != nil {
		return false
	}
	<-l.turn
	defer func() { l.turn <- struct{}{} }()
	return l.proc == nil
}

// WorkersEnd returns when all workers that were begun have ended; it ends none.
func (h *Host) WorkersEnd() { h.workers.Wait() }

// SetDeadlines changes those of a host between two of its operations.
func (h *Host) SetDeadlines(list, sign time.Duration) {
	h.cfg.ListDeadline, h.cfg.SignDeadline = list, sign
}
