// SPDX-License-Identifier: Apache-2.0

package uec

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"

	"zaver/cardreader/apdu"
	"zaver/signature/gost/streebog"
)

// talk is a terminal's side of a session, made of the card's own means.
type talk struct {
	card    *Card
	session session
}

// begin authenticates a terminal whose certificates say what change made them say.
func begin(t *testing.T, c *Card, change func(operator, own *CVC)) *talk {
	t.Helper()
	terminal := c.cfg.Root.NewTerminal(change)
	run(t, c, selectApp, "6F…")
	for _, cert := range [][]byte{terminal.OperatorCVC, terminal.Own} {
		if got := presentCVC(t, c, cert); got != 0x9000 {
			t.Fatalf("a certificate is refused: %s", got)
		}
	}
	answer := transmit(t, c, apdu.Command{INS: 0x84, Le: 16})
	random := bytes.Repeat([]byte{0x5A}, 16)
	randoms := slices.Concat(random, answer.Data)
	digest := streebog.Sum256(randoms)
	signature, err := terminal.Key.Sign(digest[:])
	if err != nil {
		t.Fatal(err)
	}
	encryption, mac, ok := sessionKeys(terminal.Key, c.application.Public(), randoms)
	if !ok {
		t.Fatal("no keys")
	}
	talk := &talk{card: c, session: session{
		encryption: newCipher(encryption), mac: newCipher(mac), counter: binary.BigEndian.Uint64(signature),
	}}
	r := transmit(t, c, apdu.Command{INS: 0x82, P2: 0x15, Data: slices.Concat(signature, random), Le: 8})
	cryptogram := talk.session.mac.cmac(random)
	if !r.SW.OK() || !bytes.Equal(r.Data, cryptogram[:8]) {
		t.Fatalf("the card answers %v", r)
	}
	return talk
}

// presentCVC gives one certificate and returns the last status.
func presentCVC(t *testing.T, c *Card, cert []byte) apdu.SW {
	t.Helper()
	list, err := apdu.ParseTLV(cert)
	if err != nil {
		t.Fatal(err)
	}
	body, signature := list[0].Children[0].Append(nil), list[0].Children[1].Append(nil)
	for part := range slices.Chunk(body, 100) {
		if r := transmit(t, c, apdu.Command{CLA: 0x10, INS: 0x2A, P2: 0xBE, Data: part}); !r.SW.OK() {
			return r.SW
		}
	}
	return transmit(t, c, apdu.Command{INS: 0x2A, P2: 0xBE, Data: signature}).SW
}

func transmit(t *testing.T, c *Card, cmd apdu.Command) apdu.Response {
	t.Helper()
	b, err := cmd.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Transmit(b)
	if err != nil {
		t.Fatal(err)
	}
	r, err := apdu.ParseResponse(answer)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wrap seals a command given in the open.
func (k *talk) wrap(t *testing.T, b []byte) apdu.Command {
	t.Helper()
	cmd, err := apdu.ParseCommand(b)
	if err != nil {
		t.Fatal(err)
	}
	k.session.counter += 2
	var objects []byte
	if len(cmd.Data) > 0 {
		objects = apdu.TLV{Tag: 0x87, Value: k.session.encipher(cmd.Data, 0)}.Append(objects)
	}
	if cmd.Le > 0 {
		objects = apdu.TLV{Tag: 0x97, Value: []byte{byte(cmd.Le)}}.Append(objects)
	}
	cmd.CLA |= 0x0C
	message := slices.Concat(k.session.counterBlock(0), []byte{cmd.CLA, cmd.INS, cmd.P1, cmd.P2, 0x80}, make([]byte, 11), objects)
	mac := k.session.mac.cmac(message)
	cmd.Data, cmd.Le = apdu.TLV{Tag: 0x8E, Value: mac[:8]}.Append(objects), 256
	return cmd
}

// raw sends a sealed command and returns the answer as it came.
func (k *talk) raw(t *testing.T, command string) []byte {
	t.Helper()
	return transmit(t, k.card, k.wrap(t, unhex(t, command))).Bytes()
}

// send sends a sealed command and opens the answer.
func (k *talk) send(t *testing.T, b []byte) []byte {
	t.Helper()
	r := transmit(t, k.card, k.wrap(t, b))
	list, err := apdu.ParseTLV(r.Data)
	if err != nil || len(list) < 2 || list[0].Tag != 0x99 {
		t.Fatalf("%X is answered %X (%s): %v", b, r.Data, r.SW, err)
	}
	covered := r.Data[:len(r.Data)-10]
	mac := k.session.mac.cmac(slices.Concat(k.session.counterBlock(1), covered))
	if !bytes.Equal(mac[:8], list[len(list)-1].Value) {
		t.Errorf("%X: the MAC of the answer is wrong", b)
	}
	var plain []byte
	if len(list) == 3 {
		k.session.counter++
		var ok bool
		if plain, ok = k.session.decipher(list[1].Value); !ok {
			t.Errorf("%X: the cryptogram of the answer is wrong", b)
		}
		k.session.counter--
	}
	return append(plain, list[0].Value...)
}

func (k *talk) run(t *testing.T, dialogue ...string) {
	t.Helper()
	runOver(t, func(command []byte) []byte { return k.send(t, command) }, dialogue)
}

func replaceFile(path, content string) error { return os.WriteFile(path, []byte(content), 0o600) }

// TestSealingRules spoils commands: each ends the session.
func TestSealingRules(t *testing.T) {
	c, _ := newCard(t)
	const verify = "00200002"
	tests := map[string]struct {
		spoil func(k *talk, cmd *apdu.Command)
		want  string
	}{
		"no MAC":        {func(_ *talk, cmd *apdu.Command) { cmd.Data = nil; cmd.Le = 0 }, "6987"},
		"wrong MAC":     {func(_ *talk, cmd *apdu.Command) { cmd.Data[len(cmd.Data)-1] ^= 1 }, "6988"},
		"header":        {func(_ *talk, cmd *apdu.Command) { cmd.P2 = 1 }, "6988"},
		"not TLV":       {func(_ *talk, cmd *apdu.Command) { cmd.Data = []byte{0x87, 0x7F, 1} }, "6988"},
		"object in all": {func(_ *talk, cmd *apdu.Command) { cmd.Data = append([]byte{0x81, 0x01, 0x00}, cmd.Data...) }, "6987"},
		"counter":       {func(k *talk, cmd *apdu.Command) { _ = k.wrap(t, unhex(t, verify)); *cmd = k.wrap(t, unhex(t, verify)) }, "6988"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			k := begin(t, c, nil)
			cmd := k.wrap(t, unhex(t, verify))
			tt.spoil(k, &cmd)
			if got := hex.EncodeToString(transmit(t, c, cmd).Bytes()); got != tt.want {
				t.Errorf("answer %s, want %s", got, tt.want)
			}
			if got := hex.EncodeToString(k.raw(t, verify)); got != "6985" {
				t.Errorf("the session lives on: %s", got)
			}
		})
	}
	t.Run("replayed command", func(t *testing.T) {
		k := begin(t, c, nil)
		cmd := k.wrap(t, unhex(t, "0020000208 26000000FFFFFFFF"[:10]+"26000000FFFFFFFF"))
		transmit(t, c, cmd)
		before := c.Tries(PIN2)
		begin(t, c, nil)
		if got := hex.EncodeToString(transmit(t, c, cmd).Bytes()); got != "6988" || c.Tries(PIN2) != before {
			t.Errorf("a command of an older session is answered %s, %d tries", got, c.Tries(PIN2))
		}
	})
	t.Run("plain command", func(t *testing.T) {
		k := begin(t, c, nil)
		run(t, c, "00B0000001", "6986")
		if got := hex.EncodeToString(k.raw(t, verify)); got != "6985" {
			t.Errorf("the session lives on: %s", got)
		}
	})
}

// TestTerminalsRefused tries to authenticate by what the root did not sign.
func TestTerminalsRefused(t *testing.T) {
	c, _ := newCard(t)
	stranger := NewRoot()
	good := c.cfg.Root.NewTerminal(nil)
	tests := map[string]struct {
		terminal *Terminal
		want     [2]apdu.SW // of the operator's and the terminal's certificate
	}{
		"another root":        {stranger.NewTerminal(nil), [2]apdu.SW{0x6300}},
		"no operator":         {&Terminal{OperatorCVC: good.Own}, [2]apdu.SW{0x6985}},
		"another operator":    {&Terminal{OperatorCVC: good.OperatorCVC, Own: stranger.NewTerminal(nil).Own}, [2]apdu.SW{0x9000, 0x6300}},
		"operator as own":     {&Terminal{OperatorCVC: good.OperatorCVC, Own: good.OperatorCVC}, [2]apdu.SW{0x9000, 0x6985}},
		"name of the issuer":  {c.cfg.Root.NewTerminal(func(_, own *CVC) { own.Issuer = []byte("X") }), [2]apdu.SW{0x9000, 0x6A88}},
		"expired":             {c.cfg.Root.NewTerminal(func(_, own *CVC) { own.Last = own.First }), [2]apdu.SW{0x9000, 0x6985}},
		"not yet":             {c.cfg.Root.NewTerminal(func(o, _ *CVC) { o.First = o.Last }), [2]apdu.SW{0x6985}},
		"type of an issuer":   {c.cfg.Root.NewTerminal(func(o, _ *CVC) { o.Type = TypeIssuer }), [2]apdu.SW{0x6985}},
		"key off the curve":   {c.cfg.Root.NewTerminal(func(_, own *CVC) { own.Public = bytes.Repeat([]byte{7}, 64) }), [2]apdu.SW{0x9000, 0x6A80}},
		"key of another size": {c.cfg.Root.NewTerminal(func(_, own *CVC) { own.Public = []byte{1} }), [2]apdu.SW{0x9000, 0x6A80}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			run(t, c, selectApp, "6F…")
			if got := presentCVC(t, c, tt.terminal.OperatorCVC); got != tt.want[0] {
				t.Fatalf("the operator's certificate is answered %s, want %s", got, tt.want[0])
			}
			if tt.want[1] == 0 {
				return
			}
			if got := presentCVC(t, c, tt.terminal.Own); got != tt.want[1] {
				t.Errorf("the terminal's certificate is answered %s, want %s", got, tt.want[1])
			}
			run(t, c, "0084000010", "…")
			r := transmit(t, c, apdu.Command{INS: 0x82, P2: 0x15, Data: make([]byte, 80), Le: 8})
			if r.SW.OK() {
				t.Error("authenticated")
			}
		})
	}
	t.Run("signature over another challenge", func(t *testing.T) {
		run(t, c, selectApp, "6F…")
		presentCVC(t, c, good.OperatorCVC)
		presentCVC(t, c, good.Own)
		run(t, c, "0084000010", "…")
		digest := streebog.Sum256(make([]byte, 32))
		signature, err := good.Key.Sign(digest[:])
		if err != nil {
			t.Fatal(err)
		}
		cmd := apdu.Command{INS: 0x82, P2: 0x15, Data: append(signature, make([]byte, 16)...), Le: 8}
		if r := transmit(t, c, cmd); r.SW != 0x6300 {
			t.Errorf("answered %s", r.SW)
		}
		if r := transmit(t, c, cmd); r.SW != apdu.SWConditions {
			t.Errorf("without a challenge answered %s", r.SW)
		}
	})
	t.Run("chain without an end", func(t *testing.T) {
		run(t, c, selectApp, "6F…")
		for range 20 {
			if r := transmit(t, c, apdu.Command{CLA: 0x10, INS: 0x2A, P2: 0xBE, Data: make([]byte, 255)}); r.SW == apdu.SWWrongLength {
				return
			}
		}
		t.Error("the card takes a chain of any length")
	})
	if strings.Contains(string(c.Commands()), "\x20") {
		t.Error("a PIN was asked of somebody")
	}
}
