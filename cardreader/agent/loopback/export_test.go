// SPDX-License-Identifier: Apache-2.0

package loopback

// Answer makes the door the agent of that user, as if the knocking ones were another.
func (d *Door) Answer(user uint32) { d.self = user }
