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
	want := request{Op: opSign, Module: "/usr/lib/m.so", Sign: &signing{Slot: 7, Label: "a", Serial: "b", ID: []byte{1}, SPKI: []byte{2}, Algorithm: "x", Digest: []byte{3}, LastTry: true}}
	var b bytes.Buffer
	p := pin.New([]byte("1234"))
	defer p.Wipe()
	if err := writeRequest(&b, want, p); err != nil {
		t.Fatal(err)
	}
	b.WriteString("next")
	got, q, err := readRequest(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Wipe()
	want.PIN = true
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_ = q.Use(func(digits []byte) error {
		if string(digits) != "1234" {
			t.Error("another PIN arrived")
		}
		return nil
	})
	if b.String() != "next" {
		t.Errorf("read beyond the request: %q is left", b.String())
	}
}

// TestPINIsRaw holds that a PIN crosses as its own bytes, once, and never inside JSON or in another form.
func TestPINIsRaw(t *testing.T) {
	var b bytes.Buffer
	p := pin.New([]byte("40414243"))
	defer p.Wipe()
	if err := writeRequest(&b, request{Op: opSign, Sign: &signing{}}, p); err != nil {
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
		{"PIN too long", frame('J', 24, `{"op":"list","pin":true}`) + frame('P', pin.MaxLen+1, strings.Repeat("1", pin.MaxLen+1)), errFrame},
		{"PIN cut short", frame('J', 24, `{"op":"list","pin":true}`) + frame('P', 4, "12"), errFrame},
		{"PIN missing", frame('J', 24, `{"op":"list","pin":true}`) + frame('J', 2, "{}"), errFrame},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, p, err := readRequest(strings.NewReader(tt.in))
			if !errors.Is(err, tt.want) || p != nil {
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

// FuzzRequest holds that what is read can be written and reads the same again, and that nothing else than an error comes of the rest.
func FuzzRequest(f *testing.F) {
	for _, p := range []*pin.PIN{nil, pin.New([]byte("123456"))} {
		var b bytes.Buffer
		if err := writeRequest(&b, request{Op: opSign, Module: "/m.so", Sign: &signing{Slot: 1, ID: []byte{1}, Algorithm: "ecdsa-p256-sha256"}}, p); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte("J\x00\x00\x00\x0d{\"op\":\"list\"}"))
	f.Fuzz(func(t *testing.T, in []byte) {
		q, p, err := readRequest(bytes.NewReader(in))
		defer p.Wipe()
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := writeRequest(&b, q, p); err != nil {
			t.Fatalf("write what was read: %v", err)
		}
		again, p2, err := readRequest(&b)
		defer p2.Wipe()
		if diff := cmp.Diff(q, again); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

// FuzzReply feeds the host what a worker, taken over by its module, might send.
func FuzzReply(f *testing.F) {
	for _, r := range []reply{
		{Token: &tokenReply{Slot: 1, Label: "l", Tries: pin.Left(1), Certificates: []certReply{{ID: []byte{1}, DER: []byte{0x30, 0}}}, Keys: []keyReply{{SPKI: []byte{0x30, 0}}}}},
		{Signature: []byte{1}, Done: true}, {Failure: &failure{Reason: pin.ReasonWrong, Tries: pin.Blocked()}},
	} {
		var b bytes.Buffer
		if err := writeJSON(&b, r); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var r reply
		if err := readJSON(bytes.NewReader(in), &r); err != nil {
			return
		}
		if r.Token != nil {
			newToken("/m.so", r.Token, testTime)
		}
		if r.Failure != nil {
			_ = r.Failure.err("/m.so").Error()
		}
	})
}
