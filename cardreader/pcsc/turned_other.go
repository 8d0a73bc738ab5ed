// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package pcsc

// turnedAway is known on Linux only.
func turnedAway() (away, known bool) { return false, false }
