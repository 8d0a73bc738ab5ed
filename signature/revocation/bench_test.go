// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"testing"
	"time"

	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/mint"
)

// large is a CRL of about that many bytes with serial numbers as centres make them.
func large(tb testing.TB, s *scene, size int) []byte {
	tb.Helper()
	const perEntry = 51
	entries := make([]mint.Entry, size/perEntry)
	b := make([]byte, 16)
	for i := range entries {
		_, _ = rand.Read(b)
		b[0] &= 0x7f
		entries[i] = mint.Revoked(new(big.Int).SetBytes(b), moment.Add(-time.Duration(i)*time.Minute), mint.ReasonCode(5))
	}
	return list(entries).Sign(s.ca)
}

// BenchmarkReadList reads CRLs of growing size, signature included, and looks one certificate up: the
// cost of an entry must stay the same.
func BenchmarkReadList(b *testing.B) {
	s := newScene(mint.P256)
	q := s.question(b)
	for _, size := range []int{1 << 10, 64 << 10, 1 << 20, 5 << 20, 30 << 20} {
		crl := large(b, s, size)
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(len(crl)))
			b.ReportAllocs()
			for b.Loop() {
				if r, err := revocation.EvaluateCRL(crl, q, time.Minute); r.Status != good {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLookUp asks a checker that has a CRL of 5 MB already, about certificates that it was not asked
// about before and about one that it was.
func BenchmarkLookUp(b *testing.B) {
	shelf := newShelf(b)
	s := newScene(mint.GOST256A)
	at := mint.CRLAt(shelf.url + "/a")
	shelf.put("/a", large(b, s, 5<<20))
	k := checker(b, revocation.Config{MaxCache: time.Hour})
	s.leaf = mint.Leaf("leaf", mint.GOST256A, s.ca, at)
	q := s.question(b)
	expect(b, k.Check(b.Context(), q), good, "")
	b.Run("same", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if r := k.Check(b.Context(), q); r.Status != good {
				b.Fatal(r.Problems)
			}
		}
	})
	b.Run("other", func(b *testing.B) {
		b.ReportAllocs()
		other := *q.Certificate
		serial := big.NewInt(0)
		for b.Loop() {
			serial = new(big.Int).Add(serial, big.NewInt(1))
			other.Serial = serial
			q.Certificate = &other
			if r := k.Check(b.Context(), q); r.Status != good {
				b.Fatal(r.Problems)
			}
		}
	})
	if got := len(shelf.paths()); got != 1 {
		b.Errorf("%d downloads", got)
	}
}

// BenchmarkArchive asks archives that keep more and more answers: one is about the question.
func BenchmarkArchive(b *testing.B) {
	s := newScene(mint.P256)
	q := s.question(b)
	for _, n := range []int{1, 100} {
		answers := [][]byte{about(s, mint.StatusGood).Sign(s.ca)}
		for i := range n - 1 {
			other := newSceneNamed(fmt.Sprintf("centre %d", i))
			answers = append(answers, about(other, mint.StatusGood).Sign(other.ca))
		}
		b.Run(fmt.Sprintf("%d answers", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if r := (&revocation.Archive{Answers: answers}).Check(b.Context(), q); r.Status != good {
					b.Fatal(r.Problems)
				}
			}
		})
	}
}
