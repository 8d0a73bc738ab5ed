// SPDX-License-Identifier: Apache-2.0

//go:build cgo || windows

package pcsc

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/ebfe/scard"

	"zaver/cardreader/card"
	"zaver/signature/pin"
)

// Times of a keypad.
const (
	padGrace = 5 * time.Second        // a keypad that is later than its own timeout by this has failed
	keyEvery = 100 * time.Millisecond // the pace at which a two-step keypad is asked whether the entry has ended
)

// keypad is what the reader of a connection says about its keypad.
type keypad struct {
	features       features
	properties     padProperties
	verify, modify bool // offered, and not denied
	denied         bool
	language       string // the one that it speaks, where rules name one
}

// Pad implements card.PINPad. The reader is asked once per connection.
func (c *Conn) Pad(ctx context.Context) card.PadState {
	k, err := c.keypad(ctx)
	if err != nil {
		return card.PadState{}
	}
	return card.PadState{Verify: k.verify, Modify: k.modify, Denied: k.denied}
}

func (c *Conn) keypad(ctx context.Context) (*keypad, error) {
	const op = "ask for a keypad"
	if k := c.pad.Load(); k != nil {
		return k, nil
	}
	_, err := c.do(ctx, op, card.PadFailed, func() error {
		if c.pad.Load() != nil {
			return nil
		}
		k, err := c.askKeypad()
		if err != nil {
			return mapError(op, err)
		}
		c.pad.Store(k)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.pad.Load(), nil
}

// askKeypad runs in the owner's goroutine. A driver that knows no features has none.
func (c *Conn) askKeypad() (*keypad, error) {
	k := &keypad{}
	if c.service.cfg.NoPads {
		return k, nil
	}
	answer, err := c.card.Control(getFeatures, nil)
	if err != nil {
		err = broken(c.sc, err)
	}
	switch {
	case errors.Is(err, scard.ErrRemovedCard), errors.Is(err, scard.ErrResetCard), errors.Is(err, scard.ErrNoService):
		return nil, err
	case err != nil:
		return k, nil //nolint:nilerr // the driver knows no features
	}
	if k.features = parseFeatures(answer); !k.features.verify() && !k.features.modify() {
		return k, nil
	}
	if code := k.features[tlvProperties]; code != 0 {
		if b, err := c.card.Control(code, nil); err == nil {
			k.properties = parseProperties(b)
		}
	}
	if code := k.features[pinProperties]; code != 0 && k.properties.end == 0 {
		if b, err := c.card.Control(code, nil); err == nil {
			k.properties.fromPINProperties(b)
		}
	}
	rules := rulesFor(c.service.cfg.PadRules, c.reader, k.properties.vendor, k.properties.product)
	noVerify, noModify := rules.denied()
	k.language = rules.language()
	k.verify = k.features.verify() && !noVerify
	k.modify = k.features.modify() && !noModify
	k.denied = k.features.verify() && noVerify || k.features.modify() && noModify
	return k, nil
}

// VerifyOnPad implements card.PINPad.
func (c *Conn) VerifyOnPad(ctx context.Context, e card.PadEntry) ([]byte, error) {
	return c.enter(ctx, e, false)
}

// ModifyOnPad implements card.PINPad.
func (c *Conn) ModifyOnPad(ctx context.Context, e card.PadEntry) ([]byte, error) {
	return c.enter(ctx, e, true)
}

// enter has a PIN entered on the keypad. When ctx ends meanwhile, a one-step
// keypad stays busy until its own timeout: it cannot be called off.
func (c *Conn) enter(ctx context.Context, e card.PadEntry, modify bool) ([]byte, error) {
	op := "verify a PIN on the keypad"
	if modify {
		op = "set a PIN on the keypad"
	}
	k, err := c.keypad(ctx)
	if err != nil {
		return nil, err
	}
	allowed, offered := k.verify, k.features.verify()
	if modify {
		allowed, offered = k.modify, k.features.modify()
	}
	switch {
	case !offered:
		return nil, &card.Error{Reason: card.PadFailed, Op: op, Cause: errors.New("the reader has no keypad for that")}
	case !allowed:
		return nil, &card.Error{Reason: card.PadDenied, Op: op}
	}
	e.Command = append([]byte(nil), e.Command...)
	limited := ctx
	if e.Timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, time.Duration(padSeconds(e.Timeout))*time.Second+padGrace)
		defer cancel()
	}
	result := make(chan []byte, 1)
	_, err = c.do(limited, op, card.PadFailed, func() error {
		entry := e
		entry.Command = c.forProtocol(e.Command)
		entry.Language = cmp.Or(k.language, e.Language)
		message, err := padMessage(entry, k.properties, modify)
		if err != nil {
			return &card.Error{Reason: card.PadFailed, Op: op, Cause: err}
		}
		b, err := c.run(limited, k.features, message, modify)
		if err != nil {
			return c.padError(op, err)
		}
		result <- b
		return nil
	})
	if err != nil {
		if own := (*card.Error)(nil); errors.As(err, &own) && own.Reason == card.PadFailed && ctx.Err() != nil {
			return nil, &card.Error{Reason: card.Protocol, Op: op, Cause: ctx.Err()} // the caller's wish, not the keypad's fault
		}
		return nil, err
	}
	return padAnswer(op, <-result)
}

// run carries the message to the keypad, in one step where it can.
func (c *Conn) run(ctx context.Context, f features, message []byte, modify bool) ([]byte, error) {
	direct, start, finish := f[verifyDirect], f[verifyStart], f[verifyFinish]
	if modify {
		direct, start, finish = f[modifyDirect], f[modifyStart], f[modifyFinish]
	}
	if direct != 0 {
		return c.card.Control(direct, message)
	}
	if _, err := c.card.Control(start, message); err != nil {
		return nil, err
	}
	if code := f[getKeyPressed]; code != 0 {
		c.awaitEnd(ctx, code, f[abortEntry])
	}
	return c.card.Control(finish, nil)
}

// Keys that getKeyPressed tells while an entry goes on (section 2.5.4);
// anything else ends it.
const (
	keyNone      = 0x00
	keyBackspace = 0x08
	keyClear     = 0x0A
	keyDigit     = 0x2B
)

// awaitEnd asks for keys until the entry has ended, or ctx: then it is called off.
func (c *Conn) awaitEnd(ctx context.Context, key, abort uint32) {
	again := time.NewTicker(keyEvery)
	defer again.Stop()
	for {
		b, err := c.card.Control(key, nil)
		if err != nil || len(b) == 0 {
			return // finish says why
		}
		switch b[0] {
		case keyBackspace, keyClear, keyDigit:
			if ctx.Err() == nil {
				continue // more keys may wait
			}
		case keyNone:
		default:
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			if abort != 0 {
				_, _ = c.card.Control(abort, nil)
			}
			return
		}
	}
}

// padError gives a failed entry its reason.
func (c *Conn) padError(op string, err error) error {
	switch {
	case errors.Is(err, scard.ErrCancelledByUser):
		return &pin.Error{Reason: pin.ReasonCancelled, Tries: pin.Unknown(), Cause: err}
	case errors.Is(err, scard.ErrTimeout):
		return &pin.Error{Reason: pin.ReasonCancelled, Tries: pin.Unknown(), Cause: fmt.Errorf("%w: %w", card.ErrPadTimeout, err)}
	case errors.Is(err, scard.ErrUnsupportedFeature), errors.Is(err, scard.ErrInsufficientBuffer), errors.Is(err, scard.ErrInvalidParameter):
		return &card.Error{Reason: card.PadFailed, Op: op, Cause: err}
	}
	e := c.explain(op, err)
	if e.Reason == card.Protocol {
		e.Reason = card.PadFailed
	}
	return e
}

// Status words that the keypad itself gives (section 2.5.2, table of errors).
const (
	swTimeout  = 0x6400
	swCancel   = 0x6401
	swMismatch = 0x6402
	swDigits   = 0x6403
	swMessage  = 0x6B80 // it does not like the structure
)

// padAnswer tells the keypad's own answers from the card's. VERIFY, CHANGE and
// RESET RETRY COUNTER answer with a status word alone.
func padAnswer(op string, b []byte) ([]byte, error) {
	if len(b) != 2 {
		return nil, &card.Error{Reason: card.PadFailed, Op: op, Cause: fmt.Errorf("answer of %d bytes", len(b))}
	}
	refused := func(r pin.Reason, cause error) error {
		return &pin.Error{Reason: r, Tries: pin.Unknown(), Cause: cause}
	}
	switch binary.BigEndian.Uint16(b) {
	case swTimeout:
		return nil, refused(pin.ReasonCancelled, card.ErrPadTimeout)
	case swCancel:
		return nil, refused(pin.ReasonCancelled, nil)
	case swMismatch:
		return nil, refused(pin.ReasonFormat, card.ErrPadMismatch)
	case swDigits:
		return nil, refused(pin.ReasonFormat, nil)
	case swMessage:
		return nil, &card.Error{Reason: card.PadFailed, Op: op, Cause: errors.New("the keypad refuses the structure")}
	}
	return b, nil
}
