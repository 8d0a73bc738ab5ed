// SPDX-License-Identifier: Apache-2.0

//go:build !cgo && !windows

package pcsc

import (
	"context"
	"errors"

	"zaver/cardreader/card"
)

// errAbsent is what a build without the binding says of the service.
var errAbsent = &card.Error{Reason: card.NoService, Op: "reach the smart-card service", Cause: errors.New("this build has no PC/SC")}

// Service stands for the smart-card service in a build without the binding: there is never one.
type Service struct{}

// New makes a Service that is always away.
func New(Config) *Service { return &Service{} }

// Watch says that there is no service, and closes when ctx ends.
func (*Service) Watch(ctx context.Context) <-chan Snapshot {
	out := make(chan Snapshot, 1)
	out <- Snapshot{Err: errAbsent}
	context.AfterFunc(ctx, func() { close(out) })
	return out
}

// Connect fails with card.no_service.
func (*Service) Connect(context.Context, string) (*Conn, error) { return nil, errAbsent }

// Conn is a connection that a build without the binding never has.
type Conn struct{}

// Reader returns "".
func (*Conn) Reader() string { return "" }

// ATR returns nil.
func (*Conn) ATR() []byte { return nil }

// Close does nothing.
func (*Conn) Close() {}

// Transmit fails with card.no_service.
func (*Conn) Transmit(context.Context, []byte) ([]byte, error) { return nil, errAbsent }

// Lock fails with card.no_service.
func (*Conn) Lock(context.Context) (func(bool) error, error) { return nil, errAbsent }

// Pad says that there is no keypad.
func (*Conn) Pad(context.Context) card.PadState { return card.PadState{} }

// VerifyOnPad fails with card.no_service.
func (*Conn) VerifyOnPad(context.Context, card.PadEntry) ([]byte, error) { return nil, errAbsent }

// ModifyOnPad fails with card.no_service.
func (*Conn) ModifyOnPad(context.Context, card.PadEntry) ([]byte, error) { return nil, errAbsent }
