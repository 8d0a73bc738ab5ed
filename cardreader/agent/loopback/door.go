// SPDX-License-Identifier: Apache-2.0

// Package loopback alone owns the agent's HTTP door on 127.0.0.1 and [::1]:
// who may knock (exact Host and Origin, and no other user of this computer where
// the system tells, before anything else), what may be
// said (one strict JSON object), and how the steps are told (one JSON line
// each). It decides nothing about statements, cards or PINs.
//
// There is no cookie, no wildcard, no page and no certificate authority: a
// browser lets only the pages of the configured portals read an answer, and a
// foreign page's request ends before its body is read.
//
// A Door may be used from many goroutines. Connections, header and body sizes
// and the time for each are bounded.
package loopback

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/words"
)

// DefaultPort is where pages look for the agent.
const DefaultPort = 24738

const (
	maxConnections = 32
	// foreignConnections is how many are open until other users of this computer get no more.
	foreignConnections = 16

	maxHeader  = 8 << 10
	maxBody    = 4 << 10
	headerTime = 5 * time.Second
	bodyTime   = 5 * time.Second
	writeTime  = 5 * time.Second
)

// Config is what a Door needs.
type Config struct {
	Agent   *agent.Agent
	Version string // of the program, for /v1/hello
	Port    int    // 0 picks a free one (tests)
	// Listeners are sockets that are open already, as a service manager hands over; then none is opened here, and Port must be
	// theirs. Each must listen on a loopback address.
	Listeners []net.Listener
	// Doctor examines this computer and returns its report as one JSON object, in the language unless that is "".
	// nil means that there is none.
	Doctor func(ctx context.Context, lang words.Language) ([]byte, error)
	// Outdated, asked after a greeting while no request runs, ends the door: it takes no more connections, answers those that it has, and Serve
	// returns nil. It is for programs that are started again by whoever holds the sockets. nil never ends it.
	Outdated func() bool
	Log      *slog.Logger

	bodyTime, writeTime time.Duration // zero is the usual one
}

// Door is the HTTP door. Make it with Listen, then Serve.
type Door struct {
	agent     *agent.Agent
	version   string
	doctor    func(ctx context.Context, lang words.Language) ([]byte, error)
	examining chan struct{} // one examination at a time
	log       *slog.Logger
	listeners []net.Listener
	server    *http.Server
	hosts     []string
	origins   []string
	self      atomic.Uint32 // whose requests are answered
	bodyTime  time.Duration
	writeTime time.Duration // for a report
	refusals  quiet
	outdated  func() bool
	outdate   func() // closes left
	left      chan struct{}
}

// Listen takes the port on both loopback addresses. A machine without IPv6 has
// one address less, which is not an error; a port that another program holds is.
func Listen(ctx context.Context, c Config) (*Door, error) {
	d := &Door{agent: c.Agent, version: c.Version, doctor: c.Doctor, examining: make(chan struct{}, 1), log: c.Log, origins: c.Agent.Origins(), bodyTime: cmp.Or(c.bodyTime, bodyTime), writeTime: cmp.Or(c.writeTime, writeTime)}
	d.self.Store(ownUser())
	d.outdated, d.left = c.Outdated, make(chan struct{})
	d.outdate = sync.OnceFunc(func() { close(d.left) })
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if d.listeners = c.Listeners; len(d.listeners) == 0 {
		d.listeners, err = open(ctx, c.Port)
	}
	if err == nil {
		d.hosts, err = names(d.listeners)
	}
	if err == nil && len(c.Listeners) > 0 && d.hosts[0] != "127.0.0.1:"+strconv.Itoa(c.Port) {
		err = fmt.Errorf("the sockets that were handed over listen on %s, not on port %d", d.hosts[0], c.Port)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open door: %w", err), d.Close())
	}
	d.server = &http.Server{
		Handler:           d,
		ConnContext:       d.withOwner,
		ReadHeaderTimeout: headerTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(d.log.Handler(), slog.LevelDebug),
	}
	d.server.SetKeepAlivesEnabled(false) // a new connection costs nothing here; a kept one takes a place and wakes the agent when it ends
	return d, nil
}

// open takes the port on both loopback addresses, for 0 one that is free on both.
func open(ctx context.Context, port int) ([]net.Listener, error) {
	if port != 0 {
		return both(ctx, port)
	}
	return anywhere(func() ([]net.Listener, error) { return both(ctx, 0) })
}

// mostTaken is how many ports in a row may be taken on one of the addresses.
const mostTaken = 10

// anywhere takes any port: the one that the system gave for one address may be in use on the other, and then it gives another.
func anywhere(take func() ([]net.Listener, error)) (sockets []net.Listener, err error) {
	for range mostTaken {
		if sockets, err = take(); !errors.Is(err, syscall.EADDRINUSE) {
			return sockets, err
		}
		for _, l := range sockets {
			_ = l.Close()
		}
	}
	return nil, err
}

// both takes the port on both loopback addresses.
func both(ctx context.Context, port int) ([]net.Listener, error) {
	var lc net.ListenConfig
	four, err := lc.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil || !hasIPv6Loopback() {
		return listed(four), err
	}
	port = four.Addr().(*net.TCPAddr).Port
	six, err := lc.Listen(ctx, "tcp6", net.JoinHostPort("::1", strconv.Itoa(port)))
	return append(listed(four), listed(six)...), err
}

func listed(l net.Listener) []net.Listener {
	if l == nil {
		return nil
	}
	return []net.Listener{l}
}

// names are the Host headers that belong to the sockets, which must be of this computer alone and of one port.
func names(sockets []net.Listener) ([]string, error) {
	var port int
	for _, l := range sockets {
		at, ok := l.Addr().(*net.TCPAddr)
		if !ok || !at.IP.IsLoopback() {
			return nil, fmt.Errorf("%s is no loopback address", l.Addr())
		}
		if port != 0 && port != at.Port {
			return nil, fmt.Errorf("%s is not on port %d as the other socket", l.Addr(), port)
		}
		port = at.Port
	}
	p := strconv.Itoa(port)
	return []string{"127.0.0.1:" + p, "[::1]:" + p}, nil
}

func hasIPv6Loopback() bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(net.IPv6loopback) {
			return true
		}
	}
	return false
}

// Addr returns the IPv4 address with the port: "127.0.0.1:24738".
func (d *Door) Addr() string { return d.listeners[0].Addr().String() }

// Serve answers until ctx ends; then open requests are cancelled and it returns nil. It returns nil, too, when the program is outdated and all
// requests have ended.
func (d *Door) Serve(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	d.server.BaseContext = func(net.Listener) context.Context { return ctx }
	slots := make(chan struct{}, maxConnections)
	ended := make(chan error, len(d.listeners))
	for _, l := range d.listeners {
		go func() {
			err := d.server.Serve(&bounded{Listener: l, slots: slots, foreign: d.isForeign})
			if !errors.Is(err, http.ErrServerClosed) {
				stop(fmt.Errorf("serve door: %w", err))
			}
			ended <- err
		}()
	}
	select {
	case <-ctx.Done():
	case <-d.left:
		_ = d.server.Shutdown(ctx) // fails when ctx ends meanwhile, which is looked at next
	}
	cause := context.Cause(ctx)
	// Requests end with ctx; the pause is for their last lines and the farewell to the portal.
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	if err := d.server.Shutdown(closing); err != nil {
		_ = d.server.Close()
	}
	for range d.listeners {
		<-ended
	}
	stop(nil)
	if cause == nil || errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
		return nil
	}
	return cause
}

// Close gives the port back when Serve was never called.
func (d *Door) Close() error {
	var errs []error
	for _, l := range d.listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}
