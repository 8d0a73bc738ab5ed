// SPDX-License-Identifier: Apache-2.0

package gostsign_test

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"zaver/signature/gost"
	"zaver/softhsm-fixtures/gostsign"
)

func number(t testing.TB, s string) *big.Int {
	t.Helper()
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		t.Fatalf("malformed number %s", s)
	}
	return n
}

// TestExamples signs the examples of RFC 7091 section 7 with the one-time numbers given there.
func TestExamples(t *testing.T) {
	for _, tc := range []struct {
		curve                    *gostsign.Curve
		d, k, e, x, y, r, s, ref string
	}{{
		curve: gostsign.Example256, ref: "section 7.1",
		d: "7A929ADE789BB9BE10ED359DD39A72C11B60961F49397EEE1D19CE9891EC3B28",
		k: "77105C9B20BCD3122823C8CF6FCC7B956DE33814E95B7FE64FED924594DCEAB3",
		e: "2DFBC1B372D89A1188C09C52E0EEC61FCE52032AB1022E8E67ECE6672B043EE5",
		x: "7F2B49E270DB6D90D8595BEC458B50C58585BA1D4E9B788F6689DBD8E56FD80B",
		y: "26F1B489D6701DD185C8413A977B3CBBAF64D1C593D26627DFFB101A87FF77DA",
		r: "41AA28D2F1AB148280CD9ED56FEDA41974053554A42767B83AD043FD39DC0493",
		s: "1456C64BA4642A1653C235A98A60249BCD6D3F746B631DF928014F6C5BF9C40",
	}, {
		curve: gostsign.Example512, ref: "section 7.2",
		d: "BA6048AADAE241BA40936D47756D7C93091A0E8514669700EE7508E508B102072E8123B2200A0563322DAD2827E2714A2636B7BFD18AADFC62967821FA18DD4",
		k: "359E7F4B1410FEACC570456C6801496946312120B39D019D455986E364F365886748ED7A44B3E794434006011842286212273A6D14CF70EA3AF71BB1AE679F1",
		e: "3754F3CFACC9E0615C4F4A7C4D8DAB531B09B6F9C170C533A71D147035B0C5917184EE536593F4414339976C647C5D5A407ADEDB1D560C4FC6777D2972075B8C",
		x: "115DC5BC96760C7B48598D8AB9E740D4C4A85A65BE33C1815B5C320C854621DD5A515856D13314AF69BC5B924C8B4DDFF75C45415C1D9DD9DD33612CD530EFE1",
		y: "37C7C90CD40B0F5621DC3AC1B751CFA0E2634FA0503B3D52639F5D7FB72AFD61EA199441D943FFE7F0C70A2759A3CDB84C114E1F9339FDF27F35ECA93677BEEC",
		r: "2F86FA60A081091A23DD795E1E3C689EE512A3C82EE0DCC2643C78EEA8FCACD35492558486B20F1C9EC197C90699850260C93BCBCD9C5C3317E19344E173AE36",
		s: "1081B394696FFE8E6585E7A9362D26B6325F56778AADBC081C0BFBE933D52FF5823CE288E8C4F362526080DF7F70CE406A6EEB1F56919CB92A9853BDE73E5B4A",
	}} {
		t.Run(tc.ref, func(t *testing.T) {
			key, err := tc.curve.Key(number(t, tc.d))
			if err != nil {
				t.Fatal(err)
			}
			if want := tc.curve.Encode(number(t, tc.x), number(t, tc.y)); !bytes.Equal(key.Public(), want) {
				t.Errorf("public key %x, want %x", key.Public(), want)
			}
			digest := number(t, tc.e).FillBytes(make([]byte, tc.curve.Size))
			slices.Reverse(digest)
			sig, err := key.SignWith(number(t, tc.k), digest)
			if err != nil {
				t.Fatal(err)
			}
			want := append(number(t, tc.s).FillBytes(make([]byte, tc.curve.Size)), number(t, tc.r).FillBytes(make([]byte, tc.curve.Size))...)
			if !bytes.Equal(sig, want) {
				t.Errorf("signature\n%s, want\n%s", hex.EncodeToString(sig), hex.EncodeToString(want))
			}
			if !tc.curve.Verify(key.Public(), digest, want) {
				t.Error("the signature of the example doesn't verify")
			}
		})
	}
}

// TestCurves checks what a transcription slip would break: primality, the equation, the order of the generator and Hasse's bound.
func TestCurves(t *testing.T) {
	curves := []*gostsign.Curve{gostsign.Example256, gostsign.Example512}
	for _, ps := range gost.Sets() {
		c, err := gostsign.ForSet(ps)
		if err != nil {
			t.Fatal(err)
		}
		if c.Size*8 != ps.Bits() {
			t.Errorf("%s: %d octets for %d bits", ps, c.Size, ps.Bits())
		}
		curves = append(curves, c)
	}
	for _, c := range curves {
		if !c.P.ProbablyPrime(16) || !c.Q.ProbablyPrime(16) {
			t.Errorf("%s: p or q is composite", c.Name)
		}
		if !c.On(c.X, c.Y) {
			t.Errorf("%s: generator is off the curve", c.Name)
		}
		if x, _ := c.Multiply(c.Q, c.X, c.Y); x != nil {
			t.Errorf("%s: q times the generator isn't neutral", c.Name)
		}
		// |p + 1 - hq| <= 2 sqrt p
		d := new(big.Int).Add(c.P, big.NewInt(1))
		d.Sub(d, new(big.Int).Mul(c.Q, big.NewInt(int64(c.Cofactor))))
		if d.Mul(d, d).Cmp(new(big.Int).Lsh(c.P, 2)) > 0 {
			t.Errorf("%s: cofactor is not %d", c.Name, c.Cofactor)
		}
	}
}

func TestSignVerify(t *testing.T) {
	for _, ps := range gost.Sets() {
		key, err := gostsign.GenerateKey(ps)
		if err != nil {
			t.Fatal(err)
		}
		c := key.Curve()
		digest := bytes.Repeat([]byte{0xA5}, c.Size)
		one, err := key.SignRandom(rand.NewChaCha8([32]byte{1}), digest)
		if err != nil {
			t.Fatal(err)
		}
		two, err := key.SignRandom(rand.NewChaCha8([32]byte{1}), digest)
		if err != nil || !bytes.Equal(one, two) {
			t.Errorf("%s: equal randomness gives different signatures (%v)", ps, err)
		}
		if !c.Verify(key.Public(), digest, one) {
			t.Errorf("%s: own signature refused", ps)
		}
		one[5] ^= 1
		if c.Verify(key.Public(), digest, one) {
			t.Errorf("%s: broken signature accepted", ps)
		}
		if key.ParamSet() != ps {
			t.Errorf("%s: key of %s", ps, key.ParamSet())
		}
	}
}

func TestRefusals(t *testing.T) {
	c := gostsign.Example256
	for name, d := range map[string]*big.Int{"zero": new(big.Int), "order": c.Q, "negative": big.NewInt(-1)} {
		if _, err := c.Key(d); err == nil {
			t.Errorf("private key %s accepted", name)
		}
	}
	key, err := c.Key(big.NewInt(7))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := key.Sign(make([]byte, 31)); err == nil {
		t.Error("short digest signed")
	}
	if _, err := key.SignWith(c.Q, make([]byte, 32)); err == nil {
		t.Error("one-time number q accepted")
	}
	if _, err := key.SignRandom(bytes.NewReader(nil), make([]byte, 32)); err == nil {
		t.Error("signed without randomness")
	}
}

func BenchmarkSign(b *testing.B) {
	for _, ps := range gost.Sets() {
		b.Run(ps.Name(), func(b *testing.B) {
			key, err := gostsign.GenerateKey(ps)
			if err != nil {
				b.Fatal(err)
			}
			digest := bytes.Repeat([]byte{0xA5}, ps.Bits()/8)
			for b.Loop() {
				if _, err := key.Sign(digest); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
