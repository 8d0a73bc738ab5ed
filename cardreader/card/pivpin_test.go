// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"bytes"
	"compress/gzip"
	"testing"

	"zaver/cardreader/card"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/piv"
)

// tlv encodes an object whatever its tag says of its contents.
func tlv(tag byte, contents ...[]byte) []byte {
	content := bytes.Join(contents, nil)
	switch n := len(content); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, content...)
	case n <= 0xFF:
		return append([]byte{tag, 0x81, byte(n)}, content...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, content...)
	}
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

// TestPIVPasswords: change and unblocking in one command, and what each failure costs.
func TestPIVPasswords(t *testing.T) {
	const fresh = "654321"
	change := func(old, fresh string) func(*card.Card) error {
		return func(c *card.Card) error { return c.ChangePIN(t.Context(), "PIN", newPIN(old), newPIN(fresh)) }
	}
	unblock := func(puk, fresh string) func(*card.Card) error {
		return func(c *card.Card) error { return c.UnblockPIN(t.Context(), "PIN", newPIN(puk), newPIN(fresh)) }
	}
	tests := []struct {
		name       string
		pin, puk   int // tries before
		do         func(*card.Card) error
		reason     pin.Reason // empty: done
		tries      pin.Tries
		ref        string
		left, lPUK int // tries after
		now        string
	}{
		{"change", 3, 3, change(pivPIN, fresh), "", pin.Tries{}, "", 3, 3, fresh},
		{"change gives tries back", 1, 3, change(pivPIN, fresh), "", pin.Tries{}, "", 3, 3, fresh},
		{"change, wrong old", 3, 3, change("999999", fresh), pin.ReasonWrong, pin.Left(2), "PIN", 2, 3, pivPIN},
		{"change, last try", 1, 3, change("999999", fresh), pin.ReasonBlocked, pin.Blocked(), "PIN", 0, 3, ""},
		{"change, blocked", 0, 3, change(pivPIN, fresh), pin.ReasonBlocked, pin.Blocked(), "PIN", 0, 3, ""},
		{"change to a short one", 3, 3, change(pivPIN, "12345"), pin.ReasonFormat, pin.Unknown(), "PIN", 3, 3, pivPIN},
		{"change to a long one", 3, 3, change(pivPIN, "123456789"), pin.ReasonFormat, pin.Unknown(), "PIN", 3, 3, pivPIN},
		{"change to letters", 3, 3, change(pivPIN, "abcdef"), pin.ReasonFormat, pin.Unknown(), "PIN", 3, 3, pivPIN},
		{"change from a short one", 3, 3, change("12345", fresh), pin.ReasonFormat, pin.Unknown(), "PIN", 3, 3, pivPIN},
		{"unblock", 0, 3, unblock(pivPUK, fresh), "", pin.Tries{}, "", 3, 3, fresh},
		{"unblock what is not blocked", 2, 3, unblock(pivPUK, fresh), "", pin.Tries{}, "", 3, 3, fresh},
		{"unblock, wrong PUK", 0, 3, unblock("99999999", fresh), pin.ReasonWrong, pin.Left(2), "PUK", 0, 2, ""},
		{"unblock, PUK's last", 0, 1, unblock("99999999", fresh), pin.ReasonBlocked, pin.Blocked(), "PUK", 0, 0, ""},
		{"unblock, PUK blocked", 0, 0, unblock(pivPUK, fresh), pin.ReasonBlocked, pin.Blocked(), "PUK", 0, 0, ""},
		{"unblock, printable PUK", 0, 3, unblock("p@ss w0r", fresh), pin.ReasonWrong, pin.Left(2), "PUK", 0, 2, ""},
		{"unblock, PUK with control characters", 0, 3, unblock("1234567\n", fresh), pin.ReasonFormat, pin.Unknown(), "PUK", 0, 3, ""},
		{"unblock, PUK not of ASCII", 0, 3, unblock("пароль", fresh), pin.ReasonFormat, pin.Unknown(), "PUK", 0, 3, ""},
		{"unblock to a short one", 0, 3, unblock(pivPUK, "1"), pin.ReasonFormat, pin.Unknown(), "PIN", 0, 3, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, _ := newPIV(t, "P-256", nil)
			v.SetTries(piv.PIN, tt.pin)
			v.SetTries(piv.PUK, tt.puk)
			c, link := openPIV(t, v)
			err := tt.do(c)
			if tt.reason == "" && err != nil {
				t.Error(err)
			} else if tt.reason != "" {
				wantPIN(t, err, tt.reason, tt.tries, tt.ref)
			}
			if v.Tries(piv.PIN) != tt.left || v.Tries(piv.PUK) != tt.lPUK {
				t.Errorf("%d tries left, of the PUK %d; want %d, %d", v.Tries(piv.PIN), v.Tries(piv.PUK), tt.left, tt.lPUK)
			}
			if link.resets != 1 && tt.reason != pin.ReasonFormat {
				t.Errorf("%d resets", link.resets)
			}
			if tt.now == "" {
				return
			}
			if err := c.VerifyPIN(t.Context(), "PIN", newPIN(tt.now)); err != nil {
				t.Errorf("the PIN is not %s: %v", tt.now, err)
			}
		})
	}
}

// TestPIVVerify: what is left is read before and told after.
func TestPIVVerify(t *testing.T) {
	v, _ := newPIV(t, "P-256", nil)
	c, _ := openPIV(t, v)
	for _, left := range []int{2, 1} {
		wantPIN(t, c.VerifyPIN(t.Context(), "PIN", newPIN("999999")), pin.ReasonWrong, pin.Left(left), "PIN")
	}
	wantPIN(t, c.VerifyPIN(t.Context(), "PIN", newPIN("999999")), pin.ReasonBlocked, pin.Blocked(), "PIN")
	before := len(v.Commands())
	wantPIN(t, c.VerifyPIN(t.Context(), "PIN", newPIN(pivPIN)), pin.ReasonBlocked, pin.Blocked(), "PIN")
	if got := v.Commands()[before:]; !bytes.Equal(got, []byte{0xA4, 0x20}) {
		t.Errorf("a blocked PIN was shown: %X", got)
	}
	wantPIN(t, c.VerifyPIN(t.Context(), "PUK", newPIN("1234")), pin.ReasonFormat, pin.Unknown(), "PUK")
	wantCard(t, c.VerifyPIN(t.Context(), "PUK", newPIN(pivPUK)), card.Unsupported)
}

func TestPIVCannot(t *testing.T) {
	v, _ := newPIV(t, "P-256", nil)
	c, _ := openPIV(t, v)
	for name, err := range map[string]error{
		"unblock without a new PIN": c.UnblockPIN(t.Context(), "PIN", newPIN(pivPUK), nil),
		"unblock the PUK":           c.UnblockPIN(t.Context(), "PUK", newPIN(pivPUK), newPIN(pivPUK)),
		"change of another":         c.ChangePIN(t.Context(), "SO", newPIN(pivPUK), newPIN(pivPUK)),
	} {
		t.Run(name, func(t *testing.T) { wantCard(t, err, card.Unsupported) })
	}
	if v.Tries(piv.PUK) != 3 {
		t.Error("a try of the PUK was spent")
	}
	// The PUK itself can be changed.
	if err := c.ChangePIN(t.Context(), "PUK", newPIN(pivPUK), newPIN("87654321")); err != nil {
		t.Error(err)
	}
	if err := c.UnblockPIN(t.Context(), "PIN", newPIN("87654321"), newPIN("111111")); err != nil {
		t.Error(err)
	}
}
