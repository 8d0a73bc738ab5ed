// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"fmt"

	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/uec"
	"zaver/softhsm-fixtures/vpcd"
)

// Reader is virtual reader number i, from 0 to readers.Slots-1.
func (w *World) Reader(i int) *vpcd.Slot { return w.slots[i] }

// InsertCard puts a fresh card of the person into the first reader, instead of
// the one in it.
func (w *World) InsertCard(ctx context.Context, p people.Person) (*uec.Card, error) {
	c, err := w.Card(p, pki.Good)
	if err != nil {
		return nil, err
	}
	if err := w.Insert(ctx, c); err != nil {
		return nil, err
	}
	w.drawer.Lock()
	defer w.drawer.Unlock()
	w.holder = p.Key
	return c, nil
}

// CardIn is the key of the person whose card InsertCard put into the first
// reader, "" when that card is out.
func (w *World) CardIn() string {
	select {
	case <-w.slots[0].Out():
		return ""
	default:
	}
	w.drawer.Lock()
	defer w.drawer.Unlock()
	return w.holder
}

// Insert is InsertCard with a card in hand. The card daemon notices a card
// within half a second; who asks the agent earlier sees it wait.
func (w *World) Insert(ctx context.Context, c *uec.Card) error { return w.InsertInto(ctx, 0, c) }

// InsertInto puts any virtual card into reader number i, instead of the one in it.
func (w *World) InsertInto(ctx context.Context, i int, c vpcd.Card) error {
	w.slots[i].Remove()
	if err := w.slots[i].Insert(ctx, c); err != nil {
		return fmt.Errorf("insert card: %w", err)
	}
	return nil
}

// RemoveCard takes the card out of the first reader.
func (w *World) RemoveCard() { w.slots[0].Remove() }

// RemoveCards takes the cards out of all readers.
func (w *World) RemoveCards() {
	for _, s := range w.slots {
		s.Remove()
	}
}
