// SPDX-License-Identifier: Apache-2.0

// Package portaltest owns the whole portal in one process for tests: a real
// HTTP server on loopback, a real database, and a mailbox and telephone that
// live in memory. Registers, trust anchors and the clock are the caller's.
//
// A Portal may be used by parallel parts of one test.
package portaltest

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"zaver/portal/assemble"
	"zaver/portal/notice"
	"zaver/portal/notify"
	"zaver/portal/password"
	"zaver/portal/registry"
	"zaver/portal/registry/smev"
	"zaver/portal/seal"
	"zaver/portal/store"
	"zaver/signature/trust"
	"zaver/softhsm-fixtures/pgtest"
)

// Config changes a test portal; every zero value has a default.
type Config struct {
	// Trust are the anchors; nil means one that trusts nobody.
	Trust *trust.Set
	// Registers is the bus; nil means registers that never answer.
	Registers registry.Bus
	// Transport asks revocation services.
	Transport http.RoundTripper
	// Agent is the agent's door as pages call it.
	Agent string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Log receives the portal's log; nil means the test's own.
	Log *slog.Logger
	// Edit changes what is put together, last of all.
	Edit func(*assemble.Config)
}

// Portal is a running portal.
type Portal struct {
	*assemble.Portal
	// Origin is the address of its pages.
	Origin string
	// Store is its database.
	Store *store.Store
	// Phone and Mail received what the portal sent.
	Phone, Mail *Inbox
}

// Start runs a portal until the test ends.
func Start(tb testing.TB, c Config) *Portal {
	tb.Helper()
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Registers == nil {
		c.Registers = Silent{}
	}
	if c.Agent == "" {
		c.Agent = "http://127.0.0.1:24738"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	if c.Trust == nil {
		c.Trust = strangersOnly(tb, c.Now())
	}
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	keys, err := seal.Generate()
	if err != nil {
		tb.Fatal(err)
	}
	p := &Portal{Origin: "http://" + listener.Addr().String(), Phone: newInbox(), Mail: newInbox()}
	p.Store = pgtest.Open(tb, func(sc *store.Config) { sc.Keys, sc.Now, sc.Log = keys, c.Now, c.Log })
	made := assemble.Config{
		Store: p.Store, Seal: keys, Keys: tb.TempDir(), Origin: p.Origin, Agent: c.Agent, Trust: c.Trust, Transport: c.Transport,
		Senders:   map[notice.Channel]notify.Sender{notice.SMS: p.Phone, notice.Email: p.Mail},
		Registers: c.Registers, Passwords: password.Config{}, Log: c.Log, Now: c.Now,
	}
	if c.Edit != nil {
		c.Edit(&made)
	}
	if p.Portal, err = assemble.New(made); err != nil {
		tb.Fatal(err)
	}
	if err := p.Portal.Start(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: p.Server, ReadHeaderTimeout: 10 * time.Second}}
	server.Start()
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := p.Stop(ctx); err != nil {
			tb.Errorf("stop portal: %v", err)
		}
		server.Close()
	})
	return p
}

// Inbox is a mailbox or telephone in memory.
type Inbox struct {
	mu       sync.Mutex // guards messages and fresh
	messages []notify.Message
	fresh    chan struct{} // closed and replaced at each message
}

// newInbox returns an empty one.
func newInbox() *Inbox { return &Inbox{fresh: make(chan struct{})} }

// Send takes a message.
func (i *Inbox) Send(_ context.Context, m notify.Message) (string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.messages = append(i.messages, m)
	close(i.fresh)
	i.fresh = make(chan struct{})
	return fmt.Sprintf("memory-%d", len(i.messages)), nil
}

// Messages lists what came to the address, the oldest first.
func (i *Inbox) Messages(to string) []notify.Message {
	i.mu.Lock()
	defer i.mu.Unlock()
	var found []notify.Message
	for _, m := range i.messages {
		if m.To == to {
			found = append(found, m)
		}
	}
	return found
}

// Wait returns message number n (from 1) that came to the address; the test
// fails when none comes within a minute.
func (i *Inbox) Wait(tb testing.TB, to string, n int) notify.Message {
	tb.Helper()
	deadline := time.After(time.Minute)
	for {
		i.mu.Lock()
		fresh := i.fresh
		i.mu.Unlock()
		if found := i.Messages(to); len(found) >= n {
			return found[n-1]
		}
		select {
		case <-fresh:
		case <-deadline:
			tb.Fatalf("message %d to %s did not come", n, to)
		}
	}
}

var (
	sixDigits = regexp.MustCompile(`\b\d{6}\b`)
	link      = regexp.MustCompile(`https?://\S+`)
)

// Code is the six-digit code in a message, or empty.
func Code(m notify.Message) string { return sixDigits.FindString(m.Text) }

// Link is the path and query of the first address in a message, or empty.
func Link(m notify.Message) string {
	found := link.FindString(m.Text)
	_, rest, _ := strings.Cut(found, "://")
	if at := strings.IndexByte(rest, '/'); at >= 0 {
		return rest[at:]
	}
	return ""
}

// Silent is a bus whose registers take every request and never answer.
type Silent struct{}

// Send takes the request.
func (Silent) Send(context.Context, string, []byte) error { return nil }

// Receive has nothing.
func (Silent) Receive(context.Context, smev.Kind) (*smev.Answer, error) { return nil, nil }

// Ack has nothing to acknowledge.
func (Silent) Ack(context.Context, string) error { return nil }
