// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"compress/gzip"
	"testing"

	"zaver/cardreader/apdu"
	"zaver/signature/algo"
)

func squeezed(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

// FuzzContainer: nothing in a container makes it panic or grow beyond the profile's bound.
func FuzzContainer(f *testing.F) {
	for _, seed := range [][]byte{
		{0x53, 0x07, 0x70, 0x02, 0x30, 0x00, 0x71, 0x01, 0x00}, {0x53, 0x00}, {0x53, 0x82, 0xFF, 0xFF},
		append([]byte{0x53, 0x27, 0x70, 0x22}, squeezed([]byte("0123456789"))...),
	} {
		f.Add(seed)
	}
	z := squeezed(make([]byte, 4000))
	f.Add(append(append([]byte{0x53, byte(len(z) + 5), 0x70, byte(len(z))}, z...), 0x71, 0x01, 0x01))
	place := Container{Place: Place{Max: 1000}, Path: TagPath{0x53, 0x70}, Compression: TagPath{0x53, 0x71}}
	f.Fuzz(func(t *testing.T, b []byte) {
		der, err := place.open(b)
		if err == nil && len(der) > max(place.Max, len(b)) {
			t.Fatalf("%d bytes became %d", len(b), len(der))
		}
		if err == nil {
			_, _ = splitCertificates(der)
		}
	})
}

// FuzzSignature: whatever a card calls a signature becomes canonical DER, s || r of the right length, or an error.
func FuzzSignature(f *testing.F) {
	for _, seed := range []string{"", "\x30\x06\x02\x01\x01\x02\x01\x01", "\x30\x06\x02\x01\x00\x02\x01\x01"} {
		f.Add([]byte(seed))
	}
	f.Add(bytes.Repeat([]byte{1}, 64))
	ecdsa, err := algo.ByName("ecdsa-sha256")
	if err != nil {
		f.Fatal(err)
	}
	gost, err := algo.ByName("gost2012-256")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, answer := range []SignAnswer{AnswerRS, AnswerSR, AnswerDER} {
			row := SignatureAlgorithm{Answer: answer, Size: 64}
			der, err := row.signature(ecdsa, raw)
			if err != nil {
				continue
			}
			r, s, err := parseDER(der, 32)
			if err != nil || r.Sign() < 1 || s.Sign() < 1 {
				t.Fatalf("%X became %X", raw, der)
			}
		}
		row := SignatureAlgorithm{Answer: AnswerRS, Size: 64}
		if out, err := row.signature(gost, raw); err == nil && (len(out) != 64 || !bytes.Equal(out[:32], raw[32:]) || !bytes.Equal(out[32:], raw[:32])) {
			t.Fatalf("%X became %X", raw, out)
		}
	})
}

// TestSignatureForms: each input and each answer, byte by byte.
func TestSignatureForms(t *testing.T) {
	named := func(name string) algo.Algorithm {
		a, err := algo.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	half := func(b byte) []byte { return append(make([]byte, 31), b) }
	der := []byte{0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x02}
	for _, tt := range []struct {
		name, algorithm string
		answer          SignAnswer
		size            int
		raw, want       []byte // want nil: refused
	}{
		{"r and s", "ecdsa-sha256", AnswerRS, 64, append(half(1), half(2)...), der},
		{"s and r", "ecdsa-sha256", AnswerSR, 64, append(half(2), half(1)...), der},
		{"DER", "ecdsa-sha256", AnswerDER, 64, der, der},
		{"long form of a length", "ecdsa-sha256", AnswerDER, 64, []byte{0x30, 0x81, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x02}, nil},
		{"GOST, r and s", "gost2012-256", AnswerRS, 64, append(half(1), half(2)...), append(half(2), half(1)...)},
		{"GOST, s and r", "gost2012-256", AnswerSR, 64, append(half(2), half(1)...), append(half(2), half(1)...)},
		{"GOST, zero r", "gost2012-256", AnswerRS, 64, append(half(0), half(2)...), nil},
		{"GOST, zero s", "gost2012-256", AnswerRS, 64, append(half(1), half(0)...), nil},
		{"GOST, short", "gost2012-256", AnswerRS, 64, half(1), nil},
		{"RSA", "rsa-sha256", AnswerRaw, 32, half(7), half(7)},
		{"RSA, short", "rsa-sha256", AnswerRaw, 256, half(7), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			row := SignatureAlgorithm{Answer: tt.answer, Size: tt.size}
			got, err := row.signature(named(tt.algorithm), tt.raw)
			if (err == nil) != (tt.want != nil) || !bytes.Equal(got, tt.want) {
				t.Errorf("%X, %v; want %X", got, err, tt.want)
			}
		})
	}
	digest := bytes.Repeat([]byte{0xAB}, 32)
	info := append([]byte{0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}, digest...)
	block := append(append(append([]byte{0, 1}, bytes.Repeat([]byte{0xFF}, 64-3-len(info))...), 0), info...)
	for _, tt := range []struct {
		input SignInput
		size  int
		want  []byte
	}{
		{InputDigest, 64, digest}, {InputDigestInfo, 64, info}, {InputPKCS1, 64, block}, {InputPKCS1, 61, nil},
	} {
		t.Run(string(tt.input), func(t *testing.T) {
			row := SignatureAlgorithm{Input: tt.input, Size: tt.size}
			got, err := row.input(named("rsa-sha256"), digest)
			if (err == nil) != (tt.want != nil) || !bytes.Equal(got, tt.want) {
				t.Errorf("%X, %v; want %X", got, err, tt.want)
			}
		})
	}
}

// TestReadsByTag: GET DATA asks with a tag list and follows 61xx.
func TestReadsByTag(t *testing.T) {
	s := &script{answers: [][]byte{{1, 2, 0x61, 2}, {3, 4, 0x90, 0}}}
	c := &Card{profile: &Profile{}}
	got, err := (&session{card: c, channel: &link{t: s}}).readObject(t.Context(), apdu.Tag(0x5FC10A), 4)
	if err != nil || !bytes.Equal(got, []byte{1, 2, 3, 4}) {
		t.Fatalf("%X, %v", got, err)
	}
	first := s.seen[0]
	if first.INS != 0xCB || first.P1 != 0x3F || first.P2 != 0xFF || !bytes.Equal(first.Data, []byte{0x5C, 3, 0x5F, 0xC1, 0x0A}) {
		t.Errorf("asked by %+v", first)
	}
	s = &script{answers: [][]byte{{1, 2, 3, 4, 5, 0x90, 0}}}
	if _, err := (&session{card: c, channel: &link{t: s}}).readObject(t.Context(), apdu.Tag(0x7E), 4); err == nil {
		t.Error("an object of any length is taken")
	}
}
