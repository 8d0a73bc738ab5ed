// SPDX-License-Identifier: Apache-2.0

package cvc_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"testing"
	"time"

	"zaver/cardreader/apdu"
	"zaver/cardreader/cvc"
	"zaver/signature/gost"
	"zaver/softhsm-fixtures/gostsign"
	"zaver/softhsm-fixtures/uec"
)

var (
	first = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	last  = time.Date(2027, 12, 31, 0, 0, 0, 0, time.UTC)
)

func says(key *gostsign.PrivateKey) uec.CVC {
	return uec.CVC{Issuer: []byte("ROOT"), Subject: []byte("OPERATOR"), Public: key.Public(), Type: uec.TypeOperator, Rights: 0x05, First: first, Last: last}
}

func authority(t testing.TB, name string, key *gostsign.PrivateKey) cvc.Authority {
	t.Helper()
	public, err := gost.ParsePublicKey(cvc.Curve(), key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return cvc.Authority{Name: []byte(name), Key: public}
}

func TestParse(t *testing.T) {
	root, key := uec.NewKey(), uec.NewKey()
	raw := says(key).Sign(root)
	c, err := cvc.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if string(c.Issuer) != "ROOT" || string(c.Subject) != "OPERATOR" || !bytes.Equal(c.Key.Bytes(), key.Public()) ||
		c.Type != cvc.Operator || c.Rights != cvc.ReadHolder|cvc.UseSigning || c.First != first || c.Last != last ||
		c.KeyVersion != 1 || c.KeyPurpose != 1 || !bytes.Equal(c.System, []byte{1}) || string(c.Serial) != "00000001" {
		t.Errorf("%+v", c)
	}
	if err := c.Check(cvc.Operator, authority(t, "ROOT", root)); err != nil {
		t.Error(err)
	}
	// Body and signature are the certificate again.
	if !bytes.HasSuffix(raw, append(bytes.Clone(c.Body()), c.SignatureObject()...)) {
		t.Error("the parts are not those of the certificate")
	}
	if got, rest, err := cvc.ParseFirst(append(bytes.Clone(raw), 1, 2)); err != nil || !bytes.Equal(rest, []byte{1, 2}) || got.Type != c.Type {
		t.Errorf("%X, %v", rest, err)
	}
	below := c.Authority()
	if string(below.Name) != "OPERATOR" || !below.Key.Equal(c.Key) {
		t.Error("another authority")
	}
}

func TestCheck(t *testing.T) {
	root, key := uec.NewKey(), uec.NewKey()
	c, err := cvc.Parse(says(key).Sign(root))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		kind cvc.Type
		by   cvc.Authority
		want error
	}{
		"good":         {cvc.Operator, authority(t, "ROOT", root), nil},
		"another type": {cvc.Terminal, authority(t, "ROOT", root), cvc.ErrType},
		"another name": {cvc.Operator, authority(t, "OTHER", root), cvc.ErrIssuer},
		"longer name":  {cvc.Operator, authority(t, "ROOT2", root), cvc.ErrIssuer},
		"another key":  {cvc.Operator, authority(t, "ROOT", key), cvc.ErrSignature},
		"no key":       {cvc.Operator, cvc.Authority{Name: []byte("ROOT")}, cvc.ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.Check(tt.kind, tt.by); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// TestEveryBitCounts changes each bit of a certificate: it does not parse, or its signature does not hold.
func TestEveryBitCounts(t *testing.T) {
	root := uec.NewKey()
	raw, by := says(uec.NewKey()).Sign(root), authority(t, "ROOT", root)
	for bit := range 8 * len(raw) {
		spoiled := bytes.Clone(raw)
		spoiled[bit/8] ^= 1 << (bit % 8)
		if c, err := cvc.Parse(spoiled); err == nil && c.Check(cvc.Operator, by) == nil {
			t.Errorf("bit %d of byte %d does not count", bit%8, bit/8)
		}
	}
	for n := range raw {
		if _, err := cvc.Parse(raw[:n]); err == nil {
			t.Errorf("cut at %d it parses", n)
		}
	}
}

func TestDays(t *testing.T) {
	c, err := cvc.Parse(says(uec.NewKey()).Sign(uec.NewKey()))
	if err != nil {
		t.Fatal(err)
	}
	moscow := time.FixedZone("MSK", 3*3600)
	for at, ok := range map[time.Time]bool{
		time.Date(2026, 1, 1, 23, 59, 59, 0, moscow):   false,
		time.Date(2026, 1, 2, 0, 0, 0, 0, moscow):      true,
		time.Date(2027, 12, 31, 23, 59, 59, 0, moscow): true,
		time.Date(2028, 1, 1, 0, 0, 0, 0, moscow):      false,
	} {
		if err := c.On(at); (err == nil) != ok || !ok && !errors.Is(err, cvc.ErrDate) {
			t.Errorf("%s: %v", at, err)
		}
	}
}

// object is the certificate as a tree, to be spoiled and written again.
func object(t testing.TB) []apdu.TLV {
	t.Helper()
	list, err := apdu.ParseTLV(says(uec.NewKey()).Sign(uec.NewKey()))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestMalformed(t *testing.T) {
	body := func(list []apdu.TLV) *[]apdu.TLV { return &list[0].Children[0].Children }
	at := func(list []apdu.TLV, i int) *apdu.TLV { return &(*body(list))[i] }
	tests := map[string]func(list []apdu.TLV){
		"profile":      func(l []apdu.TLV) { at(l, 0).Value = []byte{1} },
		"long profile": func(l []apdu.TLV) { at(l, 0).Value = []byte{0, 0} },
		"no issuer":    func(l []apdu.TLV) { at(l, 1).Value = nil },
		"long issuer":  func(l []apdu.TLV) { at(l, 1).Value = make([]byte, 17) },
		"no numbers":   func(l []apdu.TLV) { at(l, 2).Children = nil },
		"further number": func(l []apdu.TLV) {
			at(l, 2).Children = append(at(l, 2).Children, apdu.TLV{Tag: 0x82, Value: []byte{1}})
		},
		"long number":  func(l []apdu.TLV) { at(l, 2).Children[1].Value = make([]byte, 17) },
		"no subject":   func(l []apdu.TLV) { at(l, 3).Value = nil },
		"short key":    func(l []apdu.TLV) { at(l, 4).Children[0].Value = make([]byte, 63) },
		"key of zeros": func(l []apdu.TLV) { at(l, 4).Children[0].Value = make([]byte, 64) },
		"RSA key": func(l []apdu.TLV) {
			at(l, 4).Children = append(at(l, 4).Children, apdu.TLV{Tag: 0x82, Value: []byte{3}})
		},
		"long type":           func(l []apdu.TLV) { at(l, 5).Children[0].Value = []byte{4, 4} },
		"no rights":           func(l []apdu.TLV) { at(l, 5).Children = slices.Delete(at(l, 5).Children, 1, 2) },
		"day of letters":      func(l []apdu.TLV) { at(l, 6).Value = []byte{0xFF, 1, 1} },
		"31 February":         func(l []apdu.TLV) { at(l, 6).Value = []byte{0x26, 0x02, 0x31} },
		"long day":            func(l []apdu.TLV) { at(l, 6).Value = []byte{0x20, 0x26, 0x01, 0x01} },
		"last before first":   func(l []apdu.TLV) { at(l, 7).Value = []byte{0x25, 0x01, 0x01} },
		"no last day":         func(l []apdu.TLV) { *body(l) = (*body(l))[:7] },
		"further member":      func(l []apdu.TLV) { *body(l) = append(*body(l), apdu.TLV{Tag: 0x81, Value: []byte{1}}) },
		"another order":       func(l []apdu.TLV) { b := *body(l); b[0], b[1] = b[1], b[0] },
		"member twice":        func(l []apdu.TLV) { *body(l) = slices.Insert(*body(l), 1, (*body(l))[0]) },
		"short signature":     func(l []apdu.TLV) { l[0].Children[1].Value = make([]byte, 63) },
		"no signature":        func(l []apdu.TLV) { l[0].Children = l[0].Children[:1] },
		"signature first":     func(l []apdu.TLV) { c := l[0].Children; c[0], c[1] = c[1], c[0] },
		"something beside":    func(l []apdu.TLV) { l[0].Children = append(l[0].Children, apdu.TLV{Tag: 0x81}) },
		"another outer tag":   func(l []apdu.TLV) { l[0].Tag = 0x7F22 },
		"another body's tag":  func(l []apdu.TLV) { l[0].Children[0].Tag = 0x7F4C },
		"issuer's tag primit": func(l []apdu.TLV) { at(l, 1).Tag = 0x43 },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			list := object(t)
			spoil(list)
			if c, err := cvc.Parse(list[0].Append(nil)); err == nil {
				t.Errorf("parsed: %+v", c)
			}
		})
	}
	good := object(t)[0].Append(nil)
	for name, raw := range map[string][]byte{
		"nothing": nil, "tag alone": {0x7F, 0x21}, "after the end": append(bytes.Clone(good), 0),
		"long length": append([]byte{0x7F, 0x21, 0x82, 0x00}, good[3:]...), "endless": {0x7F, 0x21, 0x80, 0, 0}, "too long": append([]byte{0x7F, 0x21, 0x82, 0x02, 0x00}, make([]byte, 512)...),
		"padding within": append([]byte{0x7F, 0x21, 0x81, good[3] + 1, 0x00}, good[4:]...),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := cvc.Parse(raw); !errors.Is(err, apdu.ErrMalformed) {
				t.Errorf("%v", err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	list := object(f)
	raw := list[0].Append(nil)
	f.Add(raw)
	f.Add(raw[:len(raw)/2])
	for _, s := range []string{"7F2100", "7F21037F4E00", "7F21817F7F4E"} {
		b, _ := hex.DecodeString(s)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, rest, err := cvc.ParseFirst(b)
		if err != nil {
			return
		}
		inner := append(bytes.Clone(c.Body()), c.SignatureObject()...)
		if !bytes.HasSuffix(b[:len(b)-len(rest)], inner) || len(b)-len(rest) > cvc.MaxSize {
			t.Fatalf("%X is not what was read", b)
		}
	})
}
