// SPDX-License-Identifier: Apache-2.0

package card

import (
	"context"
	"errors"
	"fmt"

	"zaver/cardreader/apdu"
	"zaver/signature/pin"
)

// Channel exchanges whole commands with the selected application. Secure
// messaging is one Channel wrapped round another.
type Channel interface {
	Exchange(ctx context.Context, cmd apdu.Command) (apdu.Response, error)
}

// Suite is a way of secure messaging. Open is called after the application was
// selected; it authenticates, agrees session keys, and returns the channel for
// everything that follows until the next selection.
type Suite interface {
	Open(ctx context.Context, e Entry) (Channel, error)
}

// Entry is what a suite opens its channel on.
type Entry struct {
	Plain Channel // to the card as it is
	Once  Channel // the same, but no command is ever sent twice: for sealed ones
	Card  *Card   // whose profile, terminal and proven key are meant
}

// Names of suites.
const (
	suiteNone = "none"
	suiteGOST = "gost2012-kuznyechik"
)

// suiteNamed returns the suite that a profile names. A new suite is one more case.
func suiteNamed(name string) (Suite, error) {
	switch name {
	case suiteNone:
		return plainSuite{}, nil
	case suiteGOST:
		return gostSuite{}, nil
	default:
		return nil, fmt.Errorf("secure messaging %q is not known", name)
	}
}

type plainSuite struct{}

func (plainSuite) Open(_ context.Context, e Entry) (Channel, error) { return e.Plain, nil }

// Bounds of one exchange.
const (
	maxAnswer       = apdu.MaxExtendedLe // bytes collected by GET RESPONSE
	maxGetResponses = 300                // commands sent to collect them
)

// link is the bare channel: it encodes, follows 61xx and 6Cxx (ISO/IEC 7816-4
// section 5.3.4), and wipes what it sent.
type link struct {
	t    Transmitter
	once bool // 6Cxx is handed up instead of followed: the command may not be sent again
}

func (l *link) Exchange(ctx context.Context, cmd apdu.Command) (apdu.Response, error) {
	if cmd.Extended() && len(cmd.Data) > apdu.MaxShortData && cmd.Le <= apdu.MaxShortLe {
		return l.chain(ctx, cmd)
	}
	r, err := l.send(ctx, cmd)
	if err != nil {
		return r, err
	}
	// Only a command that asks for data is sent again: a PIN never is.
	if n, ok := r.SW.RightLe(); ok && cmd.Le > 0 && !l.once {
		cmd.Le = n
		if r, err = l.send(ctx, cmd); err != nil {
			return r, err
		}
	}
	return l.collect(ctx, cmd.CLA, r)
}

// chain sends a command too long for short length fields as a command chain.
func (l *link) chain(ctx context.Context, cmd apdu.Command) (apdu.Response, error) {
	parts := cmd.Chain(apdu.MaxShortData)
	for _, part := range parts[:len(parts)-1] {
		r, err := l.send(ctx, part)
		if err != nil || !r.SW.OK() {
			return r, err
		}
	}
	return l.Exchange(ctx, parts[len(parts)-1])
}

// collect brings the rest of an answer announced by 61xx.
func (l *link) collect(ctx context.Context, cla byte, r apdu.Response) (apdu.Response, error) {
	data := r.Data
	for range maxGetResponses {
		n, more := r.SW.More()
		if !more {
			r.Data = data
			return r, nil
		}
		var err error
		if r, err = l.send(ctx, apdu.Command{CLA: cla &^ apdu.SecureMessaging, INS: 0xC0, Le: n}); err != nil {
			return r, err
		}
		if data = append(data, r.Data...); len(data) > maxAnswer {
			break
		}
		if _, more := r.SW.More(); more && len(r.Data) == 0 {
			break
		}
	}
	return apdu.Response{}, &Error{Reason: Protocol, Op: "collect the answer", Cause: errors.New("the answer does not end")}
}

func (l *link) send(ctx context.Context, cmd apdu.Command) (apdu.Response, error) {
	var memory []byte
	if apdu.CarriesPIN(cmd.INS) {
		locked, free := pin.Scratch(cmd.Len())
		defer free()
		memory = locked
	} else {
		memory = make([]byte, cmd.Len())
		defer clear(memory)
	}
	b, err := cmd.AppendTo(memory[:0])
	if err != nil {
		return apdu.Response{}, err
	}
	answer, err := l.t.Transmit(ctx, b)
	if err != nil {
		return apdu.Response{}, err
	}
	r, err := apdu.ParseResponse(answer)
	if err != nil {
		return r, &Error{Reason: Protocol, Op: "read the answer", Cause: err}
	}
	return r, nil
}
