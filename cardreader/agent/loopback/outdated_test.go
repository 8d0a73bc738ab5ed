// SPDX-License-Identifier: Apache-2.0

package loopback_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zaver/cardreader/agent/loopback"
	"zaver/softhsm-fixtures/doorstep"
)

// A replaced program makes way after a greeting: not while a request runs, and what it has begun it ends.
func TestOutdatedMakesWay(t *testing.T) {
	h := &house{House: doorstep.Build(t)}
	var outdated atomic.Bool
	var err error
	if h.door, err = loopback.Listen(t.Context(), loopback.Config{Agent: h.Agent, Version: "test", Outdated: outdated.Load}); err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { served <- h.door.Serve(ctx) }()
	hello := func() string {
		resp := h.send(t, knock{method: "GET", path: "/v1/hello"})
		b, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("hello: %d %s", resp.StatusCode, b)
		}
		return string(b)
	}

	hello() // up to date: stays
	outdated.Store(true)
	running := h.send(t, knock{})
	<-h.Arrived
	if got := hello(); !strings.Contains(got, `"busy":true`) {
		t.Errorf("hello: %s", got)
	}
	h.Let()
	if got := steps(t, running); len(got) != 2 || got[1].Code != "confirm.unknown" {
		t.Errorf("the running request: %+v", got)
	}
	select {
	case err := <-served:
		t.Fatalf("left while a request ran: %v", err)
	default:
	}
	// The agent is free a moment after its page heard the end.
	for deadline := time.Now().Add(time.Minute); strings.Contains(hello(), `"busy":true`); {
		if time.Now().After(deadline) {
			t.Fatal("busy for ever")
		}
	}
	select {
	case err := <-served:
		if err != nil {
			t.Errorf("serve: %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("stays")
	}
}
