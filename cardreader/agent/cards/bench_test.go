// SPDX-License-Identifier: Apache-2.0

package cards_test

import (
	"bytes"
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/cards"
	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
	"zaver/signature/algo"
	"zaver/signature/cms"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/uec"
)

// clocked is the service with a clock round every exchange of bytes: what the bare card needs through the same daemon.
type clocked struct {
	*pcsc.Service
	took *atomic.Int64
}

func (c clocked) Connect(ctx context.Context, reader string) (cards.Connection, error) {
	conn, err := c.Service.Connect(ctx, reader)
	if err != nil {
		return nil, err
	}
	return clockedConn{conn, c.took}, nil
}

type clockedConn struct {
	*pcsc.Conn
	took *atomic.Int64
}

func (c clockedConn) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	began := time.Now()
	answer, err := c.Conn.Transmit(ctx, command)
	c.took.Add(int64(time.Since(began)))
	return answer, err
}

// holder lends the key of a card to package cms, as the agent does.
type holder struct {
	source *cards.Source
	found  agent.Credential
	pin    string
}

func (h holder) SignDigest(ctx context.Context, a algo.Algorithm, digest []byte) ([]byte, error) {
	p := pin.New([]byte(h.pin))
	defer p.Wipe()
	return h.source.Sign(ctx, h.found, p, a, digest)
}

// BenchmarkCMS is what a person waits for between the PIN and the whole CMS: connect, find the card again, secure messaging where it demands
// it, tries, PIN, signature, reset, the message with its own checks; and how much of it are the exchanges with the card.
func BenchmarkCMS(b *testing.B) {
	for _, k := range []struct {
		name, pin string
		in        func(testing.TB, *cards.Source)
	}{
		{"uec", pin2, func(b testing.TB, s *cards.Source) { insert(b, s, newCard(b)) }},
		{"piv", pivPIN, func(b testing.TB, s *cards.Source) { insert(b, s, newPIV(b, nil)) }},
	} {
		b.Run(k.name, func(b *testing.B) {
			k.in(b, source(b))
			profiles, err := card.BuiltinProfiles()
			if err != nil {
				b.Fatal(err)
			}
			terminal, err := card.ParseTerminal(uec.Shared().NewTerminal(nil).File())
			if err != nil {
				b.Fatal(err)
			}
			var exchanges atomic.Int64
			s := cards.New(clocked{pcsc.New(pcsc.Config{}), &exchanges}, profiles, nil, nil, card.WithTerminal(terminal))
			list, err := s.List(b.Context())
			if err != nil || len(list) != 1 {
				b.Fatalf("%d cards, %v", len(list), err)
			}
			request := cms.Request{Content: bytes.Repeat([]byte("zaver.statement/v1\n"), 40), Certificate: list[0].Certificate, SigningTime: time.Now(), Signer: holder{s, list[0], k.pin}}
			var whole, bare, added []time.Duration
			for b.Loop() {
				exchanges.Store(0)
				began := time.Now()
				if _, err := cms.Sign(b.Context(), request); err != nil {
					b.Fatal(err)
				}
				took, on := time.Since(began), time.Duration(exchanges.Load())
				whole, bare, added = append(whole, took), append(bare, on), append(added, took-on)
			}
			for name, d := range map[string][]time.Duration{"whole": whole, "exchanges": bare, "added": added} {
				slices.Sort(d)
				b.ReportMetric(float64(d[len(d)/2].Microseconds())/1000, "ms-p50-"+name)
				b.ReportMetric(float64(d[len(d)*95/100].Microseconds())/1000, "ms-p95-"+name)
			}
		})
	}
}
