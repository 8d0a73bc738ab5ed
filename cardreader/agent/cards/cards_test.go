// SPDX-License-Identifier: Apache-2.0

package cards_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/cards"
	"zaver/cardreader/agent/words"
	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
	"zaver/signature/algo"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/readers"
	"zaver/softhsm-fixtures/uec"
	"zaver/softhsm-fixtures/vpcd"
)

var (
	daemon *readers.Daemon
	centre *pki.PKI
)

// TestMain starts the real pcscd: its client library reads the socket's name once per process.
func TestMain(m *testing.M) {
	code, err := withSurroundings(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withSurroundings(m *testing.M) (int, error) {
	var err error
	if daemon, err = readers.Start(context.Background()); err != nil {
		return 1, err
	}
	defer func() { _ = daemon.Close() }()
	if err := os.Setenv(readers.SocketVariable, daemon.Socket()); err != nil {
		return 1, err
	}
	if centre, err = pki.Start(pki.Config{}); err != nil {
		return 1, err
	}
	defer func() { _ = centre.Close() }()
	return m.Run(), nil
}

func source(t testing.TB) *cards.Source {
	t.Helper()
	profiles, err := card.BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := card.ParseTerminal(uec.Shared().NewTerminal(nil).File())
	if err != nil {
		t.Fatal(err)
	}
	return cards.New(cards.Service(pcsc.New(pcsc.Config{})), profiles, nil, nil, card.WithTerminal(terminal))
}

const pin2 = "123456"

func newCard(t testing.TB) *uec.Card {
	t.Helper()
	now := time.Now()
	return newCardFor(t, now.AddDate(-1, 0, 0), now.AddDate(3, 0, 0))
}

// newCardFor makes a card that is valid between two days.
func newCardFor(t testing.TB, first, last time.Time) *uec.Card {
	t.Helper()
	key, err := uec.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	who := people.CardHolder()
	id, err := centre.Make(pki.Order{Person: who, Authority: pki.UEC, PublicKey: key.Public()})
	if err != nil {
		t.Fatal(err)
	}
	c, err := uec.New(uec.Config{Key: key, Certificates: [][]byte{id.DER, id.Chain[0]}, PIN1: "1234", PIN2: pin2, KRP: "87654321", Greeting: "Доброе утро",
		Holder: uec.Holder{SNILS: who.SNILS}, First: first, Last: last})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// patience bounds waits for what must come; pcscd asks the virtual reader only every 400 ms.
const patience = time.Minute

// insert puts the card in and waits until the source sees it.
func insert(t testing.TB, s *cards.Source, c vpcd.Card) *vpcd.Slot {
	t.Helper()
	slot := vpcd.NewSlot(daemon.Slot(0))
	if err := slot.Insert(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, s, slot) })
	return slot
}

// remove takes the card out and waits until the service has noticed.
func remove(t testing.TB, s *cards.Source, slot *vpcd.Slot) {
	t.Helper()
	slot.Remove()
	tick, deadline := time.NewTicker(20*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for {
		if found, err := s.Look(context.Background()); err == nil && !slices.ContainsFunc(found, func(r pcsc.Reader) bool { return r.Present }) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the card is still in")
		}
	}
}

// TestGreeting is read under secure messaging, with the certificate; one opening of it serves both.
func TestGreeting(t *testing.T) {
	s := source(t)
	c := newCard(t)
	insert(t, s, c)
	list, err := s.List(t.Context())
	if err != nil || len(list) != 1 || list[0].Greeting != "Доброе утро" {
		t.Fatalf("%d cards, %v", len(list), err)
	}
	if n := bytes.Count(c.Commands(), []byte{0x82}); n != 1 {
		t.Errorf("the terminal was authenticated %d times to describe a card", n)
	}
	if _, err := sign(t, s, list[0], pin2); err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(c.Commands(), []byte{0x82}); n != 2 {
		t.Errorf("the terminal was authenticated %d times in all", n)
	}
}

// TestNoTerminal: without a terminal file the card is there, and the code says why it can't be used.
func TestNoTerminal(t *testing.T) {
	s := source(t)
	insert(t, s, newCard(t))
	profiles, err := card.BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	bare := cards.New(cards.Service(pcsc.New(pcsc.Config{})), profiles, nil, nil)
	if _, err := bare.List(t.Context()); agent.CodeOf(err) != "card.terminal" {
		t.Errorf("%v", err)
	}
	stranger, err := card.ParseTerminal(uec.NewRoot().NewTerminal(nil).File())
	if err != nil {
		t.Fatal(err)
	}
	foreign := cards.New(cards.Service(pcsc.New(pcsc.Config{})), profiles, nil, nil, card.WithTerminal(stranger))
	if _, err := foreign.List(t.Context()); agent.CodeOf(err) != "card.terminal" {
		t.Errorf("with a terminal of another system: %v", err)
	}
}

func digest() (algo.Algorithm, []byte, error) {
	a, err := algo.ForKey(algo.GOST256, 256)
	h := sha256.Sum256([]byte("statement"))
	return a, h[:], err
}

func sign(t *testing.T, s *cards.Source, c agent.Credential, digits string) ([]byte, error) {
	t.Helper()
	a, d, err := digest()
	if err != nil {
		t.Fatal(err)
	}
	p := pin.New([]byte(digits))
	defer p.Wipe()
	return s.Sign(t.Context(), c, p, a, d)
}

// Waiting, listing and signing through the real pcscd.
func TestCard(t *testing.T) {
	s := source(t)
	if _, err := s.List(t.Context()); agent.CodeOf(err) != "card.none" {
		t.Fatalf("empty reader: %v", err)
	}
	waited := make(chan error, 1)
	go func() { waited <- s.Wait(t.Context()) }()
	insert(t, s, newCard(t))
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	list, err := s.List(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("got %d, %v", len(list), err)
	}
	c := list[0]
	if c.Code != "" || c.Certificate.Holder().Name.Surname != people.CardHolder().Surname || len(c.Chain) != 1 || c.Titles[words.Russian] == "" {
		t.Errorf("got %+v", c)
	}
	if n, known := c.Tries.Count(); !known || n != uec.PINTries {
		t.Errorf("tries %v", c.Tries)
	}
	sig, err := sign(t, s, c, pin2)
	if err != nil {
		t.Fatal(err)
	}
	a, d, _ := digest()
	if err := c.Certificate.PublicKey.Verify(a, d, sig); err != nil {
		t.Error(err)
	}
}

func TestWrongPIN(t *testing.T) {
	s, c := source(t), newCard(t)
	insert(t, s, c)
	list, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for want := uec.PINTries - 1; want >= 0; want-- {
		var refused *pin.Error
		_, err := sign(t, s, list[0], "000000")
		if !errors.As(err, &refused) {
			t.Fatalf("got %v", err)
		}
		if n, known := refused.Tries.Count(); !known || n != want {
			t.Errorf("tries %v, want %d", refused.Tries, want)
		}
		if want == 1 { // the credential still says three, as when another program spends tries meanwhile
			if _, err := sign(t, s, list[0], "000000"); agent.CodeOf(err) != agent.CodeLastTry {
				t.Errorf("the last try without a word: %v", err)
			}
			list[0].Tries = refused.Tries
		}
	}
	list, err = s.List(t.Context())
	if err != nil || list[0].Code != "pin.blocked" {
		t.Errorf("blocked: %+v, %v", list, err)
	}
}

// A card that is pulled while the PIN is on its way counts as removed and costs no try.
func TestPulled(t *testing.T) {
	s, c := source(t), newCard(t)
	slot := insert(t, s, c)
	list, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.Inject(uec.Fault{INS: 0x20, Data: true, Action: uec.PullBefore})
	if _, err := sign(t, s, list[0], pin2); agent.CodeOf(err) != "card.removed" {
		t.Errorf("got %v", err)
	}
	if n := c.Tries(uec.PIN2); n != uec.PINTries {
		t.Errorf("%d tries left", n)
	}
	remove(t, s, slot)
	if _, err := sign(t, s, list[0], pin2); agent.CodeOf(err) != "card.removed" {
		t.Errorf("card gone before: %v", err)
	}
}

// Another card in the same reader doesn't get this card's PIN.
func TestExchanged(t *testing.T) {
	s := source(t)
	slot := insert(t, s, newCard(t))
	list, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	remove(t, s, slot)
	other := newCard(t)
	insert(t, s, other)
	if _, err := sign(t, s, list[0], pin2); agent.CodeOf(err) != "card.removed" {
		t.Errorf("got %v", err)
	}
	if bytes.Contains(other.Commands(), []byte{0x20}) {
		t.Error("the PIN was shown to another card")
	}
}

func TestPastValidity(t *testing.T) {
	s, c := source(t), newCard(t)
	c.SetValidity(time.Now().AddDate(-5, 0, 0), time.Now().AddDate(0, 0, -2))
	insert(t, s, c)
	list, err := s.List(t.Context())
	if err != nil || len(list) != 1 || list[0].Code != "card.expired" {
		t.Errorf("got %+v, %v", list, err)
	}
}

// TestExpiredCardTellsOtherDays: the answer to SELECT is not signed, the days in the card's own certificate are.
func TestExpiredCardTellsOtherDays(t *testing.T) {
	now := time.Now()
	s, c := source(t), newCardFor(t, now.AddDate(-5, 0, 0), now.AddDate(0, 0, -2))
	c.SetValidity(now.AddDate(-1, 0, 0), now.AddDate(3, 0, 0))
	insert(t, s, c)
	list, err := s.List(t.Context())
	if err != nil || len(list) != 1 || list[0].Code != "card.expired" {
		t.Fatalf("got %+v, %v", list, err)
	}
	a, err := algo.ByName("gost2012-256")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sign(t.Context(), list[0], pin.New([]byte(pin2)), a, make([]byte, 32)); agent.CodeOf(err) != "card.expired" {
		t.Errorf("signed: %v", err)
	}
}

func TestUnknownCard(t *testing.T) {
	s, c := source(t), newCard(t)
	c.Inject(uec.Fault{INS: 0xA4, Action: uec.Answer, Answer: []byte{0x6A, 0x82}}, uec.Fault{INS: 0xA4, Action: uec.Answer, Answer: []byte{0x6A, 0x82}})
	insert(t, s, c)
	if _, err := s.List(t.Context()); agent.CodeOf(err) != "card.unsupported" {
		t.Errorf("got %v", err)
	}
}

func TestNoService(t *testing.T) {
	s := source(t)
	if err := daemon.Kill(); err != nil {
		t.Fatal(err)
	}
	_, err := s.List(t.Context())
	if restart := daemon.Restart(t.Context()); restart != nil {
		t.Fatal(restart)
	}
	if agent.CodeOf(err) != "card.no_service" {
		t.Errorf("got %v", err)
	}
}

// Waiting ends with its context, without a card.
func TestWaitEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := source(t).Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// empty is a service without any reader, which has nothing to say.
type empty struct{}

func (empty) Watch(ctx context.Context) <-chan pcsc.Snapshot {
	out := make(chan pcsc.Snapshot)
	context.AfterFunc(ctx, func() { close(out) })
	return out
}
func (empty) Connect(context.Context, string) (cards.Connection, error) {
	return nil, errors.New("no reader")
}

func TestNoReader(t *testing.T) {
	if _, err := cards.New(empty{}, nil, nil, nil).List(t.Context()); agent.CodeOf(err) != "card.no_reader" {
		t.Errorf("got %v", err)
	}
}

// The agent announces every code that a card may give.
func TestCodesAreAnnounced(t *testing.T) {
	for _, r := range card.Reasons() {
		if code := (&card.Error{Reason: r}).Code(); !slices.Contains(agent.Codes(), code) {
			t.Errorf("%s is not in agent.Codes", code)
		}
	}
}
