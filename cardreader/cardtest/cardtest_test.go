// SPDX-License-Identifier: Apache-2.0

package cardtest

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"zaver/cardreader/card"
)

const script = `# a card that knows one PIN
atr 3B00
> 00A4 0400 01 F0
< 9000
> 0020000208 ** ** ** ** ** ** ** **
< 63C2
> 00CADF2700
! removed
`

func send(t *testing.T, p card.Transmitter, command string) (string, error) {
	t.Helper()
	b, err := hex.DecodeString(command)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.Transmit(context.Background(), b)
	return strings.ToUpper(hex.EncodeToString(answer)), err
}

func load(t *testing.T, s string) *Script {
	t.Helper()
	got, err := Load(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestPlay(t *testing.T) {
	s := load(t, script)
	if !bytes.Equal(s.ATR, []byte{0x3B, 0}) {
		t.Errorf("ATR %X", s.ATR)
	}
	p := s.Player()
	if got, err := send(t, p, "00A4040001F0"); got != "9000" || err != nil {
		t.Errorf("SELECT: %s, %v", got, err)
	}
	if err := p.Done(); err == nil {
		t.Error("done before the end")
	}
	if got, err := send(t, p, "0020000208241234FFFFFFFFFF"); got != "63C2" || err != nil {
		t.Errorf("VERIFY: %s, %v", got, err)
	}
	if _, err := send(t, p, "00CADF2700"); !errors.Is(err, &card.Error{Reason: card.Removed}) {
		t.Errorf("GET DATA: %v", err)
	}
	if err := p.Done(); err != nil {
		t.Error(err)
	}
	if _, err := send(t, p, "00CADF2700"); err == nil || p.Done() == nil {
		t.Error("a command after the end goes unnoticed")
	}
	if _, err := send(t, s.Player(), "00CADF2700"); err == nil {
		t.Error("a wrong command goes unnoticed")
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"answer first": "< 9000", "no answer": "> 00A4", "two commands": "> 00\n> 00\n< 9000",
		"half a byte": "> 0\n< 9000", "not hexadecimal": "> zz\n< 9000", "reason": "> 00\n! tired", "odd line": "hello", "star in an answer": "> 00\n< **",
	} {
		if _, err := Load(strings.NewReader(in)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestRecordMasksPINs records a played script: the record plays the same, and
// no digit of the PIN is in it.
func TestRecordMasksPINs(t *testing.T) {
	rec := NewRecorder(load(t, script).Player(), []byte{0x3B, 0})
	_, _ = send(t, rec, "00A4040001F0")
	_, _ = send(t, rec, "0020000208241234FFFFFFFFFF")
	_, _ = send(t, rec, "00CADF2700")
	got := rec.Script()
	if strings.Contains(got, "1234") {
		t.Errorf("the PIN was written down:\n%s", got)
	}
	p := load(t, got).Player()
	for _, command := range []string{"00A4040001F0", "0020000208241234FFFFFFFFFF", "00CADF2700"} {
		_, _ = send(t, p, command)
	}
	if err := p.Done(); err != nil {
		t.Errorf("the record does not play: %v\n%s", err, got)
	}
	for _, command := range []string{"00200001", "002000010824", "0024010108FF", "0C2C030108FF"} {
		b, _ := hex.DecodeString(command)
		if m := masked(b); len(b) > 5 && !strings.HasSuffix(m, "**") {
			t.Errorf("%s is written as %s", command, m)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(script)
	f.Add("> **\n< 90 00\n")
	f.Fuzz(func(t *testing.T, in string) {
		s, err := Load(strings.NewReader(in))
		if err == nil && s == nil {
			t.Fatal("neither a script nor an error")
		}
	})
}
