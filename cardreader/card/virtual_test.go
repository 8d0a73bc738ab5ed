// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"zaver/cardreader/card"
	"zaver/signature/gost/streebog"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/uec"
)

// carrier is the virtual card without a reader: a card.Transmitter and Locker.
type carrier struct {
	card *uec.Card

	mu     sync.Mutex
	locked bool
	resets int
	refuse error // what Lock answers
}

func (c *carrier) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	c.mu.Lock()
	locked := c.locked
	c.mu.Unlock()
	if !locked {
		return nil, errors.New("a command outside a transaction")
	}
	answer, err := c.card.Transmit(command)
	if errors.Is(err, uec.ErrPulled) {
		return nil, &card.Error{Reason: card.Removed, Op: "transmit", Cause: err}
	}
	return answer, err
}

func (c *carrier) Lock(context.Context) (func(bool) error, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuse != nil {
		return nil, c.refuse
	}
	if c.locked {
		return nil, errors.New("locked twice")
	}
	c.locked = true
	return func(reset bool) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.locked = false
		if reset {
			c.resets++
			c.card.Reset()
		}
		return nil
	}, nil
}

var (
	firstDay = time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC)
	lastDay  = time.Date(2030, 12, 31, 0, 0, 0, 0, time.UTC)
)

func testHolder() uec.Holder {
	return uec.Holder{
		SNILS: "11223344595", Policy: "1234567890123456", FullName: "ЁЛКИНА А.П.",
		Surname: "Ёлкина", Given: "Анна-Мария", Patronymic: "Петровна", IssuerAddress: "г. Тверь, ул. Новая, 1",
		BirthDate: time.Date(1985, 12, 31, 0, 0, 0, 0, time.UTC), BirthPlace: "г. Тверь", Sex: 2,
		Address: "г. Тверь, ул. Старая, д. 2, кв. 3", Phone: "+79000000001", Email: "anna@example.org", INN: "500100732259",
	}
}

func selfSigned(key *mint.Key) []byte {
	return mint.Certificate{Key: key, Subject: mint.CN("Test"), NotBefore: firstDay, NotAfter: lastDay}.Sign(nil).DER
}

// terminal is one that every test card of this process trusts.
var terminal = sync.OnceValue(func() *card.Terminal {
	t, err := card.ParseTerminal(uec.Shared().NewTerminal(nil).File())
	if err != nil {
		panic(err)
	}
	return t
})

// newVirtual makes a virtual card under power, and its key.
func newVirtual(t testing.TB, change func(*uec.Config)) (*uec.Card, *mint.Key) {
	t.Helper()
	key, err := uec.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	der := selfSigned(key)
	cfg := uec.Config{
		Key: key, Certificates: [][]byte{der, der}, Holder: testHolder(),
		PIN1: "1234", PIN2: "123456", KRP: "87654321", First: firstDay, Last: lastDay, Greeting: "Привет",
	}
	if change != nil {
		change(&cfg)
	}
	v, err := uec.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	v.PowerOn()
	return v, key
}

func profiles(t testing.TB) []*card.Profile {
	t.Helper()
	p, err := card.BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	return card.OfKind(p, card.KindUEC)
}

// plainProfile is the same card without secure messaging, for scripts written by hand.
func plainProfile(t testing.TB) *card.Profile {
	t.Helper()
	p, err := card.LoadProfile([]byte(readProfile(t)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func openCard(t testing.TB, v *uec.Card) (*card.Card, *carrier) {
	t.Helper()
	c := &carrier{card: v}
	opened, err := card.Open(t.Context(), c, v.ATR(), profiles(t), card.WithTerminal(terminal()))
	if err != nil {
		t.Fatal(err)
	}
	return opened, c
}

func newPIN(digits string) *pin.PIN { return pin.New([]byte(digits)) }

func digestOf(s string) []byte {
	d := streebog.Sum256([]byte(s))
	return d[:]
}

// wantCard demands a card.Error of that reason.
func wantCard(t *testing.T, err error, reason card.Reason) {
	t.Helper()
	var e *card.Error
	if !errors.As(err, &e) || e.Reason != reason {
		t.Errorf("error %v, want %s", err, reason)
	}
}

// wantPIN demands a pin.Error of that reason and number of tries.
func wantPIN(t *testing.T, err error, reason pin.Reason, tries pin.Tries, ref string) {
	t.Helper()
	var e *pin.Error
	if !errors.As(err, &e) {
		t.Errorf("error %v, want pin.%s", err, reason)
		return
	}
	if e.Reason != reason || e.Tries != tries || e.Ref != ref {
		t.Errorf("got %s, tries %s, ref %q; want %s, %s, %q", e.Reason, e.Tries, e.Ref, reason, tries, ref)
	}
}
