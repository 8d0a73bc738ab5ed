// SPDX-License-Identifier: Apache-2.0

//go:build !race

package soak_test

// raceMemory is what the race detector keeps for itself.
const raceMemory = 0
