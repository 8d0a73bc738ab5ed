// SPDX-License-Identifier: Apache-2.0

package mischief

import (
	"context"
	"testing"
)

func TestOrdersRunOut(t *testing.T) {
	var c Control
	c.Set(Fail, 2)
	for i, want := range []Mode{Fail, Fail, Behave} {
		if got := c.Next(context.Background()); got != want {
			t.Errorf("order %d: got %v, want %v", i, got, want)
		}
	}
	c.Set(Lie, Forever)
	for range 5 {
		if got := c.Next(context.Background()); got != Lie {
			t.Fatalf("got %v, want Lie", got)
		}
	}
}

func TestStallEndsWithContextOrNextOrder(t *testing.T) {
	var c Control
	c.Set(Stall, Forever)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if got := c.Next(ctx); got != Stall {
		t.Errorf("got %v, want Stall", got)
	}
	done := make(chan Mode)
	_, changed := c.take()
	go func() { done <- c.Next(context.Background()) }()
	c.Set(Behave, Forever)
	<-changed
	if got := <-done; got != Stall && got != Behave {
		t.Errorf("got %v", got)
	}
}
