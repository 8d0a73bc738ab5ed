// SPDX-License-Identifier: Apache-2.0

// Package doorstep alone owns what tests of the agent's doors put behind a
// door: an agent with one portal, whose statements come only when let, and a
// device and dialogs that count how often anybody gets as far as them.
//
// A House may be used from many goroutines.
package doorstep

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/pinentry"
	"zaver/signature/algo"
	"zaver/signature/challenge"
	"zaver/signature/pin"
)

// A request id and a ticket of the right form.
const (
	RequestID = "Rq-0123456789abcdef"
	Ticket    = "Tk-0123456789abcdef0123456789"
)

// House is an agent with all that stands behind it.
type House struct {
	Agent  *agent.Agent
	Portal *httptest.Server
	// Touched counts uses of device and dialogs, Asked requests that reached the portal; Arrived has one for each of these, up to a hundred.
	Touched, Asked atomic.Int64
	Arrived        chan struct{}

	once sync.Once
	let  chan struct{}
}

// Build makes a House for one test.
func Build(t testing.TB) *House {
	t.Helper()
	h := &House{Arrived: make(chan struct{}, 100), let: make(chan struct{})}
	h.Portal = httptest.NewServer(http.HandlerFunc(h.answer))
	t.Cleanup(func() {
		h.Let()
		h.Portal.Close()
	})
	_, key, err := challenge.GenerateKey("portal.test")
	if err != nil {
		t.Fatal(err)
	}
	d := device{&h.Touched}
	h.Agent, err = agent.New(agent.Config{Portals: []agent.Portal{{Name: "Демо", Origin: h.Portal.URL, Key: key}},
		Sources: map[agent.Method]agent.Source{agent.MethodToken: d}, Dialogs: d})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Let has the portal answer, now and from now on: it knows of no request.
func (h *House) Let() { h.once.Do(func() { close(h.let) }) }

func (h *House) answer(w http.ResponseWriter, r *http.Request) {
	h.Asked.Add(1)
	h.Arrived <- struct{}{}
	select {
	case <-h.let:
	case <-r.Context().Done():
	}
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, `{"code":"confirm.unknown"}`)
}

// device counts every touch of the layers behind the door.
type device struct{ touched *atomic.Int64 }

// List implements agent.Source.
func (d device) List(context.Context) ([]agent.Credential, error) {
	d.touched.Add(1)
	return nil, &agent.Error{ErrorCode: "token.none"}
}

// Sign implements agent.Source.
func (d device) Sign(context.Context, agent.Credential, *pin.PIN, algo.Algorithm, []byte) ([]byte, error) {
	d.touched.Add(1)
	return nil, errors.New("no key")
}

// Confirm implements agent.Dialogs.
func (d device) Confirm(context.Context, pinentry.Dialog) (pinentry.Answer, error) {
	d.touched.Add(1)
	return pinentry.No, nil
}

// PIN implements agent.Dialogs.
func (d device) PIN(context.Context, pinentry.Dialog) (*pin.PIN, error) {
	d.touched.Add(1)
	return nil, pinentry.ErrCancelled
}
