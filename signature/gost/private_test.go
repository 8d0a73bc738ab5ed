// SPDX-License-Identifier: Apache-2.0

package gost_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"slices"
	"testing"

	"zaver/signature/gost"
	"zaver/signature/gost/streebog"
	"zaver/softhsm-fixtures/gostsign"
)

func octets(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// little writes a number as a private key is read.
func little(n *big.Int, size int) []byte {
	b := n.FillBytes(make([]byte, size))
	slices.Reverse(b)
	return b
}

// TestSignExamples signs the examples of RFC 7091 section 7 with the one-time numbers given there.
func TestSignExamples(t *testing.T) {
	for _, tc := range []struct {
		set           *gost.ParamSet
		d, k, e, r, s string
	}{{
		set: gost.Example256,
		d:   "7A929ADE789BB9BE10ED359DD39A72C11B60961F49397EEE1D19CE9891EC3B28",
		k:   "77105C9B20BCD3122823C8CF6FCC7B956DE33814E95B7FE64FED924594DCEAB3",
		e:   "2DFBC1B372D89A1188C09C52E0EEC61FCE52032AB1022E8E67ECE6672B043EE5",
		r:   "41AA28D2F1AB148280CD9ED56FEDA41974053554A42767B83AD043FD39DC0493",
		s:   "01456C64BA4642A1653C235A98A60249BCD6D3F746B631DF928014F6C5BF9C40",
	}, {
		set: gost.Example512,
		d:   "0BA6048AADAE241BA40936D47756D7C93091A0E8514669700EE7508E508B102072E8123B2200A0563322DAD2827E2714A2636B7BFD18AADFC62967821FA18DD4",
		k:   "0359E7F4B1410FEACC570456C6801496946312120B39D019D455986E364F365886748ED7A44B3E794434006011842286212273A6D14CF70EA3AF71BB1AE679F1",
		e:   "3754F3CFACC9E0615C4F4A7C4D8DAB531B09B6F9C170C533A71D147035B0C5917184EE536593F4414339976C647C5D5A407ADEDB1D560C4FC6777D2972075B8C",
		r:   "2F86FA60A081091A23DD795E1E3C689EE512A3C82EE0DCC2643C78EEA8FCACD35492558486B20F1C9EC197C90699850260C93BCBCD9C5C3317E19344E173AE36",
		s:   "1081B394696FFE8E6585E7A9362D26B6325F56778AADBC081C0BFBE933D52FF5823CE288E8C4F362526080DF7F70CE406A6EEB1F56919CB92A9853BDE73E5B4A",
	}} {
		t.Run(tc.set.Name(), func(t *testing.T) {
			reversed := func(s string) []byte { b := octets(t, s); slices.Reverse(b); return b }
			key, err := gost.NewPrivateKey(tc.set, reversed(tc.d))
			if err != nil {
				t.Fatal(err)
			}
			sig, err := key.SignWith(reversed(tc.k), reversed(tc.e))
			if err != nil {
				t.Fatal(err)
			}
			if want := octets(t, tc.s+tc.r); !bytes.Equal(sig, want) {
				t.Errorf("signature\n%x, want\n%x", sig, want)
			}
			if !key.Public().Verify(reversed(tc.e), sig) {
				t.Error("the signature does not verify")
			}
		})
	}
}

// The parties of the example in RFC 7836 appendix B and what they agree on with VKO_GOSTR3410_2012_256.
const (
	partyA  = "c990ecd972fce84ec4db022778f50fcac726f46708384b8d458304962d7147f8c2db41cef22c90b102f2968404f9b9be6d47c79692d81826b32b8daca43cb667"
	partyB  = "48c859f7b6f11585887cc05ec6ef1390cfea739b1a18c0d4662293ef63b79e3b8014070b44918590b4b996acfea4edfbbbcccc8c06edd8bf5bda92a51392d0db"
	publicA = "aab0eda4abff21208d18799fb9a8556654ba783070eba10cb9abb253ec56dcf5d3ccba6192e464e6e5bcb6dea137792f2431f6c897eb1b3c0cc14327b1adc0a7" +
		"914613a3074e363aedb204d38d3563971bd8758e878c9db11403721b48002d38461f92472d40ea92f9958c0ffa4c93756401b97f89fdbe0b5e46e4a4631cdb5a"
	publicB = "192fe183b9713a077253c72c8735de2ea42a3dbc66ea317838b65fa32523cd5efca974eda7c863f4954d1147f1f2b25c395fce1c129175e876d132e94ed5a651" +
		"04883b414c9b592ec4dc84826f07d0b6d9006dda176ce48c391e3f97d102e03bb598bf132a228a45f7201aba08fc524a2d77e43a362ab022ad4028f75bde3b79"
	agreedUKM = "1d80603c8544c727"
	agreed    = "c9a9a77320e2cc559ed72dce6f47e2192ccea95fa648670582c054c0ef36c221"
)

func TestVKOExample(t *testing.T) {
	set := byName(t, "tc26-512-A")
	a, err := gost.NewPrivateKey(set, octets(t, partyA))
	if err != nil {
		t.Fatal(err)
	}
	b, err := gost.NewPrivateKey(set, octets(t, partyB))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Public().Bytes(), octets(t, publicA)) || !bytes.Equal(b.Public().Bytes(), octets(t, publicB)) {
		t.Error("the public keys are not those of the example")
	}
	for name, pair := range map[string][2]*gost.PrivateKey{"A": {a, b}, "B": {b, a}} {
		got, err := pair[0].VKO(pair[1].Public(), octets(t, agreedUKM))
		if err != nil || !bytes.Equal(got, octets(t, agreed)) {
			t.Errorf("%s agrees on %x (%v), want %s", name, got, err, agreed)
		}
	}
}

func byName(t testing.TB, name string) *gost.ParamSet {
	t.Helper()
	for _, ps := range gost.Sets() {
		if ps.Name() == name {
			return ps
		}
	}
	t.Fatalf("no set %s", name)
	return nil
}

// TestPrivateAgainstTwin holds keys, signatures and agreements on every set against the slow twin.
func TestPrivateAgainstTwin(t *testing.T) {
	for _, ps := range gost.Sets() {
		t.Run(ps.Name(), func(t *testing.T) {
			t.Parallel()
			size := ps.Bits() / 8
			key, err := gost.GenerateKey(ps, nil)
			if err != nil {
				t.Fatal(err)
			}
			twin, err := gostsign.GenerateKey(ps)
			if err != nil {
				t.Fatal(err)
			}
			own, err := gost.NewPrivateKey(ps, little(twin.Scalar(), size))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(own.Public().Bytes(), twin.Public()) {
				t.Fatal("another public key than the twin's")
			}
			digest := bytes.Repeat([]byte{0xA5}, size)
			sig, err := own.Sign(nil, digest)
			if err != nil {
				t.Fatal(err)
			}
			if !twin.Curve().Verify(twin.Public(), digest, sig) || !own.Public().Verify(digest, sig) {
				t.Error("a signature is refused")
			}
			one := little(big.NewInt(0x1234567), size)
			sig, err = own.SignWith(one, digest)
			if err != nil {
				t.Fatal(err)
			}
			if want, _ := twin.SignWith(big.NewInt(0x1234567), digest); !bytes.Equal(sig, want) {
				t.Errorf("signature\n%x, want\n%x", sig, want)
			}
			ukm := bytes.Repeat([]byte{7}, size)
			agreed, err := own.VKO(key.Public(), ukm)
			if err != nil {
				t.Fatal(err)
			}
			if want := twinVKO(twin, key.Public().Bytes(), ukm); !bytes.Equal(agreed, want) {
				t.Errorf("agreed on %x, want %x", agreed, want)
			}
			if back, err := key.VKO(own.Public(), ukm); err != nil || !bytes.Equal(back, agreed) {
				t.Errorf("the other side agreed on %x (%v), want %x", back, err, agreed)
			}
		})
	}
}

func twinVKO(k *gostsign.PrivateKey, peer, ukm []byte) []byte {
	c := k.Curve()
	u := slices.Clone(ukm)
	slices.Reverse(u)
	n := new(big.Int).SetBytes(u)
	n.Mul(n, k.Scalar()).Mul(n, big.NewInt(int64(c.Cofactor))).Mod(n, c.Q)
	x, y, _ := c.Decode(peer)
	x, y = c.Multiply(n, x, y)
	sum := streebog.Sum256(c.Encode(x, y))
	return sum[:]
}

// TestMultiplyEdges holds the multiples where a formula with exceptions would break.
func TestMultiplyEdges(t *testing.T) {
	for _, ps := range append(gost.Sets(), gost.Example256, gost.Example512) {
		t.Run(ps.Name(), func(t *testing.T) {
			q := gost.Parameters(ps)["q"]
			size := ps.Bits() / 8
			x, y := gost.Parameters(ps)["x"], gost.Parameters(ps)["y"]
			g := append(little(x, size), little(y, size)...)
			opposite := append(little(x, size), little(new(big.Int).Sub(gost.Parameters(ps)["p"], y), size)...)
			at := func(n *big.Int) []byte { return gost.Multiply(ps, little(n, size)) }
			if got := at(big.NewInt(0)); got != nil {
				t.Errorf("zero gives %x", got)
			}
			if got := at(q); got != nil {
				t.Errorf("the order gives %x", got)
			}
			if got := at(big.NewInt(1)); !bytes.Equal(got, g) {
				t.Errorf("one gives %x", got)
			}
			if got := at(new(big.Int).Sub(q, big.NewInt(1))); !bytes.Equal(got, opposite) {
				t.Errorf("the order less one gives %x", got)
			}
			if one := new(big.Int).Add(q, big.NewInt(1)); one.BitLen() <= ps.Bits() && !bytes.Equal(at(one), g) {
				t.Errorf("the order and one gives %x", at(one))
			}
		})
	}
}

func TestReduceWide(t *testing.T) {
	for _, ps := range gost.Sets() {
		q, size := gost.Parameters(ps)["q"], ps.Bits()/8
		for _, n := range []*big.Int{
			big.NewInt(0), big.NewInt(1), q, new(big.Int).Sub(q, big.NewInt(1)), new(big.Int).Mul(q, q),
			new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(16*size)), big.NewInt(1)), new(big.Int).Lsh(big.NewInt(1), uint(8*size)),
		} {
			if got, want := gost.ReduceWide(ps, little(n, 2*size)), little(new(big.Int).Mod(n, q), size); !bytes.Equal(got, want) {
				t.Errorf("%s: %x gives %x, want %x", ps, n, got, want)
			}
		}
	}
}

func TestPrivateKeyRefusals(t *testing.T) {
	ps, other, long := byName(t, "CryptoPro-A"), byName(t, "tc26-256-A"), byName(t, "tc26-512-A")
	q := gost.Parameters(ps)["q"]
	for name, tc := range map[string]struct {
		raw  []byte
		want error
	}{
		"empty":              {nil, gost.ErrLength},
		"short":              {make([]byte, 31), gost.ErrLength},
		"long":               {make([]byte, 33), gost.ErrLength},
		"zero":               {make([]byte, 32), gost.ErrScalar},
		"the order":          {little(q, 32), gost.ErrScalar},
		"above the order":    {bytes.Repeat([]byte{0xFF}, 32), gost.ErrScalar},
		"one":                {little(big.NewInt(1), 32), nil},
		"the order less one": {little(new(big.Int).Sub(q, big.NewInt(1)), 32), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := gost.NewPrivateKey(ps, tc.raw); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
	key, peer, digest := made(t, ps), made(t, ps).Public(), make([]byte, 32)
	ukm := []byte{1}
	fails := func(name string, want error, do func(*gost.PrivateKey) ([]byte, error)) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			if got, err := do(key); !errors.Is(err, want) || got != nil {
				t.Errorf("got %x, %v, want %v", got, err, want)
			}
		})
	}
	fails("digest of 64 octets", gost.ErrDigest, func(k *gost.PrivateKey) ([]byte, error) { return k.Sign(nil, make([]byte, 64)) })
	fails("no randomness", io.ErrUnexpectedEOF, func(k *gost.PrivateKey) ([]byte, error) { return k.Sign(bytes.NewReader(ukm), digest) })
	fails("no peer", gost.ErrOtherSet, func(k *gost.PrivateKey) ([]byte, error) { return k.VKO(nil, ukm) })
	fails("peer on another curve", gost.ErrOtherSet, func(k *gost.PrivateKey) ([]byte, error) { return k.VKO(made(t, other).Public(), ukm) })
	fails("peer of 512 bits", gost.ErrOtherSet, func(k *gost.PrivateKey) ([]byte, error) { return k.VKO(made(t, long).Public(), ukm) })
	fails("ukm empty", gost.ErrUKM, func(k *gost.PrivateKey) ([]byte, error) { return k.VKO(peer, nil) })
	fails("ukm too long", gost.ErrUKM, func(k *gost.PrivateKey) ([]byte, error) { return k.VKO(peer, make([]byte, 33)) })
	fails("ukm zero", gost.ErrUKM, func(k *gost.PrivateKey) ([]byte, error) { return k.VKO(peer, make([]byte, 8)) })
	fails("ukm is the order", gost.ErrUKM, func(k *gost.PrivateKey) ([]byte, error) { return k.VKO(peer, little(q, 32)) })
	key.Wipe()
	fails("sign after Wipe", gost.ErrWiped, func(k *gost.PrivateKey) ([]byte, error) { return k.Sign(nil, digest) })
	fails("agree after Wipe", gost.ErrWiped, func(k *gost.PrivateKey) ([]byte, error) { return k.VKO(peer, ukm) })
}

func made(t testing.TB, ps *gost.ParamSet) *gost.PrivateKey {
	t.Helper()
	k, err := gost.GenerateKey(ps, nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// same repeats one octet for ever: a broken source of randomness.
type same byte

func (s same) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(s)
	}
	return len(p), nil
}

// TestBrokenRandomness shows that a reader that repeats itself doesn't repeat the one-time number of another digest or key.
func TestBrokenRandomness(t *testing.T) {
	ps := byName(t, "tc26-256-A")
	a, b := made(t, ps), made(t, ps)
	seen := map[string]string{}
	for name, sign := range map[string]func() ([]byte, error){
		"a, zeros":        func() ([]byte, error) { return a.Sign(same(0), make([]byte, 32)) },
		"a, zeros, ones":  func() ([]byte, error) { return a.Sign(same(0), bytes.Repeat([]byte{1}, 32)) },
		"a, other random": func() ([]byte, error) { return a.Sign(same(1), make([]byte, 32)) },
		"b, zeros":        func() ([]byte, error) { return b.Sign(same(0), make([]byte, 32)) },
	} {
		sig, err := sign()
		if err != nil {
			t.Fatal(err)
		}
		if before, ok := seen[string(sig[32:])]; ok {
			t.Errorf("%s has the one-time number of %s", name, before)
		}
		seen[string(sig[32:])] = name
	}
	again, err := a.Sign(same(0), make([]byte, 32))
	if err != nil || seen[string(again[32:])] != "a, zeros" {
		t.Errorf("equal inputs give another signature (%v)", err)
	}
}
