// SPDX-License-Identifier: Apache-2.0

package cards

import (
	"context"
	"slices"
	"time"

	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
)

// Waiting for cards. One that another program holds, or that does not answer, must not keep those in other readers from being offered.
const (
	cardLimit    = 10 * time.Second // for one card: a long certificate under secure messaging takes a slow card a third of it
	listPatience = 2 * time.Second  // after which late cards are no longer waited for, if there is one that can be used
)

// outcome is what came of one card.
type outcome[T any] struct {
	reader int
	out    []T
	err    error
}

// fromAll reads the cards in all readers at the same time and returns what they gave, in the order of the readers. Late cards are called off, and waited
// for only as long as nothing usable has come, at most for the limit. Without any card it returns a *card.Error that says why.
func fromAll[T any](ctx context.Context, s *Source, read func(context.Context, pcsc.Reader) ([]T, error), usable func(T) bool) ([]T, error) {
	readers, err := s.Look(ctx)
	if err != nil {
		return nil, err
	}
	limited, stop := context.WithTimeout(ctx, s.limit)
	defer stop()
	arrived := make(chan outcome[T], len(readers))
	waiting := 0
	for i, r := range readers {
		if r.Present {
			waiting++
			go func() {
				out, err := read(limited, r)
				arrived <- outcome[T]{i, out, err}
			}()
		}
	}
	patience := time.NewTimer(s.patience)
	defer patience.Stop()
	got := make([]outcome[T], len(readers))
	for late, enough := false, false; waiting > 0 && (!late || !enough); {
		select {
		case o := <-arrived:
			waiting--
			got[o.reader] = o
			enough = enough || o.err == nil && slices.ContainsFunc(o.out, usable)
		case <-patience.C:
			late = true
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var all []T
	var why error = &card.Error{Reason: card.None, Op: "look into the readers"}
	for i, o := range got {
		if o.err != nil {
			s.log.WarnContext(ctx, "card can't be used", "reader", logged(readers[i].Name), "err", o.err)
			why = worse(why, o.err)
			continue
		}
		all = append(all, o.out...)
	}
	if len(all) == 0 {
		return nil, why
	}
	return all, nil
}
