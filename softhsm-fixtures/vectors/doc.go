// SPDX-License-Identifier: Apache-2.0

// Package vectors alone owns the published test vectors of the statement and of
// the signatures over it, in docs/vectors: its tests make them again from their
// keys and compare every byte, so that neither the format nor its description
// changes unnoticed. It has no code but tests; `go test -write` makes new ones.
package vectors
