// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrProof is wrapped when a record is not where a proof or a checkpoint says.
var ErrProof = errors.New("record is not in the log")

// Proof is what a citizen takes away: the record, the path from it to the root,
// and the signed checkpoint of that root. Its JSON needs nothing of ours to check
// but the log's public key.
type Proof struct {
	Record     string `json:"record"`
	Path       []Hash `json:"path"`
	Checkpoint string `json:"checkpoint"`
}

// Prove makes the proof that record seq, with the given bytes, lies under the
// signed checkpoint. r must hold the hashes of at least c.Size records.
func Prove(c Checkpoint, signed []byte, seq int64, record []byte, r HashReader) (Proof, error) {
	if seq < 0 || seq >= c.Size {
		return Proof{}, fmt.Errorf("prove record %d of %d: %w", seq, c.Size, ErrProof)
	}
	path, err := tlog.ProveRecord(c.Size, seq, r)
	if err != nil {
		return Proof{}, fmt.Errorf("prove record %d: %w", seq, err)
	}
	p := Proof{Record: string(record), Path: path, Checkpoint: string(signed)}
	// A stored record that was changed must be found here, not by its reader.
	if err := tlog.CheckRecord(path, c.Size, c.Root, seq, tlog.RecordHash(record)); err != nil {
		return Proof{}, fmt.Errorf("prove record %d: %w: %w", seq, ErrProof, err)
	}
	return p, nil
}

// Marshal gives the proof as JSON.
func (p Proof) Marshal() ([]byte, error) {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write proof: %w", err)
	}
	return b, nil
}

// ParseProof reads the JSON of a proof; it says nothing about truth, see [Proof.Check].
func ParseProof(data []byte) (Proof, error) {
	var p Proof
	if len(data) > MaxProof {
		return p, fmt.Errorf("read %d bytes: %w", len(data), ErrProof)
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return p, fmt.Errorf("read proof: %w: %w", ErrProof, err)
	}
	return p, nil
}

// Check proves that the record lies in the log called origin, by the log's key
// alone. It returns the record and the checkpoint that it lies under; every
// failure wraps [ErrProof], [ErrRecord] or [ErrCheckpoint].
func (p Proof) Check(origin string, v note.Verifier) (Record, Checkpoint, error) {
	c, err := OpenCheckpoint([]byte(p.Checkpoint), origin, v)
	if err != nil {
		return Record{}, c, err
	}
	rec, err := ParseRecord([]byte(p.Record))
	if err != nil {
		return Record{}, c, err
	}
	leaf := tlog.RecordHash([]byte(p.Record))
	if err := tlog.CheckRecord(p.Path, c.Size, c.Root, rec.Seq, leaf); err != nil {
		return Record{}, c, fmt.Errorf("check record %d: %w: %w", rec.Seq, ErrProof, err)
	}
	return rec, c, nil
}

// ProveGrowth makes the proof that the log at newer holds the log at older as its beginning.
func ProveGrowth(older, newer Checkpoint, r HashReader) ([]Hash, error) {
	p, err := tlog.ProveTree(newer.Size, older.Size, r)
	if err != nil {
		return nil, fmt.Errorf("prove growth from %d to %d: %w", older.Size, newer.Size, err)
	}
	return p, nil
}

// CheckGrowth checks such a proof: nothing before older was changed or taken away.
func CheckGrowth(older, newer Checkpoint, path []Hash) error {
	if older.Size == 0 {
		return nil
	}
	if err := tlog.CheckTree(path, newer.Size, newer.Root, older.Size, older.Root); err != nil {
		return fmt.Errorf("check growth from %d to %d: %w: %w", older.Size, newer.Size, ErrProof, err)
	}
	return nil
}

// Replay reads the whole log in order and checks each record's place, its link to
// the record before it, and the root of the checkpoint. It returns the head after
// the checkpoint's last record. The error names the first record that does not fit;
// when only the root differs, some record was changed consistently with its link.
func Replay(records iter.Seq2[[]byte, error], c Checkpoint) (Head, error) {
	var head Head
	for data, err := range records {
		if err != nil {
			return head, fmt.Errorf("read record %d: %w", head.Size, err)
		}
		rec, err := ParseRecord(data)
		if err != nil {
			return head, fmt.Errorf("replay record %d: %w", head.Size, err)
		}
		if rec.Seq != head.Size || rec.Prev != head.Last {
			return head, fmt.Errorf("replay record %d, written as %d: %w", head.Size, rec.Seq, ErrProof)
		}
		a, err := Append(head, rec.Event)
		if err != nil {
			return head, err
		}
		head = a.Head
		if head.Size == c.Size {
			break
		}
	}
	root, err := head.Root()
	if err != nil {
		return head, err
	}
	if head.Size != c.Size || root != c.Root {
		return head, fmt.Errorf("replay to %d records for a checkpoint of %d: %w", head.Size, c.Size, ErrProof)
	}
	return head, nil
}
