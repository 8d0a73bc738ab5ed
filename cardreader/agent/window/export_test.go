// SPDX-License-Identifier: Apache-2.0

package window

// Timers is how many timers of the session would still fire; they don't after it.
func (s *Session) Timers() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.late.Stop() {
		n++
	}
	if s.leaves != nil && s.leaves.Stop() {
		n++
	}
	return n
}
