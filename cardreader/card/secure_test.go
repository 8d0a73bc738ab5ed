// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"zaver/cardreader/card"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/uec"
)

// TestTamperedSession spoils the answer of every kind of command: nothing that
// comes so is ever taken for what a PIN did, and the card works afterwards.
func TestTamperedSession(t *testing.T) {
	faults := map[string]uec.Fault{
		"wrong MAC": {Action: uec.WrongMAC}, "no MAC": {Action: uec.NoMAC}, "bare": {Action: uec.Bare}, "replay": {Action: uec.Replay},
		"counter": {Action: uec.CounterOff}, "cut": {Action: uec.CutObjects}, "dropped": {Action: uec.DropSession},
		"6987": {Action: uec.Answer, Open: true, Answer: []byte{0x69, 0x87}}, "6988": {Action: uec.Answer, Open: true, Answer: []byte{0x69, 0x88}},
		"bare 63C0": {Action: uec.Answer, Open: true, Answer: []byte{0x63, 0xC0}}, "bare 6983": {Action: uec.Answer, Open: true, Answer: []byte{0x69, 0x83}},
		"bare 9000": {Action: uec.Answer, Open: true, Answer: []byte{0x90, 0x00}},
	}
	places := map[string]uec.Fault{
		"tries": {INS: 0x20, Sealed: true}, "PIN": {INS: 0x20, Sealed: true, Data: true}, "signature": {INS: 0x2A, Sealed: true},
		"file": {INS: 0xB0, Sealed: true}, "select": {INS: 0xA4, Sealed: true},
	}
	v, _ := newVirtual(t, nil)
	for place, where := range places {
		for name, what := range faults {
			t.Run(place+"/"+name, func(t *testing.T) {
				v.SetTries(uec.PIN2, uec.PINTries)
				c, _ := openCard(t, v)
				fault := what
				fault.INS, fault.Sealed, fault.Data = where.INS, where.Sealed, where.Data
				v.Inject(fault)
				sig, err := c.Sign(t.Context(), newPIN("123456"), gost256(t), digestOf("x"))
				wantCard(t, err, card.Insecure)
				if p := (*pin.Error)(nil); errors.As(err, &p) || sig != nil {
					t.Errorf("taken for what the PIN did: %v", err)
				}
				if _, err := c.Sign(t.Context(), newPIN("123456"), gost256(t), digestOf("x")); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			})
		}
	}
}

// TestSessionDroppedAnywhere has the card forget its keys before each command
// of a signature: either it does not matter, or the reason is card.insecure.
func TestSessionDroppedAnywhere(t *testing.T) {
	v, _ := newVirtual(t, nil)
	c, _ := openCard(t, v)
	prove(t, c)
	failed := 0
	for n := 1; n <= 12; n++ {
		v.Inject(uec.Fault{Nth: n, Action: uec.DropSession})
		_, err := c.Sign(t.Context(), newPIN("123456"), gost256(t), digestOf("x"))
		v.Heal()
		if err == nil {
			continue
		}
		failed++
		if p := (*pin.Error)(nil); errors.As(err, &p) {
			t.Errorf("before command %d: %v", n, err)
		}
		if e := (*card.Error)(nil); !errors.As(err, &e) || e.Reason != card.Insecure && e.Reason != card.NoTerminal {
			t.Errorf("before command %d: %v", n, err)
		}
		if got := v.Tries(uec.PIN2); got != uec.PINTries {
			t.Errorf("before command %d: %d tries left", n, got)
		}
	}
	if failed < 5 {
		t.Errorf("only %d places matter", failed)
	}
}

// noPIN demands that no VERIFY with data came to the card.
func noPIN(t *testing.T, v *uec.Card, before int) {
	t.Helper()
	if n := bytes.Count(v.Commands()[before:], []byte{0x20}); n != 0 {
		t.Errorf("%d passwords were asked about or shown", n)
	}
}

// TestImpostors are cards that cannot prove their key: no PIN is shown to them.
func TestImpostors(t *testing.T) {
	stranger := uec.NewRoot()
	tests := map[string]func(*uec.Config){
		"another system": func(c *uec.Config) {
			c.Root = uec.Shared()
			c.Spoil = func(own, issuer []byte) ([]byte, []byte) { return strangers(stranger) }
		},
		"another card's certificate": func(c *uec.Config) {
			c.Spoil = func(_, _ []byte) ([]byte, []byte) { return strangers(uec.Shared()) }
		},
		"no certificate": func(c *uec.Config) {
			c.Spoil = func(_, issuer []byte) ([]byte, []byte) { return nil, issuer }
		},
		"no issuer": func(c *uec.Config) {
			c.Spoil = func(own, _ []byte) ([]byte, []byte) { return own, nil }
		},
		"swapped": func(c *uec.Config) {
			c.Spoil = func(own, issuer []byte) ([]byte, []byte) { return issuer, own }
		},
		"terminal's certificate": func(c *uec.Config) {
			c.Spoil = func(_, issuer []byte) ([]byte, []byte) { return uec.Shared().NewTerminal(nil).Own, issuer }
		},
		"a bit of the signature": func(c *uec.Config) {
			c.Spoil = func(own, issuer []byte) ([]byte, []byte) { own[len(own)-1] ^= 1; return own, issuer }
		},
		"a bit of the key": func(c *uec.Config) {
			c.Spoil = func(own, issuer []byte) ([]byte, []byte) {
				own[bytes.Index(own, []byte{0x7F, 0x49})+10] ^= 1
				return own, issuer
			}
		},
		"bytes after it": func(c *uec.Config) {
			c.Spoil = func(own, issuer []byte) ([]byte, []byte) { return append(own, 1), issuer }
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			v, _ := newVirtual(t, change)
			c, _ := openCard(t, v)
			before := len(v.Commands())
			_, err := c.Sign(t.Context(), newPIN("123456"), gost256(t), digestOf("x"))
			wantCard(t, err, card.Insecure)
			_, err = c.ReadHolder(t.Context(), newPIN("1234"))
			wantCard(t, err, card.Insecure)
			noPIN(t, v, before)
		})
	}
}

// strangers are the certificates of another card of a system.
func strangers(r *uec.Root) (own, issuer []byte) {
	return r.Certificates([]byte("0123456789012345"), uec.NewKey().Public(), firstDay, lastDay)
}

// between stands between reader and card and puts a public key of its own in
// the place of the card's, so that it could read along.
type between struct {
	*carrier
	key []byte
}

func (m *between) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	answer, err := m.carrier.Transmit(ctx, command)
	if len(answer) == 2+68 && answer[0] == 0xEA {
		copy(answer[4:], m.key)
	}
	return answer, err
}

func TestKeyInTheMiddle(t *testing.T) {
	v, _ := newVirtual(t, nil)
	m := &between{carrier: &carrier{card: v}, key: uec.NewKey().Public()}
	c, err := card.Open(t.Context(), m, v.ATR(), profiles(t), card.WithTerminal(terminal()))
	if err != nil {
		t.Fatal(err)
	}
	before := len(v.Commands())
	_, err = c.Sign(t.Context(), newPIN("123456"), gost256(t), digestOf("x"))
	wantCard(t, err, card.Insecure)
	noPIN(t, v, before)
	// After the card was proved once, another key is looked at again.
	m.key = nil
	prove(t, c)
	m.key = uec.NewKey().Public()
	before = len(v.Commands())
	_, err = c.Sign(t.Context(), newPIN("123456"), gost256(t), digestOf("x"))
	wantCard(t, err, card.Insecure)
	noPIN(t, v, before)
}

func TestOpeningFaults(t *testing.T) {
	tests := map[string]struct {
		fault  uec.Fault
		reason card.Reason
	}{
		"certificate refused":       {uec.Fault{Nth: 3, Action: uec.Answer, Answer: []byte{0x63, 0x00}}, card.NoTerminal},
		"certificate not supported": {uec.Fault{Nth: 2, Action: uec.Answer, Answer: []byte{0x68, 0x84}}, card.NoTerminal},
		"no key file":               {uec.Fault{Nth: 6, Action: uec.Answer, Answer: []byte{0x6A, 0x82}}, card.Protocol},
		"key file is nonsense":      {uec.Fault{INS: 0xB0, Action: uec.Answer, Answer: []byte{0xEA, 0x02, 0x81, 0x00, 0x90, 0x00}}, card.Protocol},
		"key off the curve":         {uec.Fault{INS: 0xB0, Action: uec.Answer, Answer: append(append([]byte{0xEA, 0x42, 0x81, 0x40}, bytes.Repeat([]byte{1}, 64)...), 0x90, 0x00)}, card.Protocol},
		"short challenge":           {uec.Fault{INS: 0x84, Action: uec.Answer, Answer: []byte{1, 2, 3, 4, 5, 6, 7, 8, 0x90, 0x00}}, card.Protocol},
		"no challenge":              {uec.Fault{INS: 0x84, Action: uec.Answer, Answer: []byte{0x6D, 0x00}}, card.Protocol},
		"another challenge":         {uec.Fault{INS: 0x84, Action: uec.Answer, Answer: append(make([]byte, 16), 0x90, 0x00)}, card.NoTerminal},
		"authentication refused":    {uec.Fault{INS: 0x82, Action: uec.Answer, Answer: []byte{0x63, 0x00}}, card.NoTerminal},
		"wrong cryptogram":          {uec.Fault{INS: 0x82, Action: uec.Answer, Answer: []byte{1, 2, 3, 4, 5, 6, 7, 8, 0x90, 0x00}}, card.Insecure},
		"short cryptogram":          {uec.Fault{INS: 0x82, Action: uec.Answer, Answer: []byte{1, 2, 3, 4, 0x90, 0x00}}, card.Insecure},
		"no cryptogram":             {uec.Fault{INS: 0x82, Action: uec.Answer, Answer: []byte{0x90, 0x00}}, card.Insecure},
		"pulled":                    {uec.Fault{INS: 0x82, Action: uec.PullAfter}, card.Removed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v, _ := newVirtual(t, nil)
			c, _ := openCard(t, v)
			before := len(v.Commands())
			v.Inject(tt.fault)
			_, err := c.Sign(t.Context(), newPIN("123456"), gost256(t), digestOf("x"))
			wantCard(t, err, tt.reason)
			noPIN(t, v, before)
		})
	}
}

// TestTerminalsRights: what the certificates do not permit fails before a PIN is shown.
func TestTerminalsRights(t *testing.T) {
	sign := func(t *testing.T, c *card.Card) error {
		_, err := c.Sign(t.Context(), newPIN("123456"), gost256(t), digestOf("x"))
		return err
	}
	read := func(t *testing.T, c *card.Card) error {
		_, err := c.ReadHolder(t.Context(), newPIN("1234"))
		return err
	}
	change := func(t *testing.T, c *card.Card) error {
		return c.ChangePIN(t.Context(), "PIN1", newPIN("1234"), newPIN("4321"))
	}
	unblock := func(t *testing.T, c *card.Card) error {
		return c.UnblockPIN(t.Context(), "PIN1", newPIN("87654321"), nil)
	}
	tests := map[string]struct {
		change func(operator, own *uec.CVC)
		work   func(*testing.T, *card.Card) error
		may    bool
	}{
		"all: sign":          {nil, sign, true},
		"all: read":          {nil, read, true},
		"all: change":        {nil, change, true},
		"all: unblock":       {nil, unblock, true},
		"no information bit": {func(_, own *uec.CVC) { own.Subject = make([]byte, 16) }, sign, false},
		"own: sign":          {func(_, own *uec.CVC) { own.Rights = uec.MayRead | uec.MayChange }, sign, false},
		"operator: sign":     {func(o, _ *uec.CVC) { o.Rights = uec.MayRead | uec.MayChange }, sign, false},
		"own: read":          {func(_, own *uec.CVC) { own.Rights = uec.MaySign }, read, false},
		"operator: read":     {func(o, _ *uec.CVC) { o.Rights = uec.MaySign }, read, false},
		"own: change":        {func(_, own *uec.CVC) { own.Rights = uec.MaySign }, change, false},
		"operator: unblock":  {func(o, _ *uec.CVC) { o.Rights = uec.MaySign }, unblock, false},
		"sign alone":         {func(_, own *uec.CVC) { own.Rights = uec.MaySign }, sign, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v, _ := newVirtual(t, nil)
			trusted, err := card.ParseTerminal(uec.Shared().NewTerminal(tt.change).File())
			if err != nil {
				t.Fatal(err)
			}
			c, err := card.Open(t.Context(), &carrier{card: v}, v.ATR(), profiles(t), card.WithTerminal(trusted))
			if err != nil {
				t.Fatal(err)
			}
			err = tt.work(t, c)
			if tt.may {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantCard(t, err, card.NoTerminal)
			noPIN(t, v, 0)
		})
	}
}

func TestNoTerminal(t *testing.T) {
	expired := func(o, own *uec.CVC) { own.First, own.Last = firstDay, firstDay }
	for name, file := range map[string][]byte{
		"none": nil, "another system's": uec.NewRoot().NewTerminal(nil).File(), "expired": uec.Shared().NewTerminal(expired).File(),
		"operator expired": uec.Shared().NewTerminal(func(o, _ *uec.CVC) { o.First, o.Last = firstDay, firstDay }).File(),
	} {
		t.Run(name, func(t *testing.T) {
			var trusted *card.Terminal
			if file != nil {
				var err error
				if trusted, err = card.ParseTerminal(file); err != nil {
					t.Fatal(err)
				}
			}
			v, _ := newVirtual(t, nil)
			c, err := card.Open(t.Context(), &carrier{card: v}, v.ATR(), profiles(t), card.WithTerminal(trusted))
			if err != nil {
				t.Fatal(err) // the card is recognised, and its validity read, without one
			}
			if c.Validity().Last != lastDay {
				t.Error("validity was not read")
			}
			_, err = c.Certificate(t.Context())
			wantCard(t, err, card.NoTerminal)
			_, err = c.Sign(t.Context(), newPIN("123456"), gost256(t), digestOf("x"))
			wantCard(t, err, card.NoTerminal)
			noPIN(t, v, 0)
		})
	}
}

func TestOpening(t *testing.T) {
	v, _ := newVirtual(t, nil)
	c, _ := openCard(t, v)
	o, err := c.Opening(t.Context())
	if want := (card.Opening{Greeting: "Привет", Number: "9643000000000000018"}); err != nil || o != want {
		t.Errorf("%+v, %v", o, err)
	}
	v, _ = newVirtual(t, func(c *uec.Config) { c.Greeting, c.Inconsistent = "", true })
	c, _ = openCard(t, v)
	if o, err := c.Opening(t.Context()); err != nil || o != (card.Opening{Inconsistent: true}) {
		t.Errorf("of an inconsistent card: %+v, %v", o, err)
	}
	for name, answer := range map[string][]byte{
		"not TLV": uec.Garbage(), "another object": {0x5A, 0x01, 0x11, 0x90, 0x00}, "control character": {0xDF, 0x2A, 0x01, 0x07, 0x90, 0x00},
		"long": append(append([]byte{0xDF, 0x2A, 41}, bytes.Repeat([]byte{0x41}, 41)...), 0x90, 0x00), "refused": {0x64, 0x00},
	} {
		t.Run(name, func(t *testing.T) {
			v, _ := newVirtual(t, nil)
			c, _ := openCard(t, v)
			// The state is asked first, then the greeting.
			v.Inject(uec.Fault{INS: 0xCA, P2: 0x2A, Action: uec.Answer, Answer: answer})
			_, err := c.Opening(t.Context())
			wantCard(t, err, card.Protocol)
		})
	}
}

// TestTogether: several operations in one section cost one authentication, and a PIN shown in it costs one reset.
func TestTogether(t *testing.T) {
	v, _ := newVirtual(t, nil)
	c, link := openCard(t, v)
	err := c.Together(t.Context(), func(ctx context.Context) error {
		if _, err := c.Certificate(ctx); err != nil {
			return err
		}
		if tries, err := c.Tries(ctx, "PIN2"); err != nil || tries != pin.Left(3) {
			return errors.Join(errors.New("tries"), err)
		}
		_, err := c.Sign(ctx, newPIN("123456"), gost256(t), digestOf("x"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(v.Commands(), []byte{0x82}); n != 1 || link.resets != 1 {
		t.Errorf("%d authentications, %d resets", n, link.resets)
	}
	if err := c.Together(t.Context(), func(ctx context.Context) error {
		_, err := c.Tries(ctx, "PIN1")
		return err
	}); err != nil || link.resets != 1 {
		t.Errorf("%v; %d resets, though no PIN was shown", err, link.resets)
	}
	// A refusal ends the session for what comes after it.
	err = c.Together(t.Context(), func(ctx context.Context) error {
		wantPIN(t, c.VerifyPIN(ctx, "PIN2", newPIN("000000")), pin.ReasonWrong, pin.Left(2), "PIN2")
		_, err := c.Tries(ctx, "PIN2")
		return err
	})
	wantCard(t, err, card.Insecure)
}

// TestSealedReadsInChunks: a chunk that does not fit a short answer comes by 61xx.
func TestSealedReadsInChunks(t *testing.T) {
	for _, chunk := range []int{16, 223, 224, 248} {
		v, key := newVirtual(t, nil)
		p := *profiles(t)[0]
		p.Chunk = chunk
		c, err := card.Open(t.Context(), &carrier{card: v}, v.ATR(), []*card.Profile{&p}, card.WithTerminal(terminal()))
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Certificate(t.Context())
		if err != nil || !bytes.Equal(got.Raw, selfSigned(key)[:0]) && len(got.Raw) == 0 {
			t.Errorf("chunk %d: %v", chunk, err)
		}
	}
}

// TestKeypadIsNotUsed: a keypad has no session keys.
func TestKeypadIsNotUsed(t *testing.T) {
	v, _ := newVirtual(t, nil)
	c, _ := openCard(t, v)
	if state := c.Pad(t.Context(), "PIN2"); state.Verify || state.Modify {
		t.Errorf("%+v", state)
	}
	_, err := c.Sign(t.Context(), nil, gost256(t), digestOf("x"))
	wantPIN(t, err, pin.ReasonFormat, pin.Unknown(), "PIN2")
}

// TestCountersSurvive power-off in the middle of the tries.
func TestCountersSurvive(t *testing.T) {
	v, _ := newVirtual(t, nil)
	c, _ := openCard(t, v)
	wantPIN(t, c.VerifyPIN(t.Context(), "PIN2", newPIN("000000")), pin.ReasonWrong, pin.Left(2), "PIN2")
	v.PowerOff()
	v.PowerOn()
	if tries, err := c.Tries(t.Context(), "PIN2"); err != nil || tries != pin.Left(2) {
		t.Errorf("%s, %v", tries, err)
	}
}
