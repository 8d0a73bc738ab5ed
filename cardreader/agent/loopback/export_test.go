// SPDX-License-Identifier: Apache-2.0

package loopback

import "time"

// Answer makes the door the agent of that user, as if the knocking ones were another.
func (d *Door) Answer(user uint32) { d.self.Store(user) }

// Wait gives bodies another time.
func (c *Config) Wait(t time.Duration) { c.bodyTime = t }

// WaitToWrite gives reports another time.
func (c *Config) WaitToWrite(t time.Duration) { c.writeTime = t }

// What the tests count to.
const (
	MaxConnections     = maxConnections
	ForeignConnections = foreignConnections
)
