// SPDX-License-Identifier: Apache-2.0

package cards_test

import (
	"bytes"
	"testing"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/cards"
	"zaver/cardreader/card"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/uec"
)

// bare is a card whose holder has no certificate on it, as most have none.
func bare(t *testing.T, number string) *uec.Card {
	t.Helper()
	key, err := uec.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c, err := uec.New(uec.Config{Key: key, PIN1: "1234", PIN2: pin2, KRP: "87654321", PAN: number, Holder: uec.Holder{SNILS: "11223344595"},
		First: now.AddDate(-1, 0, 0), Last: now.AddDate(3, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	c.PowerOn()
	return c
}

// TestExchangedWithoutCertificate: a card that was exchanged for another is told from it though neither has a certificate, and is not shown the other's PIN.
func TestExchangedWithoutCertificate(t *testing.T) {
	profiles, err := card.BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := card.ParseTerminal(uec.Shared().NewTerminal(nil).File())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ second, want string }{
		"the same":    {"9643000000000000018", ""},
		"another one": {"9643000000000000026", "card.removed"},
	} {
		t.Run(name, func(t *testing.T) {
			place := &stage{cards: map[string]*uec.Card{"A": bare(t, "9643000000000000018")}}
			s := cards.New(place, profiles, nil, nil, card.WithTerminal(terminal))
			pins, err := s.PINs(t.Context())
			if err != nil || len(pins) != 3 {
				t.Fatalf("%d PINs, %v", len(pins), err)
			}
			second := bare(t, c.second)
			place.cards["A"] = second
			got := ""
			if err := s.ChangePIN(t.Context(), pins[0], pin.New([]byte("1234")), pin.New([]byte("4321"))); err != nil {
				got = agent.CodeOf(err)
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if shown := bytes.Contains(second.Commands(), []byte{0x24}); shown != (c.want == "") {
				t.Errorf("a PIN was shown: %t", shown)
			}
		})
	}
}
