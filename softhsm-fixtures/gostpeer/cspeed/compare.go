// SPDX-License-Identifier: Apache-2.0

package cspeed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"zaver/signature/gost"
	"zaver/signature/gost/streebog"
	"zaver/softhsm-fixtures/gostsign"
)

// Set compares one parameter set. Times are the best of all rounds; the ratios are the median of the rounds, because the clock of a machine
// changes between them.
type Set struct {
	Name        string
	C           time.Duration // one verification by OpenSSL's engine
	Own, Cached time.Duration // one by signature/gost, and by its cache that knows the key
	Ratio       float64       // of C to Own
	Known       float64       // of C to Cached
	Want        float64       // the least Ratio that was promised
	WantKnown   float64       // the least Known that was promised
}

// Hash compares Streebog-256 on messages of one length, in millions of octets a second.
type Hash struct {
	Size   int
	C, Own float64
	Ratio  float64 // of Own to C, the median
	Want   float64 // the least that was promised, zero for none
}

// Comparison is the whole of it. Two is how many times as much two goroutines verify as one does; it says something only of a machine
// with two free processors.
type Comparison struct {
	Sets   []Set
	Hashes []Hash
	Two    float64
}

// promised ratios; sets that aren't listed are promised 1.4.
var promised = map[string]float64{"CryptoPro-A": 2.0, "CryptoPro-XchA": 2.0, "tc26-256-B": 2.0, "tc26-256-A": 1.7, "tc26-512-A": 1.9}

// subject is a key with a signature by it.
type subject struct {
	key         *gost.PublicKey
	digest, sig []byte
	cache       *gost.Cache
}

func newSubject(ps *gost.ParamSet) (*subject, error) {
	private, err := gostsign.GenerateKey(ps)
	if err != nil {
		return nil, err
	}
	s := &subject{digest: make([]byte, ps.Bits()/8), cache: gost.NewCache(1)}
	copy(s.digest, "a digest is as good as another")
	if s.sig, err = private.Sign(s.digest); err != nil {
		return nil, err
	}
	if s.key, err = gost.ParsePublicKey(ps, private.Public()); err != nil {
		return nil, err
	}
	for range 16 {
		if !s.cache.Verify(s.key, s.digest, s.sig) {
			return nil, fmt.Errorf("cspeed: %s: own signature refused", ps)
		}
	}
	return s, nil
}

// Compare measures both sides of each figure in turn. A machine shared with others gives ratios only in this way.
func Compare(ctx context.Context, rounds int, slot time.Duration) (Comparison, error) {
	var c Comparison
	s, err := start(ctx, slot)
	if err != nil {
		return c, err
	}
	if err := c.verifications(s, rounds, slot); err != nil {
		return c, errors.Join(err, s.end())
	}
	if err := c.hashes(s, rounds, slot); err != nil {
		return c, errors.Join(err, s.end())
	}
	return c, s.end()
}

func (c *Comparison) verifications(s *session, rounds int, slot time.Duration) error {
	for _, ps := range gost.Sets() {
		subject, err := newSubject(ps)
		if err != nil {
			return err
		}
		set := Set{Name: ps.Name(), C: math.MaxInt64, Own: math.MaxInt64, Cached: math.MaxInt64, Want: promised[ps.Name()], WantKnown: 5}
		if set.Want == 0 {
			set.Want = 1.4
		}
		var ratios, known []float64
		for range rounds {
			theirs, err := s.verify(ps.Name())
			if err != nil {
				return err
			}
			own := best(slot, func() { subject.key.Verify(subject.digest, subject.sig) })
			cached := best(slot, func() { subject.cache.Verify(subject.key, subject.digest, subject.sig) })
			set.C, set.Own, set.Cached = min(set.C, theirs), min(set.Own, own), min(set.Cached, cached)
			ratios, known = append(ratios, float64(theirs)/float64(own)), append(known, float64(theirs)/float64(cached))
		}
		set.Ratio, set.Known = median(ratios), median(known)
		c.Sets = append(c.Sets, set)
		if len(c.Sets) == 1 {
			var two []float64
			for range rounds {
				two = append(two, throughput(subject, 2, slot)/throughput(subject, 1, slot))
			}
			c.Two = median(two)
		}
	}
	return nil
}

func (c *Comparison) hashes(s *session, rounds int, slot time.Duration) error {
	for _, size := range sizes {
		h := Hash{Size: size}
		if size >= 8<<10 {
			h.Want = 0.9
		}
		message, batch := make([]byte, size), max(1, 4096/size)
		var ratios []float64
		for range rounds {
			theirs, err := s.hash(256, size)
			if err != nil {
				return err
			}
			each := best(slot, func() {
				for range batch {
					streebog.Sum256(message)
				}
			})
			own := float64(size*batch) / float64(each.Nanoseconds()) * 1e3
			h.C, h.Own = max(h.C, theirs), max(h.Own, own)
			ratios = append(ratios, own/theirs)
		}
		h.Ratio = median(ratios)
		c.Hashes = append(c.Hashes, h)
	}
	return nil
}

func median(xs []float64) float64 {
	slices.Sort(xs)
	return xs[len(xs)/2]
}

// best is the shortest of many runs: other work on the machine only ever adds time.
func best(slot time.Duration, run func()) time.Duration {
	shortest := time.Duration(math.MaxInt64)
	for start := time.Now(); time.Since(start) < slot; {
		before := time.Now()
		run()
		shortest = min(shortest, time.Since(before))
	}
	return shortest
}

// throughput is how many verifications a second the goroutines do together.
func throughput(s *subject, goroutines int, slot time.Duration) float64 {
	var all sync.WaitGroup
	counts := make([]int, goroutines)
	start := time.Now()
	for i := range goroutines {
		all.Go(func() {
			n := 0
			for time.Since(start) < slot {
				s.key.Verify(s.digest, s.sig)
				n++
			}
			counts[i] = n
		})
	}
	all.Wait()
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return float64(sum) / time.Since(start).Seconds()
}

// Write prints the comparison as a table and says whether every promise is kept.
func (c Comparison) Write(w io.Writer) (kept bool) {
	kept = true
	mark := func(got, want float64) string {
		if got >= want {
			return ""
		}
		kept = false
		return " <"
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "set\tengine, us\town, us\tratio\tpromised\tknown key, us\tratio\tpromised")
	for _, s := range c.Sets {
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.2f%s\t%.1f\t%.1f\t%.2f%s\t%.1f\n", s.Name, us(s.C), us(s.Own), s.Ratio, mark(s.Ratio, s.Want), s.Want, us(s.Cached), s.Known, mark(s.Known, s.WantKnown), s.WantKnown)
	}
	fmt.Fprintln(t, "Streebog-256, octets\tengine, MB/s\town, MB/s\tratio\tpromised\t\t\t")
	for _, h := range c.Hashes {
		fmt.Fprintf(t, "%d\t%.1f\t%.1f\t%.2f%s\t%.1f\t\t\t\n", h.Size, h.C, h.Own, h.Ratio, mark(h.Ratio, h.Want), h.Want)
	}
	fmt.Fprintf(t, "two goroutines\t\t\t%.2f%s\t1.9\t\t\t\n", c.Two, mark(c.Two, 1.9))
	t.Flush()
	return kept
}

func us(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
