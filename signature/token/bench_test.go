// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"zaver/signature/algo"
	"zaver/signature/pkcs11"
	"zaver/signature/token"
)

// BenchmarkSign compares one signature through a worker process with the same calls made directly, and with C_Sign alone. "warm" is what a
// person meets: the worker that listed the tokens signs. "cold" starts a worker first, as after a wrong PIN.
func BenchmarkSign(b *testing.B) {
	for _, name := range []string{"p256", "rsa"} {
		h := theRig.host(b, nil, theRig.store.Module())
		c := theRig.credential(b, list(b, h), name)
		k := c.Certificate.PublicKey
		a, err := algo.ForKey(k.Kind(), k.Bits())
		if err != nil {
			b.Fatal(err)
		}
		digest := a.Digest.Sum([]byte("statement"))
		b.Run(name+"/warm", func(b *testing.B) {
			measure(b, func() { list(b, h) }, func() { benchSign(b, h, c, a, digest) })
		})
		b.Run(name+"/cold", func(b *testing.B) {
			measure(b, func() {}, func() { benchSign(b, h, c, a, digest) })
		})
		b.Run(name+"/direct", func(b *testing.B) { benchDirect(b, c, a, digest, false) })
		b.Run(name+"/C_Sign", func(b *testing.B) { benchDirect(b, c, a, digest, true) })
	}
}

// measure times work alone and reports its median and 95th percentile.
func measure(b *testing.B, prepare, work func()) {
	var took []time.Duration
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		prepare()
		b.StartTimer()
		begin := time.Now()
		work()
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs-p50")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds()), "µs-p95")
}

func benchSign(b *testing.B, h *token.Host, c token.Credential, a algo.Algorithm, digest []byte) {
	if _, err := h.Sign(context.Background(), c.Ref, newPIN(b, userPIN), a, digest); err != nil {
		b.Fatal(err)
	}
}

// benchDirect loads SoftHSM into the benchmark's own process.
func benchDirect(b *testing.B, c token.Credential, a algo.Algorithm, digest []byte, bare bool) {
	old := os.Getenv("SOFTHSM2_CONF")
	os.Setenv("SOFTHSM2_CONF", theRig.store.Config())
	defer os.Setenv("SOFTHSM2_CONF", old)
	m, err := pkcs11.Open(theRig.store.Module())
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	session := func(f func(*pkcs11.Key) error) {
		err := m.Session(c.Ref.Slot, func(s *pkcs11.Session) error {
			if err := s.Login(newPIN(b, userPIN)); err != nil {
				return err
			}
			k, err := s.Key(c.ID, c.Certificate.PublicKey)
			if err != nil {
				return err
			}
			return f(k)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	sign := func(k *pkcs11.Key) error {
		_, err := k.Sign(a, digest, nil)
		return err
	}
	if !bare {
		measure(b, func() {}, func() { session(sign) })
		return
	}
	session(func(k *pkcs11.Key) error {
		measure(b, func() {}, func() { err = sign(k) })
		return err
	})
}

// BenchmarkList measures a listing by a running worker of three tokens.
func BenchmarkList(b *testing.B) {
	h := theRig.host(b, nil, theRig.store.Module())
	list(b, h)
	for b.Loop() {
		list(b, h)
	}
}
