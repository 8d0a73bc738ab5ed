// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"zaver/cardreader/apdu"
	"zaver/signature/gost/kuznyechik"
)

// peer is the card's side of a session under the same keys: it opens commands
// and seals answers, in the words of SECURE-MESSAGING.md.
type peer struct {
	t          testing.TB
	encryption *kuznyechik.Cipher
	mac        *kuznyechik.Cipher
	counter    uint64
	seen       []apdu.Command // as they came
	opened     []apdu.Command
	answer     func(cmd apdu.Command) apdu.Response
	spoil      func(sealed apdu.Response) apdu.Response
}

func (p *peer) Exchange(_ context.Context, cmd apdu.Command) (apdu.Response, error) {
	cmd.Data = bytes.Clone(cmd.Data)
	p.seen = append(p.seen, cmd)
	p.counter += 2
	open := p.open(cmd)
	p.opened = append(p.opened, open)
	r := apdu.Response{SW: apdu.SWOK}
	if p.answer != nil {
		r = p.answer(open)
	}
	out := p.seal(r)
	if p.spoil != nil {
		out = p.spoil(out)
	}
	return out, nil
}

func (p *peer) open(cmd apdu.Command) apdu.Command {
	p.t.Helper()
	list, err := apdu.ParseTLV(cmd.Data)
	if err != nil || len(list) == 0 || list[len(list)-1].Tag != tagMAC {
		p.t.Fatalf("command %X: %v", cmd.Data, err)
	}
	header := make([]byte, blockSize)
	copy(header, []byte{cmd.CLA, cmd.INS, cmd.P1, cmd.P2, 0x80})
	if !p.mac.Authentic(list[len(list)-1].Value, counterBlock(p.counter), header, cmd.Data[:len(cmd.Data)-10]) {
		p.t.Fatalf("MAC of the command %X", cmd.Data)
	}
	out := apdu.Command{CLA: cmd.CLA &^ 0x0C, INS: cmd.INS, P1: cmd.P1, P2: cmd.P2}
	for _, object := range list[:len(list)-1] {
		switch object.Tag {
		case tagCiphered:
			iv := make([]byte, blockSize)
			p.encryption.Encrypt(iv, counterBlock(p.counter))
			plain, err := p.encryption.DecryptCBC(iv, object.Value[1:])
			if err != nil {
				p.t.Fatal(err)
			}
			out.Data, _ = kuznyechik.Unpad(plain)
		case tagLe:
			for _, b := range object.Value {
				out.Le = out.Le<<8 | int(b)
			}
		}
	}
	return out
}

func (p *peer) seal(r apdu.Response) apdu.Response {
	p.t.Helper()
	var out []byte
	out = apdu.TLV{Tag: tagStatus, Value: []byte{byte(r.SW >> 8), byte(r.SW)}}.Append(out)
	counter := counterBlock(p.counter + 1)
	if len(r.Data) > 0 {
		iv := make([]byte, blockSize)
		p.encryption.Encrypt(iv, counter)
		ciphered, err := p.encryption.EncryptCBC(iv, kuznyechik.Pad(r.Data))
		if err != nil {
			p.t.Fatal(err)
		}
		out = apdu.TLV{Tag: tagCiphered, Value: append([]byte{padding}, ciphered...)}.Append(out)
	}
	mac, err := p.mac.MAC(macSize, counter, out)
	if err != nil {
		p.t.Fatal(err)
	}
	return apdu.Response{Data: apdu.TLV{Tag: tagMAC, Value: mac}.Append(out), SW: r.SW}
}

func testCipher(t testing.TB, first byte) *kuznyechik.Cipher {
	t.Helper()
	key := make([]byte, 32)
	for i := range key {
		key[i] = first + byte(i)
	}
	c, err := kuznyechik.New(key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pair is a session and its other side, at the same counter.
func pair(t testing.TB) (*sealed, *peer) {
	t.Helper()
	const counter = 0x0102030405060708
	p := &peer{t: t, encryption: testCipher(t, 0x00), mac: testCipher(t, 0x40), counter: counter}
	return &sealed{once: p, encryption: testCipher(t, 0x00), mac: testCipher(t, 0x40), counter: counter}, p
}

func wantInsecure(t *testing.T, err error) {
	t.Helper()
	if e := (*Error)(nil); !errors.As(err, &e) || e.Reason != Insecure {
		t.Errorf("error %v, want card.insecure", err)
	}
}

func TestSealedExchange(t *testing.T) {
	tests := []struct {
		name   string
		cmd    apdu.Command
		answer apdu.Response
	}{
		{"no data at all", apdu.Command{INS: 0x20, P2: 2}, apdu.Response{SW: 0x63C3}},
		{"data", apdu.Command{INS: 0x24, P1: 1, P2: 2, Data: []byte{1, 2, 3}}, apdu.Response{SW: apdu.SWOK}},
		{"a block of data", apdu.Command{INS: 0x24, Data: make([]byte, 16)}, apdu.Response{SW: apdu.SWOK}},
		{"answer", apdu.Command{INS: 0xCA, P1: 0xDF, P2: 0x27, Le: 256}, apdu.Response{Data: []byte("data"), SW: apdu.SWOK}},
		{"answer that ends in zeros", apdu.Command{INS: 0xCA, Le: 256}, apdu.Response{Data: []byte{1, 0x80, 0, 0}, SW: apdu.SWOK}},
		{"both", apdu.Command{INS: 0x2A, P1: 0x9E, P2: 0x9A, Data: bytes.Repeat([]byte{7}, 32), Le: 64}, apdu.Response{Data: make([]byte, 64), SW: apdu.SWOK}},
		{"the most of a short answer", apdu.Command{INS: 0xB0, Le: 223}, apdu.Response{Data: make([]byte, 223), SW: apdu.SWOK}},
		{"data with a warning", apdu.Command{INS: 0xB0, Le: 16}, apdu.Response{Data: []byte{1}, SW: apdu.SWEndOfFile}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, p := pair(t)
			p.answer = func(apdu.Command) apdu.Response { return tt.answer }
			for range 3 { // counters go on
				r, err := s.Exchange(t.Context(), tt.cmd)
				if err != nil || r.SW != tt.answer.SW || !bytes.Equal(r.Data, tt.answer.Data) {
					t.Fatalf("%v, %v", r, err)
				}
			}
			got := p.opened[2]
			got.Le += 256 * b2i(got.Le == 0 && tt.cmd.Le == 256)
			if got.CLA != tt.cmd.CLA || got.INS != tt.cmd.INS || got.P1 != tt.cmd.P1 || got.P2 != tt.cmd.P2 || got.Le != tt.cmd.Le || !bytes.Equal(got.Data, tt.cmd.Data) {
				t.Errorf("the card opened %+v", got)
			}
			first, second := p.seen[0], p.seen[1]
			if first.CLA != tt.cmd.CLA|0x0C || first.Le != apdu.MaxShortLe || first.Extended() {
				t.Errorf("sent %+v", first)
			}
			if bytes.Equal(first.Data, second.Data) {
				t.Error("two equal commands look equal on the wire")
			}
		})
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestSealedChain(t *testing.T) {
	s, p := pair(t)
	data := bytes.Repeat([]byte{0xAB}, 500)
	if _, err := s.Exchange(t.Context(), apdu.Command{INS: 0xD6, Data: data, Le: 256}); err != nil {
		t.Fatal(err)
	}
	var whole []byte
	for i, cmd := range p.opened {
		whole = append(whole, cmd.Data...)
		if last := i == len(p.opened)-1; (cmd.CLA == 0x10) == last {
			t.Errorf("part %d has CLA %02X", i, cmd.CLA)
		}
		if len(p.seen[i].Data) > apdu.MaxShortData {
			t.Errorf("part %d has %d bytes", i, len(p.seen[i].Data))
		}
	}
	if len(p.opened) != 3 || !bytes.Equal(whole, data) {
		t.Errorf("%d parts, %d bytes", len(p.opened), len(whole))
	}
	// A refused part ends the chain.
	s, p = pair(t)
	p.answer = func(apdu.Command) apdu.Response { return apdu.Response{SW: apdu.SWChainUnsupported} }
	if r, err := s.Exchange(t.Context(), apdu.Command{INS: 0xD6, Data: data}); err != nil || r.SW != apdu.SWChainUnsupported || len(p.seen) != 1 {
		t.Errorf("%v, %v after %d commands", r, err, len(p.seen))
	}
}

func TestSealedExtendedLe(t *testing.T) {
	s, p := pair(t)
	p.answer = func(apdu.Command) apdu.Response { return apdu.Response{Data: make([]byte, 1000), SW: apdu.SWOK} }
	r, err := s.Exchange(t.Context(), apdu.Command{INS: 0xCB, Le: 4000})
	if err != nil || len(r.Data) != 1000 {
		t.Fatalf("%d bytes, %v", len(r.Data), err)
	}
	if p.opened[0].Le != 4000 || p.seen[0].Le != apdu.MaxExtendedLe {
		t.Errorf("Le %d inside, %d outside", p.opened[0].Le, p.seen[0].Le)
	}
}

// TestWrongLeIsAskedAnew repeats a sealed 6Cxx under a new counter, and only
// for commands that ask for data.
func TestWrongLeIsAskedAnew(t *testing.T) {
	s, p := pair(t)
	p.answer = func(cmd apdu.Command) apdu.Response {
		if cmd.Le != 5 {
			return apdu.Response{SW: 0x6C05}
		}
		return apdu.Response{Data: []byte("12345"), SW: apdu.SWOK}
	}
	if r, err := s.Exchange(t.Context(), apdu.Command{INS: 0xCA, Le: 2}); err != nil || string(r.Data) != "12345" || len(p.seen) != 2 {
		t.Errorf("%v, %v", r, err)
	}
	s, p = pair(t)
	p.answer = func(apdu.Command) apdu.Response { return apdu.Response{SW: 0x6C08} }
	if r, err := s.Exchange(t.Context(), apdu.Command{INS: 0x20, P2: 2, Data: make([]byte, 8)}); err != nil || r.SW != 0x6C08 || len(p.seen) != 1 {
		t.Errorf("a PIN was sent %d times: %v, %v", len(p.seen), r, err)
	}
}

// TestOnceIsOnce: a bare 6Cxx to a sealed command sends nothing again.
func TestOnceIsOnce(t *testing.T) {
	wire := &script{answers: [][]byte{{0x6C, 0x10}}}
	s, _ := pair(t)
	s.once = &link{t: wire, once: true}
	_, err := s.Exchange(t.Context(), apdu.Command{INS: 0x20, P2: 2, Data: make([]byte, 8)})
	wantInsecure(t, err)
	if len(wire.seen) != 1 {
		t.Errorf("%d commands", len(wire.seen))
	}
}

// TestSealedAnswersOver61 fetches a sealed answer that is announced by 61xx.
func TestSealedAnswersOver61(t *testing.T) {
	s, p := pair(t)
	p.counter += 2
	whole := p.seal(apdu.Response{Data: make([]byte, 240), SW: apdu.SWOK}).Data
	wire := &script{answers: [][]byte{{0x61, 0x00}, append(bytes.Clone(whole[:256]), 0x61, byte(len(whole)-256)), append(bytes.Clone(whole[256:]), 0x90, 0x00)}}
	s.once = &link{t: wire, once: true}
	r, err := s.Exchange(t.Context(), apdu.Command{INS: 0xB0, Le: 240})
	if err != nil || len(r.Data) != 240 {
		t.Fatalf("%d bytes, %v", len(r.Data), err)
	}
	for _, cmd := range wire.seen[1:] {
		if cmd.CLA != 0 || cmd.INS != 0xC0 {
			t.Errorf("%+v", cmd)
		}
	}
}

// TestEveryByteOfAnAnswerCounts changes each bit of a sealed answer, and cuts it anywhere.
func TestEveryByteOfAnAnswerCounts(t *testing.T) {
	for name, answer := range map[string]apdu.Response{
		"status alone": {SW: apdu.SWOK}, "wrong PIN": {SW: 0x63C2}, "data": {Data: []byte("0123456789abcdef0"), SW: apdu.SWOK},
	} {
		t.Run(name, func(t *testing.T) {
			_, model := pair(t)
			size := len(model.seal(answer).Data)
			try := func(what string, at int, spoil func(r apdu.Response) apdu.Response) {
				s, p := pair(t)
				p.answer, p.spoil = func(apdu.Command) apdu.Response { return answer }, spoil
				r, err := s.Exchange(t.Context(), apdu.Command{INS: 0x20, P2: 2, Data: make([]byte, 8), Le: 256})
				if err == nil {
					t.Errorf("%s %d: passes as %v", what, at, r)
				}
				wantInsecure(t, err)
				if _, err := s.Exchange(t.Context(), apdu.Command{INS: 0xB0, Le: 1}); err == nil || len(p.seen) != 1 {
					t.Errorf("%s %d: the session lives on", what, at)
				}
			}
			for bit := range 8 * size {
				try("bit", bit, func(r apdu.Response) apdu.Response {
					r.Data[bit/8] ^= 1 << (bit % 8)
					return r
				})
			}
			for n := range size {
				try("cut at", n, func(r apdu.Response) apdu.Response {
					r.Data = r.Data[:n]
					return r
				})
			}
			for bit := range 16 {
				try("bit of the status", bit, func(r apdu.Response) apdu.Response {
					r.SW ^= 1 << bit
					return r
				})
			}
		})
	}
}

func TestForgedAnswers(t *testing.T) {
	remac := func(p *peer, objects []byte, sw apdu.SW) apdu.Response {
		mac, err := p.mac.MAC(macSize, counterBlock(p.counter+1), objects)
		if err != nil {
			t.Fatal(err)
		}
		return apdu.Response{Data: apdu.TLV{Tag: tagMAC, Value: mac}.Append(objects), SW: sw}
	}
	status := []byte{0x99, 2, 0x90, 0}
	object := func(tag apdu.Tag, value ...byte) []byte { return apdu.TLV{Tag: tag, Value: value}.Append(nil) }
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	cipher := append([]byte{1}, make([]byte, 16)...)
	tests := map[string]func(p *peer) apdu.Response{
		"bare success":       func(*peer) apdu.Response { return apdu.Response{SW: apdu.SWOK} },
		"bare wrong PIN":     func(*peer) apdu.Response { return apdu.Response{SW: 0x63C2} },
		"bare blocked":       func(*peer) apdu.Response { return apdu.Response{SW: apdu.SWMethodBlocked} },
		"6987":               func(*peer) apdu.Response { return apdu.Response{SW: 0x6987} },
		"6988":               func(*peer) apdu.Response { return apdu.Response{SW: 0x6988} },
		"bare data":          func(*peer) apdu.Response { return apdu.Response{Data: []byte("data"), SW: apdu.SWOK} },
		"order":              func(p *peer) apdu.Response { return remac(p, join(object(tagCiphered, cipher...), status), apdu.SWOK) },
		"status twice":       func(p *peer) apdu.Response { return remac(p, join(status, status), apdu.SWOK) },
		"no status":          func(p *peer) apdu.Response { return remac(p, object(tagCiphered, cipher...), apdu.SWOK) },
		"long status":        func(p *peer) apdu.Response { return remac(p, object(tagStatus, 0x90, 0, 0), apdu.SWOK) },
		"object in the open": func(p *peer) apdu.Response { return remac(p, join(status, object(0x81, 1)), apdu.SWOK) },
		"another indicator": func(p *peer) apdu.Response {
			return remac(p, join(status, object(tagCiphered, append([]byte{2}, make([]byte, 16)...)...)), apdu.SWOK)
		},
		"empty cryptogram": func(p *peer) apdu.Response { return remac(p, join(status, object(tagCiphered, 1)), apdu.SWOK) },
		"half a block":     func(p *peer) apdu.Response { return remac(p, join(status, object(tagCiphered, 1, 2, 3)), apdu.SWOK) },
		"wrong padding":    func(p *peer) apdu.Response { return remac(p, join(status, object(tagCiphered, cipher...)), apdu.SWOK) },
		"empty object 87":  func(p *peer) apdu.Response { return remac(p, join(status, object(tagCiphered)), apdu.SWOK) },
		"padding between":  func(p *peer) apdu.Response { return remac(p, join(status, []byte{0}), apdu.SWOK) },
		"long length":      func(p *peer) apdu.Response { return remac(p, []byte{0x99, 0x81, 2, 0x90, 0}, apdu.SWOK) },
		"long MAC": func(p *peer) apdu.Response {
			r := p.seal(apdu.Response{SW: apdu.SWOK})
			r.Data[5] = 9
			r.Data = append(r.Data, 0)
			return r
		},
		"more data than asked":  func(p *peer) apdu.Response { return p.seal(apdu.Response{Data: make([]byte, 65), SW: apdu.SWOK}) },
		"status inside another": func(p *peer) apdu.Response { r := p.seal(apdu.Response{SW: apdu.SWOK}); r.SW = 0x6100; return r },
		"keys of another session": func(p *peer) apdu.Response {
			p.mac = testCipher(p.t, 0x80)
			return p.seal(apdu.Response{SW: apdu.SWOK})
		},
		"counter of the command": func(p *peer) apdu.Response { p.counter--; return p.seal(apdu.Response{SW: apdu.SWOK}) },
		"counter of the next":    func(p *peer) apdu.Response { p.counter += 2; return p.seal(apdu.Response{SW: apdu.SWOK}) },
	}
	for name, forge := range tests {
		t.Run(name, func(t *testing.T) {
			s, p := pair(t)
			p.spoil = func(apdu.Response) apdu.Response { return forge(p) }
			r, err := s.Exchange(t.Context(), apdu.Command{INS: 0x20, P2: 2, Data: make([]byte, 8), Le: 64})
			wantInsecure(t, err)
			if r.SW != 0 || r.Data != nil {
				t.Errorf("a forged answer came through: %v", r)
			}
		})
	}
}

func TestReplayedAnswer(t *testing.T) {
	s, p := pair(t)
	var first apdu.Response
	p.spoil = func(r apdu.Response) apdu.Response {
		if first.Data == nil {
			first = apdu.Response{Data: bytes.Clone(r.Data), SW: r.SW}
			return r
		}
		return first
	}
	if _, err := s.Exchange(t.Context(), apdu.Command{INS: 0x20, P2: 2}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Exchange(t.Context(), apdu.Command{INS: 0x20, P2: 2})
	wantInsecure(t, err)
}

// TestRefusalEndsTheSession by the same rule as the card's.
func TestRefusalEndsTheSession(t *testing.T) {
	data := make([]byte, 8)
	for name, tt := range map[string]struct {
		cmd  apdu.Command
		sw   apdu.SW
		ends bool
	}{
		"wrong PIN":      {apdu.Command{INS: 0x20, Data: data}, 0x63C2, true},
		"right PIN":      {apdu.Command{INS: 0x20, Data: data}, apdu.SWOK, false},
		"counter asked":  {apdu.Command{INS: 0x20}, 0x63C2, false},
		"change":         {apdu.Command{INS: 0x24, Data: data}, 0x6982, true},
		"unblock":        {apdu.Command{INS: 0x2C}, 0x6982, true},
		"sign":           {apdu.Command{INS: 0x2A, Data: data}, 0x6982, true},
		"no such object": {apdu.Command{INS: 0xCA, Le: 256}, 0x6A88, false},
		"no such file":   {apdu.Command{INS: 0xA4, Data: data[:2]}, 0x6A82, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := pair(t)
			p.answer = func(apdu.Command) apdu.Response { return apdu.Response{SW: tt.sw} }
			if _, err := s.Exchange(t.Context(), tt.cmd); err != nil {
				t.Fatal(err)
			}
			_, err := s.Exchange(t.Context(), apdu.Command{INS: 0x20})
			if (err != nil) != tt.ends {
				t.Errorf("the next command: %v", err)
			}
		})
	}
}

func FuzzSealedAnswer(f *testing.F) {
	_, p := pair(f)
	p.counter += 2
	good := p.seal(apdu.Response{Data: []byte("data"), SW: apdu.SWOK})
	f.Add(good.Bytes())
	f.Add([]byte{0x63, 0xC2})
	for _, s := range []string{"99029000 8E08 0000000000000000 9000", "9902900087118E08", "871101000000000000000000000000000000009902900090008E009000"} {
		b, _ := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := apdu.ParseResponse(b)
		if err != nil {
			return
		}
		s, _ := pair(t)
		s.counter += 2
		got, err := s.unwrap(r, apdu.MaxShortLe)
		if (err == nil) != bytes.Equal(b, good.Bytes()) {
			t.Fatalf("%X opens as %v, %v", b, got, err)
		}
	})
}
