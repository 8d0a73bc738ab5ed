// SPDX-License-Identifier: Apache-2.0

// Package bench alone owns the figures that are promised: it measures them on
// the real programs, in the browser and by the packages' own benchmarks, puts
// each beside a baseline of the same run, and says which budget holds. The
// figures of one day are in docs/benchmarks.md.
//
// A run takes less than five minutes once the packages are compiled; the part
// "readers" by itself is the long run of twenty. It wants a quiet machine: a
// baseline of the same run evens out a slow one, not a busy one.
package bench
