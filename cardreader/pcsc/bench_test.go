// SPDX-License-Identifier: Apache-2.0

package pcsc_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"zaver/cardreader/pcsc"
	"zaver/softhsm-fixtures/uec"
)

// noticed is a card that remembers when pcscd last asked it for its ATR: the
// service has just seen it and is about to tell.
type noticed struct {
	*uec.Card
	at atomic.Int64
}

func (n *noticed) ATR() []byte {
	n.at.Store(time.Now().UnixNano())
	return n.Card.ATR()
}

// BenchmarkHotPlug measures from the insertion, and from pcscd's notice of it,
// to the snapshot that shows the card and to the recognised card. Most of the
// first is pcscd's own poll of the virtual driver, 400 ms, which nothing here
// can change. Run with -benchtime 20x or more.
func BenchmarkHotPlug(b *testing.B) {
	snapshots, s, c := watch(b), slot(b, 0), &noticed{Card: newCard(b)}
	await(b, snapshots, "an empty reader", absent(0))
	var whole, own, open []time.Duration
	for b.Loop() {
		insert(b, s, c) // waits until a hand could have swapped the cards
		insertedAt := time.Now()
		await(b, snapshots, "a card", present(0))
		listed := time.Now()
		whole = append(whole, listed.Sub(insertedAt))
		own = append(own, listed.Sub(time.Unix(0, c.at.Load())))
		conn := connect(b, 0)
		if _, err := opened(b, conn, conn.ATR()); err != nil {
			b.Fatal(err)
		}
		open = append(open, time.Since(listed))
		conn.Close()
		s.Remove()
		await(b, snapshots, "no card", absent(0))
	}
	report(b, whole, "insert-to-list")
	report(b, own, "notice-to-list")
	report(b, open, "list-to-open")
	b.ReportMetric(0, "ns/op") // insertion waits for the reader's pace: the mean says nothing
}

func report(b *testing.B, d []time.Duration, name string) {
	slices.Sort(d)
	b.ReportMetric(float64(d[len(d)/2].Microseconds())/1000, "ms-p50-"+name)
	b.ReportMetric(float64(d[len(d)*95/100].Microseconds())/1000, "ms-p95-"+name)
}

// BenchmarkTransmit is the bare cost of one command through the service.
func BenchmarkTransmit(b *testing.B) {
	_, _, conn := inserted(b)
	unlock, err := conn.Lock(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = unlock(true) }()
	for b.Loop() {
		if _, err := conn.Transmit(b.Context(), []byte{0x00, 0x20, 0x00, 0x02}); err != nil {
			b.Fatal(err)
		}
	}
}

// clocked is a connection that notes how long each PSO: COMPUTE DIGITAL
// SIGNATURE takes, and all exchanges together, which is what the bare card needs
// where it demands secure messaging.
type clocked struct {
	*pcsc.Conn
	pso []time.Duration
	all time.Duration
}

func (c *clocked) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	began := time.Now()
	answer, err := c.Conn.Transmit(ctx, command)
	c.all += time.Since(began)
	if len(command) > 3 && command[1] == 0x2A && command[3] == 0x9A {
		c.pso = append(c.pso, time.Since(began))
	}
	return answer, err
}

// BenchmarkSign is a whole signature: lock, select, secure messaging, tries, PIN, signature, reset; and what it adds to the exchanges.
func BenchmarkSign(b *testing.B) {
	_, _, conn := inserted(b)
	clock := &clocked{Conn: conn}
	c, err := opened(b, clock, conn.ATR())
	if err != nil {
		b.Fatal(err)
	}
	var whole, card, added []time.Duration
	for b.Loop() {
		clock.all = 0
		began := time.Now()
		if err := sign(b.Context(), c, "123456"); err != nil {
			b.Fatal(err)
		}
		took := time.Since(began)
		whole, card, added = append(whole, took), append(card, clock.all), append(added, took-clock.all)
	}
	report(b, whole, "whole")
	report(b, card, "exchanges")
	report(b, added, "added")
	report(b, clock.pso, "PSO")
}
