// SPDX-License-Identifier: Apache-2.0

// Package audit owns the tamper-evident log: the canonical bytes of one record,
// the Merkle tree over the records' hashes, signed checkpoints, inclusion proofs
// and the checker that a citizen or an auditor runs over them.
//
// The package is pure: no I/O, no clock, no logging. Storage stands behind
// [HashReader]; whoever stores the log keeps the record bytes, the hashes that
// [Append] returns, and the new [Head], all in one transaction, under a lock on
// the head, so that two records never claim one place.
//
// Tree hashing is that of RFC 6962 section 2.1 (golang.org/x/mod/sumdb/tlog);
// checkpoints are signed notes (golang.org/x/mod/sumdb/note) with the three
// lines of C2SP tlog-checkpoint: origin, size, root hash.
//
// Records hold no personal data: an account is its opaque id, evidence is its
// digest. Values are immutable after construction and safe for concurrent reads.
//
// Limits: a record is at most [MaxRecord] bytes, a proof at most [MaxProof]
// bytes, a checkpoint at most [MaxCheckpoint] bytes.
package audit

import "golang.org/x/mod/sumdb/tlog"

// Hash is a SHA-256 tree hash; as text it is standard base64.
type Hash = tlog.Hash

// HashReader reads stored tree hashes by their dense index
// (tlog.StoredHashIndex); the one thing that proofs need from storage.
type HashReader = tlog.HashReader

// Bounds of everything that is parsed from outside, in bytes.
const (
	MaxRecord     = 8 << 10
	MaxProof      = 64 << 10
	MaxCheckpoint = 4 << 10
)
