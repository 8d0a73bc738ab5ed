// SPDX-License-Identifier: Apache-2.0

//go:build cgo || windows

package pcsc

import (
	"context"
	"errors"

	"github.com/ebfe/scard"

	"zaver/cardreader/card"
)

// Lock begins a transaction: until unlock, no other program reaches the card.
// It waits for whoever holds the card, until ctx ends (busy). When somebody
// has reset the card meanwhile, the connection is renewed first.
func (c *Conn) Lock(ctx context.Context) (unlock func(reset bool) error, err error) {
	const op = "begin a transaction"
	_, err = c.do(ctx, op, card.Busy, func() error {
		if err := c.begin(op); err != nil {
			return err
		}
		if ctx.Err() != nil { // given up: nobody will unlock
			_ = c.end(scard.LeaveCard)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.unlock, nil
}

func (c *Conn) begin(op string) error {
	for range maxResets {
		err := c.card.BeginTransaction()
		if err == nil {
			if err = c.ready(); err == nil {
				return nil
			}
			_ = c.end(scard.LeaveCard)
		}
		switch {
		case errors.Is(err, scard.ErrResetCard), errors.Is(err, scard.ErrUnpoweredCard), errors.Is(err, scard.ErrProtoMismatch):
			if err := c.card.Reconnect(scard.ShareShared, scard.ProtocolAny, scard.LeaveCard); err != nil {
				return c.explain(op, err)
			}
			if err := checkProtocol(c.card); err != nil {
				return mapError(op, err)
			}
		default:
			return c.explain(op, err)
		}
	}
	return busyError(&card.Error{Reason: card.Busy, Op: op, Cause: scard.ErrResetCard})
}

// ready fails when the card was reset so lately that the transaction began all
// the same: the service has forgotten the protocol then, and would refuse
// every command.
func (c *Conn) ready() error {
	status, err := c.card.Status()
	if err == nil && status.ActiveProtocol != c.card.ActiveProtocol() {
		return scard.ErrProtoMismatch
	}
	return err
}

// end ends the transaction. The service refuses that while the connection has
// taken no note that the card was reset, and counts the next transaction on top:
// nobody else would reach the card until the connection closes.
func (c *Conn) end(how scard.Disposition) error {
	err := c.card.EndTransaction(how)
	for range maxResets {
		if !errors.Is(err, scard.ErrResetCard) || c.card.Reconnect(scard.ShareShared, scard.ProtocolAny, scard.LeaveCard) != nil {
			break
		}
		again := c.card.EndTransaction(how)
		if errors.Is(again, scard.ErrNotTransacted) { // it had ended all the same
			break
		}
		err = again
	}
	return err
}

func (c *Conn) unlock(reset bool) error {
	const op = "end a transaction"
	how := scard.LeaveCard
	if reset {
		how = scard.ResetCard
		c.owed.Store(true)
	}
	// Not the caller's context: the card must be let go also when that has ended.
	ctx, cancel := context.WithTimeout(context.Background(), unlockWait)
	defer cancel()
	_, err := c.do(ctx, op, card.Protocol, func() error {
		if err := c.end(how); err != nil {
			return c.explain(op, err)
		}
		if reset {
			c.owed.Store(false)
		}
		return nil
	})
	return err
}
