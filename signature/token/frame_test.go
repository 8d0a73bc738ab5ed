// SPDX-License-Identifier: Apache-2.0

package token

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/pin"
)

func TestRequestRoundTrip(t *testing.T) {
	want := request{Op: opSign, Module: "/usr/lib/m.so", Parameters: "p", Token: &which{Slot: 7, Label: "a", Serial: "b", LastTry: true, Shows: make([]byte, 32)},
		Sign: &signing{ID: []byte{1}, SPKI: []byte{2}, Algorithm: "x", Salt: 20, Digest: []byte{3}}}
	var b bytes.Buffer
	sent := secrets{pin.New([]byte("1234")), pin.New([]byte("567890"))}
	defer sent.wipe()
	if err := writeRequest(&b, want, sent); err != nil {
		t.Fatal(err)
	}
	b.WriteString("next")
	got, q, err := readRequest(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer q.wipe()
	want.PIN, want.Fresh = true, true
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if digits(t, q.pin) != "1234" || digits(t, q.fresh) != "567890" {
		t.Error("other PINs arrived")
	}
	if b.String() != "next" {
		t.Errorf("read beyond the request: %q is left", b.String())
	}
}

func digits(t *testing.T, p *pin.PIN) (s string) {
	t.Helper()
	if err := p.Use(func(b []byte) error {
		s = string(b)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestPINIsRaw holds that a PIN crosses as its own bytes, once, and never inside JSON or in another form.
func TestPINIsRaw(t *testing.T) {
	var b bytes.Buffer
	p := pin.New([]byte("40414243"))
	defer p.Wipe()
	if err := writeRequest(&b, request{Op: opSign, Token: &which{}, Sign: &signing{}}, secrets{pin: p}); err != nil {
		t.Fatal(err)
	}
	n := binary.BigEndian.Uint32(b.Bytes()[1:])
	json, rest := b.Bytes()[frameHeader:frameHeader+n], b.Bytes()[frameHeader+n:]
	if !bytes.Equal(rest, append([]byte{kindPIN, 0, 0, 0, 8}, "40414243"...)) {
		t.Errorf("PIN frame %q", rest)
	}
	for _, form := range []string{"40414243", "NDA0MTQyNDM", "3430343134323433"} {
		if strings.Contains(string(json), form) {
			t.Errorf("the PIN stands in the JSON as %s", form)
		}
	}
}

func TestMalformedFrames(t *testing.T) {
	frame := func(kind byte, n uint32, payload string) string {
		return string(binary.BigEndian.AppendUint32([]byte{kind}, n)) + payload
	}
	tests := []struct {
		name, in string
		want     error
	}{
		{"nothing", "", io.EOF},
		{"half a header", "J\x00\x00", io.ErrUnexpectedEOF},
		{"empty frame", frame('J', 0, ""), errFrame},
		{"too long", frame('J', maxFrame+1, strings.Repeat(" ", 100)), errFrame},
		{"four gigabytes", frame('J', 0xFFFFFFFF, "{}"), errFrame},
		{"unknown kind", frame('X', 2, "{}"), errFrame},
		{"PIN first", frame('P', 4, "1234"), errFrame},
		{"cut short", frame('J', 10, "{}"), errFrame},
		{"no JSON", frame('J', 2, "no"), errFrame},
		{"two values", frame('J', 29, `{"op":"list","module":"/m"}{}`), errFrame},
		{"unknown field", frame('J', 25, `{"op":"list","secret":"1"}`)[:30], errFrame},
		{"unknown operation", frame('J', 14, `{"op":"format"}`)[:19], errFrame},
		{"sign without what", frame('J', 13, `{"op":"sign"}`), errFrame},
		{"sign without a token", frame('J', 23, `{"op":"sign","sign":{}}`), errFrame},
		{"change without a token", frame('J', 15, `{"op":"change"}`), errFrame},
		{"unblock without a token", frame('J', 16, `{"op":"unblock"}`), errFrame},
		{"new PIN missing", frame('J', 37, `{"op":"list","pin":true,"fresh":true}`) + frame('P', 4, "1234"), io.EOF},
		{"new PIN cut short", frame('J', 37, `{"op":"list","pin":true,"fresh":true}`) + frame('P', 4, "1234") + frame('P', 4, "5"), errFrame},
		{"new PIN too long", frame('J', 26, `{"op":"list","fresh":true}`) + frame('P', pin.MaxLen+1, ""), errFrame},
		{"empty PIN", frame('J', 24, `{"op":"list","pin":true}`) + frame('P', 0, ""), errFrame},
		{"PIN too long", frame('J', 24, `{"op":"list","pin":true}`) + frame('P', pin.MaxLen+1, strings.Repeat("1", pin.MaxLen+1)), errFrame},
		{"PIN cut short", frame('J', 24, `{"op":"list","pin":true}`) + frame('P', 4, "12"), errFrame},
		{"PIN missing", frame('J', 24, `{"op":"list","pin":true}`) + frame('J', 2, "{}"), errFrame},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, p, err := readRequest(strings.NewReader(tt.in))
			if !errors.Is(err, tt.want) || p != (secrets{}) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

func TestTooLongMessage(t *testing.T) {
	if err := writeJSON(io.Discard, reply{Signature: make([]byte, maxFrame)}); !errors.Is(err, errFrame) {
		t.Errorf("%v, want errFrame", err)
	}
}
