// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// HashLog reads what proofs are made of.
type HashLog interface {
	Head(ctx context.Context) (Head, error)
	// ReadHashes reads tree hashes by their dense index, all or an error.
	ReadHashes(ctx context.Context, indexes []int64) ([]Hash, error)
}

// RecordLog reads the records.
type RecordLog interface {
	// Records reads all records from a place on, in order.
	Records(ctx context.Context, from int64) iter.Seq2[[]byte, error]
	// RecordsOf reads the records about one object, oldest first.
	RecordsOf(ctx context.Context, object string) ([][]byte, error)
}

// CheckpointLog keeps the signed checkpoints.
type CheckpointLog interface {
	// Checkpoint reads the newest one, nil when there is none.
	Checkpoint(ctx context.Context) ([]byte, error)
	SaveCheckpoint(ctx context.Context, size int64, msg []byte, at time.Time) error
}

// Log is the stored log behind a Keeper.
type Log interface {
	HashLog
	RecordLog
	CheckpointLog
}

// Keeper signs checkpoints of a stored log, proves records and checks the whole.
// It is safe for concurrent use.
type Keeper struct {
	log      Log
	origin   string
	signer   note.Signer
	verifier note.Verifier
}

// NewKeeper makes the keeper of the log called origin. verifier is the public
// half of signer.
func NewKeeper(log Log, origin string, signer note.Signer, verifier note.Verifier) *Keeper {
	return &Keeper{log: log, origin: origin, signer: signer, verifier: verifier}
}

// Sign makes sure that a checkpoint of the log as it stands is signed and kept,
// and returns it. Before it signs, it proves that the log still holds the last
// checkpoint as its beginning: a log that lost or changed something is never
// signed again. The error then wraps [ErrProof].
func (k *Keeper) Sign(ctx context.Context, now time.Time) (Checkpoint, []byte, error) {
	older, msg, err := k.last(ctx)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	head, err := k.log.Head(ctx)
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("read head: %w", err)
	}
	root, err := head.Root()
	if err != nil {
		return Checkpoint{}, nil, err
	}
	c := Checkpoint{Origin: k.origin, Size: head.Size, Root: root}
	if msg != nil && c == older {
		return c, msg, nil
	}
	if older.Size > c.Size {
		return Checkpoint{}, nil, fmt.Errorf("compare %d records with a checkpoint of %d: %w", c.Size, older.Size, ErrProof)
	}
	if older.Size > 0 {
		path, err := ProveGrowth(older, c, k.reader(ctx))
		if err != nil {
			return Checkpoint{}, nil, err
		}
		if err := CheckGrowth(older, c, path); err != nil {
			return Checkpoint{}, nil, err
		}
	}
	if msg, err = c.Sign(k.signer); err != nil {
		return Checkpoint{}, nil, err
	}
	if err := k.log.SaveCheckpoint(ctx, c.Size, msg, now); err != nil {
		return Checkpoint{}, nil, fmt.Errorf("keep checkpoint: %w", err)
	}
	return c, msg, nil
}

// last opens the newest kept checkpoint; the message is nil when there is none.
func (k *Keeper) last(ctx context.Context) (Checkpoint, []byte, error) {
	msg, err := k.log.Checkpoint(ctx)
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("read checkpoint: %w", err)
	}
	if msg == nil {
		return Checkpoint{Origin: k.origin}, nil, nil
	}
	c, err := OpenCheckpoint(msg, k.origin, k.verifier)
	return c, msg, err
}

func (k *Keeper) reader(ctx context.Context) HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) { return k.log.ReadHashes(ctx, indexes) })
}

// Prove gives the proofs of all records about an object under a fresh checkpoint;
// none when the log has no such record.
func (k *Keeper) Prove(ctx context.Context, object string, now time.Time) ([]Proof, error) {
	records, err := k.log.RecordsOf(ctx, object)
	if err != nil {
		return nil, fmt.Errorf("find records: %w", err)
	}
	if len(records) == 0 {
		return nil, nil
	}
	c, signed, err := k.Sign(ctx, now) // after the records were read: it covers them
	if err != nil {
		return nil, err
	}
	out := make([]Proof, 0, len(records))
	for _, data := range records {
		rec, err := ParseRecord(data)
		if err != nil {
			return nil, err
		}
		p, err := Prove(c, signed, rec.Seq, data, k.reader(ctx))
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// Verify reads the whole log up to the last checkpoint and checks it record by
// record. It returns the checkpoint that held; the error wraps [ErrProof],
// [ErrRecord] or [ErrCheckpoint] when the log was tampered with.
func (k *Keeper) Verify(ctx context.Context) (Checkpoint, error) {
	c, msg, err := k.last(ctx)
	if err != nil {
		return c, err
	}
	if msg == nil {
		return c, fmt.Errorf("verify log: %w", errNoCheckpoint)
	}
	if c.Size == 0 {
		return c, nil
	}
	if _, err := Replay(k.log.Records(ctx, 0), c); err != nil {
		return c, err
	}
	return c, nil
}

var errNoCheckpoint = errors.New("no checkpoint was signed yet")
