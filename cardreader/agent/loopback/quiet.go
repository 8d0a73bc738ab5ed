// SPDX-License-Identifier: Apache-2.0

package loopback

import (
	"sync"
	"time"
)

// How many refused requests are logged in which time. Any page that is open somewhere may send thousands a second; the log is the person's disk.
const (
	mostRefusals = 20
	refusalTime  = time.Minute
)

// quiet counts lines of a log. It may be used from many goroutines.
type quiet struct {
	mu    sync.Mutex
	since time.Time
	lines int
}

// may reports whether one more line may be written, and how many were left out since the last time that one might not.
func (q *quiet) may(now time.Time) (ok bool, left int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now.Sub(q.since) >= refusalTime || now.Before(q.since) {
		left, q.since, q.lines = max(q.lines-mostRefusals, 0), now, 0
	}
	q.lines++
	return q.lines <= mostRefusals, left
}
