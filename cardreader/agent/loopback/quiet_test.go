// SPDX-License-Identifier: Apache-2.0

package loopback

import (
	"testing"
	"time"
)

func TestQuiet(t *testing.T) {
	var q quiet
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	written := func(n int) (lines, left int) {
		for range n {
			ok, l := q.may(at)
			if ok {
				lines++
			}
			left += l
		}
		return lines, left
	}
	for _, c := range []struct {
		name              string
		later             time.Duration
		n, lines, leftOut int
	}{
		{"few", 0, 5, 5, 0},
		{"many", time.Second, 1000, mostRefusals - 5, 0},
		{"still the same minute", 50 * time.Second, 3, 0, 0},
		{"the next one tells how many were left out", refusalTime, 1, 1, 1008 - mostRefusals},
		{"then nothing more", time.Second, 1, 1, 0},
		{"the clock was put back", -time.Hour, mostRefusals + 1, mostRefusals, 0},
	} {
		at = at.Add(c.later)
		if lines, left := written(c.n); lines != c.lines || left != c.leftOut {
			t.Errorf("%s: %d lines, %d left out", c.name, lines, left)
		}
	}
}
