// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cms"
	"zaver/signature/pin"
	"zaver/signature/pkcs11"
	"zaver/signature/token"
	"zaver/softhsm-fixtures/mint"
)

// bench is a key to sign with.
type bench struct {
	module string
	with   token.Setup
	host   *token.Host
	found  token.Credential
	pin    string
}

func benches(b *testing.B) map[string]bench {
	soft, gost := theRig.store, theRig.gost
	host := theRig.host(b, nil, soft.Module())
	all := map[string]bench{}
	for _, name := range []string{"p256", "rsa"} {
		all[name] = bench{soft.Module(), token.Setup{Env: soft.Env()}, host, theRig.credential(b, list(b, host), name), userPIN}
	}
	store := gost.copyOf(b)
	host = theRig.host(b, nil, store.Module())
	for name, kind := range map[string]mint.Kind{"gost256": mint.GOST256A, "gost512": mint.GOST512A} {
		all[name] = bench{store.Module(), token.Setup{}, host, gost.credential(b, list(b, host), kind), gost.token.PIN}
	}
	return all
}

// BenchmarkSign compares one signature through a worker process with the same calls made directly, and with C_Sign alone. "warm" is what a
// person meets: the worker that listed the tokens signs. "cms" makes the whole CMS of a statement by it. "cold" starts a worker first, as
// after a wrong PIN.
func BenchmarkSign(b *testing.B) {
	all := benches(b)
	for _, name := range []string{"p256", "rsa", "gost256", "gost512"} {
		k := all[name]
		key := k.found.Certificate.PublicKey
		a, err := algo.ForKey(key.Kind(), key.Bits())
		if err != nil {
			b.Fatal(err)
		}
		digest := a.Digest.Sum([]byte("statement"))
		relist := func() { list(b, k.host) }
		b.Run(name+"/warm", func(b *testing.B) { measure(b, relist, func() { k.sign(b, a, digest) }) })
		b.Run(name+"/cms", func(b *testing.B) { measure(b, relist, func() { k.cms(b) }) })
		b.Run(name+"/cold", func(b *testing.B) { measure(b, func() {}, func() { k.sign(b, a, digest) }) })
		b.Run(name+"/direct", func(b *testing.B) { k.direct(b, a, digest, false) })
		b.Run(name+"/C_Sign", func(b *testing.B) { k.direct(b, a, digest, true) })
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

func (k bench) sign(b *testing.B, a algo.Algorithm, digest []byte) {
	if _, err := k.SignDigest(b.Context(), a, digest); err != nil {
		b.Fatal(err)
	}
}

// SignDigest implements cms.Signer.
func (k bench) SignDigest(ctx context.Context, a algo.Algorithm, digest []byte) ([]byte, error) {
	p := pin.New([]byte(k.pin))
	defer p.Wipe()
	return k.host.Sign(ctx, k.found.Ref, p, a, digest)
}

func (k bench) cms(b *testing.B) {
	statement := bytes.Repeat([]byte("zaver.statement/v1\n"), 40)
	if _, err := cms.Sign(b.Context(), cms.Request{Content: statement, Certificate: k.found.Certificate, SigningTime: time.Now(), Signer: k}); err != nil {
		b.Fatal(err)
	}
}

// direct loads the module into the benchmark's own process.
func (k bench) direct(b *testing.B, a algo.Algorithm, digest []byte, bare bool) {
	for _, kv := range k.with.Env {
		name, value, _ := strings.Cut(kv, "=")
		b.Setenv(name, value)
	}
	m, err := pkcs11.Open(k.module, k.with.Parameters)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	session := func(f func(*pkcs11.Key) error) {
		err := m.Session(k.found.Ref.Slot, func(s *pkcs11.Session) error {
			if err := s.Login(newPIN(b, k.pin)); err != nil {
				return err
			}
			key, err := s.Key(k.found.ID, k.found.Certificate.PublicKey)
			if err != nil {
				return err
			}
			return f(key)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	p := newPIN(b, k.pin)
	sign := func(key *pkcs11.Key) error {
		_, err := key.Sign(a, digest, p)
		return err
	}
	if !bare {
		measure(b, func() {}, func() { session(sign) })
		return
	}
	session(func(key *pkcs11.Key) error {
		measure(b, func() {}, func() { err = sign(key) })
		return err
	})
}

// BenchmarkModules is BenchmarkSign for every module of the suite: PIN to CMS, and the module's own part of it.
func BenchmarkModules(b *testing.B) {
	modules := vehicles()
	delete(modules, "fault module") // it prints, and is SoftHSM otherwise
	for name, make := range modules {
		v := make(b)
		h := v.host(b, v.module)
		k := bench{v.module, v.with, h, v.credential(b, h, v.der), v.pin}
		key := k.found.Certificate.PublicKey
		a, err := algo.ForKey(key.Kind(), key.Bits())
		if err != nil {
			b.Fatal(err)
		}
		digest := a.Digest.Sum([]byte("statement"))
		b.Run(name+"/cms", func(b *testing.B) { measure(b, func() { list(b, h) }, func() { k.cms(b) }) })
		b.Run(name+"/direct", func(b *testing.B) { k.direct(b, a, digest, false) })
	}
}

// BenchmarkList measures a listing by a running worker of three tokens.
func BenchmarkList(b *testing.B) {
	h := theRig.host(b, nil, theRig.store.Module())
	list(b, h)
	for b.Loop() {
		list(b, h)
	}
}
