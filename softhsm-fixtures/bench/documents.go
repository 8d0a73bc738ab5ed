// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/trust"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
)

// scene is a signer under a centre and a root, with what judges him.
type scene struct {
	root, centre, leaf *mint.Party
	terms              verify.Terms
}

func newScene(kind mint.Kind) (*scene, error) {
	root := mint.Root("Корень", kind)
	centre := mint.CA("Центр", kind, root)
	s := &scene{root: root, centre: centre, leaf: mint.Leaf("Владелец", kind, centre)}
	anchor, err := cert.Parse(root.DER)
	if err != nil {
		return nil, err
	}
	set, err := trust.NewSet([]trust.Anchor{{Certificate: anchor, Kind: trust.Qualified}})
	s.terms = verify.Terms{At: time.Now(), Set: set}
	return s, err
}

// sign makes a CAdES-BES with the signer's certificate, the centre's and more in the bag.
func (s *scene) sign(content []byte, detached bool, more ...[]byte) []byte {
	bag := append([][]byte{s.leaf.DER, s.centre.DER}, more...)
	return mint.SignedData{Content: content, Detached: detached, Certificates: bag, Signers: []mint.Signer{{By: s.leaf}}}.DER()
}

// judge finds out all about a signature, which must hold.
func (s *scene) judge(ctx context.Context, der, content []byte) error {
	if a := verify.Document(ctx, der, content, s.terms); a.Verdict != verify.Valid {
		return fmt.Errorf("a good signature is %s: %+v %+v", a.Verdict, a.Findings, a.Signers)
	}
	return nil
}

// shortest is the best of the turns so far, in time of the processors: other work on the machine stops a turn that
// lasts, and then its time on the clock says nothing.
type shortest time.Duration

func (s *shortest) of(run func() error) error {
	began := processorTime()
	err := run()
	if took := processorTime() - began; *s == 0 || shortest(took) < *s {
		*s = shortest(took)
	}
	return err
}

// processorTime is what this process used so far, all threads together.
func processorTime() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t) // every Linux has this clock
	return time.Duration(t.Nano())
}

func (s shortest) micros() float64 { return float64(s) / float64(time.Microsecond) }

// documentSizes are those of which the cost of an octet must be the same.
var documentSizes = []int{1 << 20, 8 << 20, 64 << 20}

const documentRounds = 5

// documents measures what an octet of a document costs, the signature's own costs included.
func documents(ctx context.Context, o Options) (section, error) {
	out := section{title: "Cost of an octet of a signed document"}
	content := make([]byte, documentSizes[len(documentSizes)-1])
	for _, k := range []struct {
		kind mint.Kind
		hash algo.Digest
	}{{mint.GOST256A, algo.Streebog256}, {mint.P256, algo.SHA256}} {
		s, err := newScene(k.kind)
		if err != nil {
			return out, err
		}
		for _, detached := range []bool{false, true} {
			name := map[bool]string{false: "attached", true: "detached"}[detached] + ", " + k.hash.Name
			o.say("judging documents of up to 64 MiB: %s", name)
			each, bare, err := s.octets(ctx, content, detached, k.hash)
			if err != nil {
				return out, err
			}
			for i, n := range documentSizes {
				r := row{what: octets(n) + ", " + name, unit: "ns/octet", p50: each[i].best, one: true, base: bare, against: "bare hash of 1 MiB"}
				if i > 0 {
					r.base, r.against, r.ratio = each[0].best, "at 1 MiB", each[i].ratio
					r = r.times(1.15)
				}
				out.rows = append(out.rows, r)
			}
		}
	}
	return out, nil
}

// cost is what an octet of a document costs, in nanoseconds.
type cost struct {
	best  float64 // of all turns
	ratio float64 // to the smallest document, the median of the rounds
}

// octets is the cost by documentSizes, by turns, and that of hashing the smallest document. Every turn goes over at least
// 16 MiB, so that all sizes meet the machine's moods alike.
func (s *scene) octets(ctx context.Context, content []byte, detached bool, hash algo.Digest) (each []cost, bare float64, err error) {
	var signed [][]byte
	for _, n := range documentSizes {
		signed = append(signed, s.sign(content[:n], detached))
	}
	took, hashed := make([][]float64, len(documentSizes)), shortest(0)
	for range documentRounds {
		for i, n := range documentSizes {
			var beside []byte
			if detached {
				beside = content[:n]
			}
			times := max(1, 16<<20/n)
			began := processorTime()
			for range times {
				if err := s.judge(ctx, signed[i], beside); err != nil {
					return nil, 0, err
				}
			}
			took[i] = append(took[i], float64(processorTime()-began)/float64(times*n))
		}
		_ = hashed.of(func() error { hash.Sum(content[:documentSizes[0]]); return nil })
	}
	for i := range documentSizes {
		each = append(each, cost{slices.Min(took[i]), medianRatio(took[i], took[0])})
	}
	return each, float64(hashed) / float64(documentSizes[0]), nil
}

// medianRatio is the median of a[i]/b[i].
func medianRatio(a, b []float64) float64 {
	var all []float64
	for i := range a {
		all = append(all, a[i]/b[i])
	}
	slices.Sort(all)
	return all[len(all)/2]
}

const (
	bagSize   = 100
	bagRounds = 60
)

// bags measures a signature with a hundred certificates, of which two are of use.
func bags(ctx context.Context, o Options) (section, error) {
	out := section{title: fmt.Sprintf("A bag of %d certificates", bagSize)}
	for _, k := range []struct {
		kind mint.Kind
		name string
	}{{mint.GOST256A, "GOST 256"}, {mint.P256, "P-256"}} {
		o.say("judging signatures with %d certificates: %s", bagSize, k.name)
		s, err := newScene(k.kind)
		if err != nil {
			return out, err
		}
		var others [][]byte
		for i := range bagSize - 2 {
			others = append(others, mint.CA(fmt.Sprint("Другой центр ", i), k.kind, s.root).DER)
		}
		content := []byte("документ")
		few, many := s.sign(content, false), s.sign(content, false, others...)
		parse := func() error {
			for _, der := range others {
				if _, err := cert.Parse(der); err != nil {
					return err
				}
			}
			return nil
		}
		var whole, path, parsing shortest
		for range bagRounds {
			err := errors.Join(
				whole.of(func() error { return s.judge(ctx, many, nil) }),
				path.of(func() error { return s.judge(ctx, few, nil) }),
				parsing.of(parse))
			if err != nil {
				return out, err
			}
		}
		r := row{what: "judge it, " + k.name, unit: "µs", p50: whole.micros(), one: true, base: path.micros() + parsing.micros(),
			against: fmt.Sprintf("useful path (%s) and parsing", amount(math.Round(path.micros())))}
		out.rows = append(out.rows, r.times(1.1))
	}
	return out, nil
}
