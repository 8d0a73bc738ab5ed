// SPDX-License-Identifier: Apache-2.0

// Package token alone owns tokens as the agent uses them: it finds the PKCS#11 modules, runs each in a worker process of its own, and
// offers tokens, certificates and signatures as values.
//
// A module that crashes or hangs loses its worker, after a deadline, and nothing else: the other modules are asked at the
// same time and answer as before. A worker ends after one signature, and with it the module's copy of the PIN.
//
// A Host may be used from many goroutines at once; operations of one module wait for each other. The package is for Linux.
package token

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"zaver/signature/algo"
	"zaver/signature/pin"
)

// Config is what a Host needs. Worker is required; zero durations mean the defaults.
type Config struct {
	Modules      []string         // paths of libraries that the user named; asked first
	Known        bool             // look for the drivers of the common tokens where Linux distributions and vendors put them
	P11Kit       bool             // look into p11-kit's module registry
	RegistryDirs []string         // of *.module files; later ones override earlier ones; nil: p11-kit's own
	LibraryDirs  []string         // where drivers named without a path are looked for; nil: the usual ones
	Worker       []string         // argv that runs ServeWorker
	Env          []string         // KEY=VALUE for all workers, beside the few variables that pass through by themselves
	Setup        map[string]Setup // what single modules need, by path as in Modules or as resolved, or by file name; wins over the registry
	Containers   []string         // folders that may hold CryptoPro's containers; nil: the usual ones

	ListDeadline time.Duration // for one module to list its tokens; default 10 s
	SignDeadline time.Duration // for one signature, entry of the PIN on a keypad included; default 60 s
	Patience     time.Duration // after which List no longer waits for slow modules if it has something usable; default 1.5 s
	Idle         time.Duration // after which an unused worker ends; default 5 min

	Now    func() time.Time // default time.Now
	Stderr *os.File         // where workers and chatty modules print; nil: nowhere
}

// Host finds modules and runs their workers. Close must be called.
type Host struct {
	cfg  Config
	env  []string
	life context.Context
	end  context.CancelFunc

	workers sync.WaitGroup // running processes

	mu    sync.Mutex
	lanes map[string]*lane // by resolved path
}

// New makes a Host. It starts nothing yet.
func New(cfg Config) (*Host, error) {
	if len(cfg.Worker) == 0 || cfg.Worker[0] == "" {
		return nil, errors.New("make token host: no worker command")
	}
	orDefault(&cfg.ListDeadline, 10*time.Second)
	orDefault(&cfg.SignDeadline, 60*time.Second)
	orDefault(&cfg.Patience, 1500*time.Millisecond)
	orDefault(&cfg.Idle, 5*time.Minute)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	life, end := context.WithCancel(context.Background())
	return &Host{cfg: cfg, env: scrub(os.Environ(), cfg.Env), life: life, end: end, lanes: make(map[string]*lane)}, nil
}

func orDefault(d *time.Duration, v time.Duration) {
	if *d <= 0 {
		*d = v
	}
}

// Close ends all workers and waits for their end, a few seconds at most. Operations under way return context.Canceled.
func (h *Host) Close() error {
	h.end()
	h.mu.Lock()
	lanes := h.lanes
	h.lanes = make(map[string]*lane)
	h.mu.Unlock()
	for _, l := range lanes {
		l.stop()
	}
	gone := make(chan struct{})
	go func() {
		h.workers.Wait()
		close(gone)
	}()
	patience := time.NewTimer(2 * leaveGrace)
	defer patience.Stop()
	select {
	case <-gone:
		return nil
	case <-patience.C:
		return errors.New("close token host: a worker process can't be ended")
	}
}

// laneOf is lane for a module that was listed before, as a rule.
func (h *Host) laneOf(path string) (*lane, error) {
	h.mu.Lock()
	l, ok := h.lanes[path]
	h.mu.Unlock()
	if ok {
		return l, nil
	}
	return h.lane(path, h.setup(path))
}

// lane returns the lane of a module, making it when it is new.
func (h *Host) lane(path string, with Setup) (*lane, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.life.Err() != nil {
		return nil, fmt.Errorf("use token host: %w", context.Canceled)
	}
	l, ok := h.lanes[path]
	if !ok {
		l = newLane(h, path, with)
		h.lanes[path] = l
	}
	return l, nil
}

// Sign makes one signature over a digest: one login, one C_Sign, one logout. An RSA signature comes as PKCS#1 v1.5 or PSS, as the
// algorithm says, an ECDSA signature as DER, a GOST signature as s || r, each big-endian. A Legacy algorithm is refused. The signature is checked under the certificate's key before it is returned. p may be nil where the token takes the PIN itself or needs none;
// the caller wipes it. Errors to match: *pin.Error, *Error, and ctx.Err() when ctx ended, upon which the worker is killed.
func (h *Host) Sign(ctx context.Context, ref CredentialRef, p *pin.PIN, a algo.Algorithm, digest []byte) ([]byte, error) {
	if ref.Certificate == nil || ref.Certificate.PublicKey == nil {
		return nil, &Error{Code: ReasonNoCertificate, Module: ref.Module}
	}
	public := ref.Certificate.PublicKey
	if !a.Allows(public.Kind(), public.Bits()) || a.Legacy || len(digest) != a.Digest.Size {
		return nil, &Error{Code: CodeUnsupported, Module: ref.Module}
	}
	l, err := h.laneOf(ref.Module)
	if err != nil {
		return nil, err
	}
	ctx, cancel := h.within(ctx, h.cfg.SignDeadline)
	defer cancel()
	print := ref.Certificate.Fingerprint()
	sig, err := l.sign(ctx, &which{Slot: ref.Slot, Label: ref.Label, Serial: ref.Serial, LastTry: last(ref.Tries), Shows: print[:]},
		&signing{ID: ref.ID, SPKI: public.SPKI(), Algorithm: a.Name, Salt: a.SaltLength, Digest: digest}, p)
	if err != nil {
		return nil, err
	}
	if err := public.Verify(a, digest, sig); err != nil {
		return nil, &Error{Code: CodeBadSignature, Module: ref.Module, Cause: err}
	}
	return sig, nil
}

// last reports whether the person was shown that one try is left.
func last(t pin.Tries) bool {
	left, known := t.Count()
	return known && left == 1
}

// within bounds ctx by the host's life and by a deadline of the module. The caller's own deadline is the caller's will, not the
// module's fault, so it becomes a cancellation.
func (h *Host) within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), d)
	stop1 := context.AfterFunc(ctx, cancel)
	stop2 := context.AfterFunc(h.life, cancel)
	return inner, func() { stop1(); stop2(); cancel() }
}
