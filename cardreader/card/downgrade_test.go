// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"fmt"
	"testing"

	"zaver/cardreader/card"
	"zaver/softhsm-fixtures/uec"
)

// TestBareStatusIsNoFinding answers every command of a session in the open, with every status word that means something: what is not
// sealed never says that a card has no certificate, no greeting or no tries.
func TestBareStatusIsNoFinding(t *testing.T) {
	v, _ := newVirtual(t, nil)
	works := map[string]struct {
		instructions []byte
		do           func(c *card.Card) error
	}{
		"certificates": {[]byte{0xA4, 0xB0}, func(c *card.Card) error { _, err := c.Certificates(t.Context()); return err }},
		"opening":      {[]byte{0xCA}, func(c *card.Card) error { _, err := c.Opening(t.Context()); return err }},
		"tries":        {[]byte{0x20}, func(c *card.Card) error { _, err := c.Tries(t.Context(), "PIN2"); return err }},
	}
	for name, w := range works {
		for _, ins := range w.instructions {
			for _, sw := range []uint16{0x6282, 0x63C0, 0x63C3, 0x6700, 0x6983, 0x6984, 0x6985, 0x6A82, 0x6A88, 0x6B00, 0x6E00, 0x9000} {
				t.Run(fmt.Sprintf("%s/%02X/%04X", name, ins, sw), func(t *testing.T) {
					c, _ := openCard(t, v)
					prove(t, c) // so that the card's own certificates are not what is spoilt
					v.Inject(uec.Fault{INS: ins, Sealed: true, Action: uec.Answer, Open: true, Answer: []byte{byte(sw >> 8), byte(sw)}})
					defer v.Heal()
					wantCard(t, w.do(c), card.Insecure)
				})
			}
		}
	}
}
