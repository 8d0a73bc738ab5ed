// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"context"
	"testing"
	"time"

	"zaver/cardreader/card"
	"zaver/softhsm-fixtures/uec"
)

// timed notes how long the card itself takes.
type timed struct {
	*carrier
	spent    time.Duration
	commands int
}

func (t *timed) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	began := time.Now()
	answer, err := t.carrier.Transmit(ctx, command)
	t.spent += time.Since(began)
	t.commands++
	return answer, err
}

// BenchmarkSecureSign is a signature under secure messaging without a reader: terminal authentication, tries, PIN,
// signature. The emulated card's own time, which a real card replaces by its own, is told apart.
func BenchmarkSecureSign(b *testing.B) {
	for name, proven := range map[string]bool{"first": false, "again": true} {
		b.Run(name, func(b *testing.B) {
			v, _ := newVirtual(b, nil)
			link := &timed{carrier: &carrier{card: v}}
			open := func() *card.Card {
				c, err := card.Open(b.Context(), link, v.ATR(), profiles(b), card.WithTerminal(terminal()))
				if err != nil {
					b.Fatal(err)
				}
				return c
			}
			c := open()
			prove(b, c)
			link.spent, link.commands = 0, 0
			for b.Loop() {
				if !proven {
					c = open()
				}
				if _, err := c.Sign(b.Context(), newPIN("123456"), gost256(b), digestOf("x")); err != nil {
					b.Fatal(err)
				}
			}
			n := time.Duration(b.N)
			b.ReportMetric(float64((b.Elapsed()-link.spent)/n)/1e6, "ms-terminal")
			b.ReportMetric(float64(link.spent/n)/1e6, "ms-card")
			b.ReportMetric(float64(link.commands)/float64(b.N), "commands")
			if v.Tries(uec.PIN2) != uec.PINTries {
				b.Error("tries were spent")
			}
		})
	}
}
