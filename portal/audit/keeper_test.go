// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// stored is a memory as Log.
type stored struct {
	*memory
	checkpoints [][]byte
}

func (s *stored) Head(context.Context) (Head, error) { return s.head, nil }
func (s *stored) ReadHashes(_ context.Context, indexes []int64) ([]Hash, error) {
	return s.memory.ReadHashes(indexes)
}

func (s *stored) Records(_ context.Context, from int64) iter.Seq2[[]byte, error] {
	return (&memory{records: s.records[from:]}).all()
}

func (s *stored) RecordsOf(_ context.Context, object string) ([][]byte, error) {
	var out [][]byte
	for _, r := range s.records {
		if strings.Contains(string(r), "\nobject "+object+"\n") {
			out = append(out, r)
		}
	}
	return out, nil
}

func (s *stored) Checkpoint(context.Context) ([]byte, error) {
	if len(s.checkpoints) == 0 {
		return nil, nil
	}
	return s.checkpoints[len(s.checkpoints)-1], nil
}

func (s *stored) SaveCheckpoint(_ context.Context, _ int64, msg []byte, _ time.Time) error {
	s.checkpoints = append(s.checkpoints, msg)
	return nil
}

func keeper(t *testing.T, n int) (*Keeper, *stored) {
	t.Helper()
	s, v := keys(t)
	log := &stored{memory: filled(t, n)}
	return NewKeeper(log, origin, s, v), log
}

func TestE5KeeperSignsOncePerSize(t *testing.T) {
	k, log := keeper(t, 5)
	for range 3 {
		if c, _, err := k.Sign(t.Context(), now); err != nil || c.Size != 5 {
			t.Fatalf("%+v, %v", c, err)
		}
	}
	log.add(t, event(5))
	if c, _, err := k.Sign(t.Context(), now); err != nil || c.Size != 6 {
		t.Fatalf("%+v, %v", c, err)
	}
	if len(log.checkpoints) != 2 {
		t.Fatalf("%d checkpoints kept", len(log.checkpoints))
	}
	if c, err := k.Verify(t.Context()); err != nil || c.Size != 6 {
		t.Fatalf("%+v, %v", c, err)
	}
}

func TestE5KeeperProvesRecordsOfAnObject(t *testing.T) {
	k, log := keeper(t, 9)
	log.add(t, event(4)) // the same object again
	_, v := keys(t)
	proofs, err := k.Prove(t.Context(), "request-4", now)
	if err != nil {
		t.Fatal(err)
	}
	if len(proofs) != 2 {
		t.Fatalf("%d proofs", len(proofs))
	}
	for _, p := range proofs {
		if rec, _, err := p.Check(origin, v); err != nil || rec.Object != "request-4" {
			t.Fatalf("%+v, %v", rec, err)
		}
	}
	if none, err := k.Prove(t.Context(), "request-99", now); err != nil || none != nil {
		t.Fatalf("%v, %v", none, err)
	}
}

func TestE5KeeperNeverSignsAChangedPast(t *testing.T) {
	t.Run("rewritten", func(t *testing.T) {
		k, log := keeper(t, 8)
		if _, _, err := k.Sign(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		forged := &memory{}
		for i := range 12 {
			e := event(i)
			if i == 2 {
				e.Outcome = "confirmed"
			}
			forged.add(t, e)
		}
		log.memory = forged
		if _, _, err := k.Sign(t.Context(), now); !errors.Is(err, ErrProof) {
			t.Fatalf("signed a rewritten log: %v", err)
		}
	})
	t.Run("rewritten at the same size", func(t *testing.T) {
		k, log := keeper(t, 8)
		if _, _, err := k.Sign(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		forged := filled(t, 7)
		forged.add(t, event(99))
		log.memory = forged
		if _, _, err := k.Sign(t.Context(), now); !errors.Is(err, ErrProof) {
			t.Fatalf("signed a rewritten log: %v", err)
		}
	})
	t.Run("cut", func(t *testing.T) {
		k, log := keeper(t, 8)
		if _, _, err := k.Sign(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		log.memory = filled(t, 5)
		if _, _, err := k.Sign(t.Context(), now); !errors.Is(err, ErrProof) {
			t.Fatalf("signed a cut log: %v", err)
		}
	})
	t.Run("record changed in place", func(t *testing.T) {
		k, log := keeper(t, 8)
		if _, _, err := k.Sign(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		log.records[3] = []byte(strings.Replace(string(log.records[3]), "refused", "confirmed", 1))
		if _, err := k.Verify(t.Context()); !errors.Is(err, ErrProof) {
			t.Fatalf("verified: %v", err)
		}
		if _, err := k.Prove(t.Context(), "request-3", now); !errors.Is(err, ErrProof) {
			t.Fatalf("proved: %v", err)
		}
	})
}

func TestKeeperOfAnEmptyLog(t *testing.T) {
	k, _ := keeper(t, 0)
	if _, err := k.Verify(t.Context()); err == nil {
		t.Fatal("a log without checkpoint was verified")
	}
	if c, _, err := k.Sign(t.Context(), now); err != nil || c.Size != 0 {
		t.Fatalf("%+v, %v", c, err)
	}
	if _, err := k.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
}
