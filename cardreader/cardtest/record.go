// SPDX-License-Identifier: Apache-2.0

package cardtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"zaver/cardreader/card"
)

// Recorder writes down what passes through it: a [card.Transmitter] round
// another. It may be used from several goroutines.
type Recorder struct {
	t card.Transmitter

	mu     sync.Mutex
	script strings.Builder
}

// NewRecorder records the dialogue with t.
func NewRecorder(t card.Transmitter, atr []byte) *Recorder {
	r := &Recorder{t: t}
	fmt.Fprintf(&r.script, "atr %X\n", atr)
	return r
}

// Transmit passes the command on and writes it down, PINs masked.
func (r *Recorder) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	line := masked(command)
	answer, err := r.t.Transmit(ctx, command)
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(&r.script, "> %s\n", line)
	if err == nil {
		fmt.Fprintf(&r.script, "< %X\n", answer)
		return answer, nil
	}
	reason := card.Protocol
	if e := (*card.Error)(nil); errors.As(err, &e) {
		reason = e.Reason
	}
	fmt.Fprintf(&r.script, "! %s\n", reason)
	return nil, err
}

// Lock passes to the carrier when it is a [card.Locker].
func (r *Recorder) Lock(ctx context.Context) (func(bool) error, error) {
	if l, ok := r.t.(card.Locker); ok {
		return l.Lock(ctx)
	}
	return func(bool) error { return nil }, nil
}

// Script returns what was recorded so far.
func (r *Recorder) Script() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.script.String()
}

// masked writes a command in hexadecimal; the data of a command that carries a
// PIN are stars. Under secure messaging the data are ciphered, and masked all the same.
func masked(command []byte) string {
	open := len(command)
	if len(command) > 5 {
		switch command[1] {
		case 0x20, 0x24, 0x2C:
			open = 5
		}
	}
	return fmt.Sprintf("%X", command[:open]) + strings.Repeat("**", len(command)-open)
}
