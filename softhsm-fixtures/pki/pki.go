// SPDX-License-Identifier: Apache-2.0

// Package pki alone owns the test public key infrastructure: a ministry-like root with an
// accredited centre under it, the same pair with GOST keys, a centre that issues for UEC cards, and a
// centre with a root of its own that nobody accredited. It issues certificates of the qualified
// profile (RFC 9215 attributes and extensions) for keys made here or brought by token and card
// emulators, and answers over HTTP with CRLs, OCSP, timestamps and issuer certificates, truthfully or
// with a chosen fault.
//
// Keys are made at the first start and never leave the folder they are kept in. Everything is made
// by package mint, which shares no parser with the checker under test. All methods may be called
// from several goroutines.
package pki

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Config is what Start needs; the zero value gives a throw-away PKI on a free loopback port.
type Config struct {
	// Dir keeps keys, certificates and revocations between runs; empty keeps them in memory.
	Dir string
	// Listen is the address of the HTTP server. Empty takes the address that Dir was made with,
	// else a free port of 127.0.0.1. Certificates carry it, so a folder serves one address only.
	Listen string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Keys is the kind of the keys of every authority but GOSTRoot and GOSTCA; zero means P256. Theirs are
	// GOST256 unless Keys is another kind of GOST.
	Keys KeyKind
	// CRLLife and OCSPLife are the times from thisUpdate to nextUpdate; zero means 1 h and 10 min.
	CRLLife, OCSPLife time.Duration
}

// Names of the authorities, as they stand in addresses and file names.
const (
	Root      = "root"       // ministry-like root, anchor of kind qualified
	CA        = "ca"         // accredited centre under Root, path length 0
	UEC       = "uec"        // self-signed centre with a GOST key that issues for cards, anchor of kind uec
	RogueRoot = "rogue-root" // self-signed root outside every anchor set
	RogueCA   = "rogue-ca"   // not accredited centre under RogueRoot
	GOSTRoot  = "gost-root"  // ministry-like root with a GOST key, anchor of kind qualified
	GOSTCA    = "gost-ca"    // accredited centre under GOSTRoot, path length 0
)

// ErrAddress is wrapped by Start when the folder was made for another address.
var ErrAddress = errors.New("folder of the test PKI was made for another address")

// PKI is the running infrastructure.
type PKI struct {
	cfg         Config
	base        string
	authorities []*Authority // fixed after Start
	server      *http.Server
	listener    net.Listener
	done        chan struct{}

	mu    sync.Mutex // guards saving
	saved bool

	answering sync.RWMutex // held by every answer on its way; guards closed
	closed    bool
}

// Start opens the listener, loads or makes the authorities and serves their answers. Close ends it.
func Start(cfg Config) (*PKI, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Keys == 0 {
		cfg.Keys = P256
	}
	if cfg.CRLLife == 0 {
		cfg.CRLLife = time.Hour
	}
	if cfg.OCSPLife == 0 {
		cfg.OCSPLife = 10 * time.Minute
	}
	p := &PKI{cfg: cfg, done: make(chan struct{})}
	state, err := p.readState()
	if err != nil {
		return nil, err
	}
	if err := p.listen(state.Address); err != nil {
		return nil, err
	}
	if err := p.populate(state); err != nil {
		return nil, errors.Join(err, p.listener.Close())
	}
	p.serve()
	return p, nil
}

// listen opens the configured address, else the one that the folder knows, else a free one.
func (p *PKI) listen(known string) error {
	address := p.cfg.Listen
	switch {
	case address == "" && known != "":
		address = known
	case address == "":
		address = "127.0.0.1:0"
	case known != "" && known != address:
		return fmt.Errorf("start test PKI at %s: %w (%s)", address, ErrAddress, known)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen for the test PKI: %w", err)
	}
	p.listener = l
	p.base = "http://" + l.Addr().String()
	return nil
}

// BaseURL is the address of the server, without a slash at the end.
func (p *PKI) BaseURL() string { return p.base }

// Authority returns the authority of that name, nil when there is none.
func (p *PKI) Authority(name string) *Authority {
	for _, a := range p.authorities {
		if a.name == name {
			return a
		}
	}
	return nil
}

// Authorities returns all authorities, issuers before those they issued.
func (p *PKI) Authorities() []*Authority {
	return append([]*Authority(nil), p.authorities...)
}

// Close stops the server and waits until it has stopped and the last answer has come to its end: nothing is
// written to Dir after it. Stalled answers are let go.
func (p *PKI) Close() error {
	for _, a := range p.authorities {
		a.ClearFaults()
	}
	err := p.server.Close()
	<-p.done
	p.answering.Lock()
	defer p.answering.Unlock()
	p.closed = true
	return err
}
