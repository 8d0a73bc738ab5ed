// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"errors"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrHead is wrapped when a stored head does not fit itself.
var ErrHead = errors.New("malformed log head")

// Head is all that appending needs: the size, the roots of the complete
// subtrees (smallest first, one per set bit of Size) and the last record's hash.
// The zero Head is the empty log.
type Head struct {
	Size     int64
	Frontier []Hash
	Last     Hash
}

// Appended is one record with everything that storage must add for it.
type Appended struct {
	Record Record
	// Bytes are the record's canonical bytes, Leaf their record hash (RFC 6962).
	Bytes []byte
	Leaf  Hash
	// First is the stored-hash index of Hashes[0]; the rest follow without gaps.
	First  int64
	Hashes []Hash
	// Head is the log's head after the record.
	Head Head
}

func (h Head) check() error {
	if h.Size < 0 || len(h.Frontier) != bits.OnesCount64(uint64(h.Size)) {
		return fmt.Errorf("use head of size %d with %d roots: %w", h.Size, len(h.Frontier), ErrHead)
	}
	return nil
}

// Append gives the event its place after head. It reads nothing: the frontier
// holds every hash that a new leaf can complete a subtree with.
func Append(head Head, e Event) (Appended, error) {
	if err := head.check(); err != nil {
		return Appended{}, err
	}
	a := Appended{Record: Record{Event: e, Seq: head.Size, Prev: head.Last}}
	var err error
	if a.Bytes, err = a.Record.Bytes(); err != nil {
		return Appended{}, err
	}
	a.Leaf = tlog.RecordHash(a.Bytes)
	a.First = tlog.StoredHashIndex(0, head.Size)
	h := a.Leaf
	a.Hashes = []Hash{h}
	// Each trailing 1 bit of the old size is a complete subtree that the new
	// leaf joins into the next larger one.
	done := bits.TrailingZeros64(uint64(head.Size + 1))
	for i := range done {
		h = tlog.NodeHash(head.Frontier[i], h)
		a.Hashes = append(a.Hashes, h)
	}
	a.Head = Head{Size: head.Size + 1, Last: a.Leaf}
	a.Head.Frontier = append([]Hash{h}, head.Frontier[done:]...)
	return a, nil
}

// Root is the tree hash of the log at this head; the empty log has SHA-256 of nothing.
func (h Head) Root() (Hash, error) {
	if err := h.check(); err != nil {
		return Hash{}, err
	}
	if h.Size == 0 {
		return tlog.TreeHash(0, nil)
	}
	root := h.Frontier[0]
	for _, left := range h.Frontier[1:] {
		root = tlog.NodeHash(left, root)
	}
	return root, nil
}
