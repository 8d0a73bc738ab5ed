// SPDX-License-Identifier: Apache-2.0

package fakepcscd_test

import (
	"context"
	"testing"
	"time"

	"zaver/softhsm-fixtures/fakepcscd"
)

// TestHungReaderHidesNoOther: a reader whose driver never answers is asked again and again, as by an agent that serves for weeks. The connections
// that were given up there must not take the places of those to other readers.
func TestHungReaderHidesNoOther(t *testing.T) {
	a, b := reader("A"), reader("B")
	serve(t, fakepcscd.Options{}, a, b)
	released := make(chan struct{})
	t.Cleanup(func() { close(released) })
	stubborn := newToy()
	stubborn.on = func([]byte) ([]byte, error) {
		<-released
		return nil, nil
	}
	a.Insert(stubborn)
	b.Insert(newToy())
	s := service()
	for range 16 {
		ctx, giveUp := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := session(ctx, s); err == nil {
			t.Fatal("the reader answers")
		}
		giveUp()
	}
	ctx, giveUp := context.WithTimeout(t.Context(), patience)
	defer giveUp()
	conn, err := s.Connect(ctx, "B")
	if err != nil {
		t.Fatalf("the other reader is out of reach: %v", err)
	}
	conn.Close()
}
