// SPDX-License-Identifier: Apache-2.0

// Package password owns the passwords: how strong one must be and how it is
// hashed.
//
// Hashing is argon2id (RFC 9106) with 19 MiB, two passes, one lane. A Hasher
// runs at most as many at once as there are cores, lets a bounded line wait for
// a bounded time, and refuses the rest: memory and delay stay bounded whatever
// comes. It is safe for concurrent use.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"

	"zaver/portal/fault"
)

// Parameters of the hash. A stored hash carries its own, so they may change.
const (
	memoryKiB = 19 * 1024
	passes    = 2
	lanes     = 1
	saltSize  = 16
	hashSize  = 32
)

// Bounds of the parameters in a stored hash: more would let one damaged row
// stop the server.
const (
	maxMemoryKiB = 256 * 1024
	maxPasses    = 16
)

// ErrMalformed says that a stored hash can't be read.
var ErrMalformed = errors.New("malformed password hash")

// Config bounds the work; zero values mean the defaults named.
type Config struct {
	// Workers is how many hashes run at once; default: the number of cores.
	Workers int
	// Line is how many callers may wait; default 32 for each worker.
	Line int
	// Wait is how long one may wait; default 1.5 s.
	Wait time.Duration
}

// Hasher hashes and checks passwords.
type Hasher struct {
	slots   chan struct{}
	line    int64
	wait    time.Duration
	waiting atomic.Int64
	dummy   string
}

// New returns a Hasher.
func New(c Config) (*Hasher, error) {
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Line <= 0 {
		c.Line = 32 * c.Workers
	}
	if c.Wait <= 0 {
		c.Wait = 1500 * time.Millisecond
	}
	h := &Hasher{slots: make(chan struct{}, c.Workers), line: int64(c.Line), wait: c.Wait}
	// The dummy matches no password: its hash is random. It costs what a real one does.
	salt, sum := make([]byte, saltSize), make([]byte, hashSize)
	if _, err := rand.Read(salt); err != nil {
		return nil, fmt.Errorf("make dummy hash: %w", err)
	}
	if _, err := rand.Read(sum); err != nil {
		return nil, fmt.Errorf("make dummy hash: %w", err)
	}
	h.dummy = encode(salt, sum)
	return h, nil
}

// acquire takes a slot or refuses with fault.Busy. It returns the function
// that gives the slot back.
func (h *Hasher) acquire(ctx context.Context) (func(), error) {
	release := func() { <-h.slots }
	select {
	case h.slots <- struct{}{}:
		return release, nil
	default:
	}
	if h.waiting.Add(1) > h.line {
		h.waiting.Add(-1)
		return nil, fault.New(fault.Busy).After(2 * time.Second)
	}
	defer h.waiting.Add(-1)
	timer := time.NewTimer(h.wait)
	defer timer.Stop()
	select {
	case h.slots <- struct{}{}:
		return release, nil
	case <-timer.C:
		return nil, fault.New(fault.Busy).After(2 * time.Second)
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for password hash: %w", ctx.Err())
	}
}

// Hash returns the hash of a password as a PHC string.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	release, err := h.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make salt: %w", err)
	}
	return encode(salt, argon2.IDKey([]byte(password), salt, passes, memoryKiB, lanes, hashSize)), nil
}

// Matches reports whether a password has the stored hash. An empty hash stands
// for an account that does not exist: the answer is false after the same work.
func (h *Hasher) Matches(ctx context.Context, stored, password string) (bool, error) {
	known := stored != ""
	if !known {
		stored = h.dummy
	}
	p, err := decode(stored)
	if err != nil {
		return false, err
	}
	if len(password) > maxBytes {
		password, known = password[:maxBytes], false
	}
	release, err := h.acquire(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	sum := argon2.IDKey([]byte(password), p.salt, p.passes, p.memory, p.lanes, uint32(len(p.sum))) //nolint:gosec // bounded by decode
	return subtle.ConstantTimeCompare(sum, p.sum) == 1 && known, nil
}

func encode(salt, sum []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memoryKiB, passes, lanes, b.EncodeToString(salt), b.EncodeToString(sum))
}

type parameters struct {
	memory, passes uint32
	lanes          uint8
	salt, sum      []byte
}

func decode(s string) (parameters, error) {
	var p parameters
	parts := strings.Split(s, "$")
	if len(s) > 512 || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, ErrMalformed
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.lanes); err != nil {
		return p, errors.Join(ErrMalformed, err)
	}
	if p.memory == 0 || p.memory > maxMemoryKiB || p.passes == 0 || p.passes > maxPasses || p.lanes == 0 {
		return p, ErrMalformed
	}
	var err error
	if p.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return p, errors.Join(ErrMalformed, err)
	}
	if p.sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return p, errors.Join(ErrMalformed, err)
	}
	if len(p.salt) < 8 || len(p.sum) < 16 || len(p.sum) > 64 {
		return p, ErrMalformed
	}
	return p, nil
}
