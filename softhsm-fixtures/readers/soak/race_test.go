// SPDX-License-Identifier: Apache-2.0

//go:build race

package soak_test

// raceMemory is what the race detector itself keeps of the memory and threads
// that it has seen: in sixteen readers it grows by a dozen MiB while nothing
// else does.
const raceMemory = 48 << 20
