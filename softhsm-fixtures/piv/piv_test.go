// SPDX-License-Identifier: Apache-2.0

package piv_test

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"zaver/cardreader/apdu"
	"zaver/softhsm-fixtures/chip"
	"zaver/softhsm-fixtures/piv"
)

const selectPIV = "00A404000BA000000308000010000100 00"

// send returns the answer in hexadecimal, the status word last.
func send(t testing.TB, c *piv.Card, command string) string {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(command, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Transmit(b)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ToUpper(hex.EncodeToString(answer))
}

// get collects a whole answer by GET RESPONSE.
func get(t testing.TB, c *piv.Card, command string) []byte {
	t.Helper()
	var out []byte
	answer := send(t, c, command)
	for {
		b, _ := hex.DecodeString(answer)
		out = append(out, b[:len(b)-2]...)
		switch {
		case strings.HasSuffix(answer, "9000"):
			return out
		case b[len(b)-2] != 0x61:
			t.Fatalf("%s is answered by %s", command, answer)
		}
		answer = send(t, c, "00C0000000")
	}
}

// TestWords holds the status word of each command against SP 800-73-4 part 2.
func TestWords(t *testing.T) {
	const right, wrong, newer = "313233343536FFFF", "393939393939FFFF", "363534333231FFFF"
	const puk, badPUK = "3132333435363738", "3838383838383838"
	digest := strings.Repeat("AB", 32)
	sign9C := "0087119C 26 7C24 8200 8120" + digest + "00"
	sign9E := "0087119E 26 7C24 8200 8120" + digest + "00"
	tests := []struct {
		name     string
		commands []string
		want     string // prefix of the last answer when it ends in *, else the whole
	}{
		{"select", []string{selectPIV}, "611C4F06*"},
		{"select without the version", []string{"00A4040009A00000030800001000"}, "61*"},
		{"select another", []string{"00A4040005A000000003"}, "6A82"},
		{"select another leaves the application", []string{selectPIV, "00A4040005A000000003", "00200080"}, "63C3"},
		{"select by file", []string{"00A40000023F00"}, "6A86"},
		{"before select", []string{"00200080"}, "6985"},
		{"secure messaging", []string{selectPIV, "0C200080"}, "6882"},
		{"other class", []string{selectPIV, "80200080"}, "6E00"},
		{"unknown instruction", []string{selectPIV, "00B0000000"}, "6D00"},
		{"management", []string{selectPIV, "00DB3FFF055C035FC10A"}, "6982"},
		{"generate", []string{selectPIV, "0047009A05AC03800111"}, "6982"},
		{"cut", []string{selectPIV, "002000800831"}, "6700"},
		{"tries", []string{selectPIV, "00200080"}, "63C3"},
		{"PUK has no tries to read", []string{selectPIV, "00200081"}, "6A88"},
		{"global PIN", []string{selectPIV, "00200000"}, "6A88"},
		{"verify", []string{selectPIV, "0020008008" + right}, "9000"},
		{"verified", []string{selectPIV, "0020008008" + right, "00200080"}, "9000"},
		{"verified over select", []string{selectPIV, "0020008008" + right, selectPIV, "00200080"}, "9000"},
		{"forgotten", []string{selectPIV, "0020008008" + right, "0020FF80", "00200080"}, "63C3"},
		{"wrong", []string{selectPIV, "0020008008" + wrong}, "63C2"},
		{"wrong and right", []string{selectPIV, "0020008008" + wrong, "0020008008" + right, "0020FF80", "00200080"}, "63C3"},
		{"wrong thrice", []string{selectPIV, "0020008008" + wrong, "0020008008" + wrong, "0020008008" + wrong}, "63C0"},
		{"blocked", []string{selectPIV, "0020008008" + wrong, "0020008008" + wrong, "0020008008" + wrong, "0020008008" + right}, "6983"},
		{"blocked, asked", []string{selectPIV, "0020008008" + wrong, "0020008008" + wrong, "0020008008" + wrong, "00200080"}, "6983"},
		{"letters cost nothing", []string{selectPIV, "0020008008" + "414243444546FFFF", "00200080"}, "63C3"},
		{"short PIN", []string{selectPIV, "00200080083132333435FFFFFF"}, "6A80"},
		{"no padding", []string{selectPIV, "0020008006313233343536"}, "6A80"},
		{"P1", []string{selectPIV, "0020018008" + right}, "6A86"},
		{"change", []string{selectPIV, "0024008010" + right + newer, "0020008008" + newer}, "9000"},
		{"change, wrong old", []string{selectPIV, "0024008010" + wrong + newer}, "63C2"},
		{"change to letters", []string{selectPIV, "0024008010" + right + "4142434445464748"}, "6A80"},
		{"change with the new value alone", []string{selectPIV, "0024018008" + newer}, "6A86"},
		{"change, cut", []string{selectPIV, "0024008008" + right}, "6700"},
		{"change of nothing", []string{selectPIV, "0024008210" + right + newer}, "6A88"},
		{"change PUK", []string{selectPIV, "0024008110" + puk + badPUK}, "9000"},
		{"change PUK, wrong", []string{selectPIV, "0024008110" + badPUK + puk}, "63C2"},
		{"unblock", []string{selectPIV, "0020008008" + wrong, "002C008010" + puk + newer, "0020008008" + newer}, "9000"},
		{"unblock, wrong PUK", []string{selectPIV, "002C008010" + badPUK + newer}, "63C2"},
		{"unblock, PUK blocked", []string{selectPIV, "002C008010" + badPUK + newer, "002C008010" + badPUK + newer, "002C008010" + badPUK + newer, "002C008010" + puk + newer}, "6983"},
		{"unblock to letters", []string{selectPIV, "002C008010" + puk + "4142434445464748"}, "6A80"},
		{"unblock, P1=03", []string{selectPIV, "002C0380"}, "6A86"},
		{"unblock the PUK", []string{selectPIV, "002C008110" + puk + newer}, "6A88"},
		{"unblock, cut", []string{selectPIV, "002C008008" + puk}, "6700"},
		{"sign without PIN", []string{selectPIV, sign9C}, "6982"},
		{"sign", []string{selectPIV, "0020008008" + right, sign9C}, "7C*"},
		{"sign twice under one PIN", []string{selectPIV, "0020008008" + right, sign9C, sign9C}, "6982"},
		{"sign not right after the PIN", []string{selectPIV, "0020008008" + right, "00CB3FFF055C035FC10200", sign9C}, "6982"},
		{"9A may sign twice", []string{selectPIV, "0020008008" + right, strings.Replace(sign9C, "9C", "9A", 1), strings.Replace(sign9C, "9C", "9A", 1)}, "7C*"},
		{"9E without PIN", []string{selectPIV, sign9E}, "7C*"},
		{"other algorithm", []string{selectPIV, strings.Replace(sign9E, "8711", "8707", 1)}, "6A86"},
		{"no such key", []string{selectPIV, strings.Replace(sign9E, "9E", "9B", 1)}, "6A88"},
		{"no template", []string{selectPIV, "0087119E 02 8200 00"}, "6A80"},
		{"no question", []string{selectPIV, "0087119E 04 7C02 8101 00"}, "6A80"},
		{"no challenge", []string{selectPIV, "0087119E 04 7C02 8200 00"}, "6A80"},
		{"challenge too long", []string{selectPIV, "0087119E 27 7C25 8200 8121" + digest + "AB 00"}, "6A80"},
		{"point to a signature key", []string{selectPIV, "0087119E 07 7C05 8200 850104 00"}, "6A80"},
		{"point that is none", []string{selectPIV, "0020008008" + right, "0087119D 07 7C05 8200 850104 00"}, "6A80"},
		{"no such object", []string{selectPIV, "00CB3FFF055C035FC10600"}, "6A82"},
		{"object after the PIN alone", []string{selectPIV, "00CB3FFF055C035FC10900"}, "6982"},
		{"object after the PIN", []string{selectPIV, "0020008008" + right, "00CB3FFF055C035FC10900"}, "53*"},
		{"GET DATA elsewhere", []string{selectPIV, "00CB2F00055C035FC10200"}, "6A86"},
		{"GET DATA without a tag list", []string{selectPIV, "00CB3FFF035FC10200"}, "6A80"},
		{"GET RESPONSE without cause", []string{selectPIV, "00C0000000"}, "6985"},
		{"chain broken", []string{selectPIV, "1087119E 03 7C2482", "00200080"}, "6883"},
		{"chain of commands that have none", []string{selectPIV, "10200080 04 31323334"}, "6884"},
		{"chain", []string{selectPIV, "1087119E 03 7C2482", "0087119E 23 00 8120" + digest + "00"}, "7C*"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCard(t, "P-256", nil)
			var got string
			for _, command := range tt.commands {
				got = send(t, c, command)
			}
			if prefix, any := strings.CutSuffix(tt.want, "*"); any && !strings.HasPrefix(got, prefix) || !any && got != tt.want {
				t.Errorf("the last answer is %s, want %s", got, tt.want)
			}
		})
	}
}

// TestObjects reads every object that the card has.
func TestObjects(t *testing.T) {
	cfg := config(t, "RSA-2048")
	tests := []struct{ name, list, holds string }{
		{"discovery", "5C017E", "4F0BA000000308000010000100"},
		{"CHUID", "5C035FC102", "3019D4E739DA739CED39CE739D836858210842108421C84210C3EB"},
		{"CCC", "5C035FC107", "F015A000000116FF02"},
		{"key history", "5C035FC10C", "C10100C20100"},
		{"certificate 9A", "5C035FC105", hex.EncodeToString(cfg.Certificates[piv.Authentication])},
		{"certificate 9C", "5C035FC10A", hex.EncodeToString(cfg.Certificates[piv.DigitalSignature])},
		{"certificate 9D", "5C035FC10B", hex.EncodeToString(cfg.Certificates[piv.KeyManagement])},
		{"certificate 9E", "5C035FC101", hex.EncodeToString(cfg.Certificates[piv.CardAuthentication])},
	}
	for name, change := range map[string]bool{"T=1": false, "T=0": true} {
		c, err := piv.New(func() piv.Config { cfg.GetResponse = change; return cfg }())
		if err != nil {
			t.Fatal(err)
		}
		c.PowerOn()
		get(t, c, selectPIV)
		for _, tt := range tests {
			t.Run(tt.name+" by "+name, func(t *testing.T) {
				list, _ := hex.DecodeString(tt.list)
				got := get(t, c, "00CB3FFF"+hex.EncodeToString([]byte{byte(len(list))})+tt.list+"00")
				if !strings.Contains(hex.EncodeToString(got), strings.ToLower(tt.holds)) {
					t.Errorf("the object is %X", got)
				}
				if tag := byte(0x53); tt.name != "discovery" && got[0] != tag {
					t.Errorf("the container is %02X", got[0])
				}
			})
		}
	}
}

func TestCompressedCertificate(t *testing.T) {
	cfg := config(t, "P-256")
	cfg.Compress = true
	c, err := piv.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c.PowerOn()
	get(t, c, selectPIV)
	object := get(t, c, "00CB3FFF055C035FC10A00")
	packed, _, _ := apdu.Contents(object, 0x53, 0x70)
	info, _, _ := apdu.Contents(object, 0x53, 0x71)
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil || !bytes.Equal(info, []byte{1}) {
		t.Fatalf("flag %X, %v", info, err)
	}
	if der, err := io.ReadAll(z); err != nil || !bytes.Equal(der, cfg.Certificates[piv.DigitalSignature]) {
		t.Errorf("another certificate, %v", err)
	}
}

// TestSignature checks each kind of key with the standard library.
func TestSignature(t *testing.T) {
	digest := sha256.Sum256([]byte("x"))
	t.Run("RSA", func(t *testing.T) {
		c := newCard(t, "RSA-2048", nil)
		get(t, c, selectPIV)
		send(t, c, "0020008008313233343536FFFF")
		block := append([]byte{0, 1}, bytes.Repeat([]byte{0xFF}, 202)...)
		info, _ := hex.DecodeString("003031300D060960864801650304020105000420")
		block = append(append(block, info...), digest[:]...)
		data := append([]byte{0x7C, 0x82, 0x01, 0x06, 0x82, 0x00, 0x81, 0x82, 0x01, 0x00}, block...)
		if got := send(t, c, "1087079CFF"+hex.EncodeToString(data[:255])); got != "9000" {
			t.Fatalf("the first part is answered by %s", got)
		}
		answer := get(t, c, "0087079C"+hex.EncodeToString([]byte{byte(len(data) - 255)})+hex.EncodeToString(data[255:])+"00")
		signature, _, err := apdu.Contents(answer, 0x7C, 0x82)
		if err != nil {
			t.Fatal(err)
		}
		if err := rsa.VerifyPKCS1v15(makeKeys()["RSA-2048"].Public().(*rsa.PublicKey), crypto.SHA256, digest[:], signature); err != nil {
			t.Error(err)
		}
	})
	t.Run("P-256", func(t *testing.T) {
		c := newCard(t, "P-256", nil)
		get(t, c, selectPIV)
		answer := get(t, c, "0087119E267C24820081 20"+hex.EncodeToString(digest[:])+"00")
		signature, _, err := apdu.Contents(answer, 0x7C, 0x82)
		if err != nil || !ecdsa.VerifyASN1(makeKeys()["P-256"].Public().(*ecdsa.PublicKey), digest[:], signature) {
			t.Errorf("%X does not hold, %v", signature, err)
		}
	})
}

// TestAgreement compares the shared secret with the other side's.
func TestAgreement(t *testing.T) {
	c := newCard(t, "P-256", nil)
	get(t, c, selectPIV)
	send(t, c, "0020008008313233343536FFFF")
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	mine, _ := other.ECDH()
	theirs, _ := makeKeys()["P-256"].Public().(*ecdsa.PublicKey).ECDH()
	want, err := mine.ECDH(theirs)
	if err != nil {
		t.Fatal(err)
	}
	answer := get(t, c, "0087119D477C45820085 41"+hex.EncodeToString(mine.PublicKey().Bytes())+"00")
	if got, _, err := apdu.Contents(answer, 0x7C, 0x82); err != nil || !bytes.Equal(got, want) {
		t.Errorf("secret %X, want %X, %v", got, want, err)
	}
}

// TestPower: counters outlive power, a verified PIN does not.
func TestPower(t *testing.T) {
	for name, off := range map[string]func(*piv.Card){"reset": (*piv.Card).Reset, "power": func(c *piv.Card) { c.PowerOff(); c.PowerOn() }} {
		t.Run(name, func(t *testing.T) {
			c := newCard(t, "P-256", nil)
			get(t, c, selectPIV)
			send(t, c, "0020008008393939393939FFFF")
			off(c)
			if got := send(t, c, "00200080"); got != "6985" {
				t.Errorf("the application is selected still: %s", got)
			}
			get(t, c, selectPIV)
			if got := send(t, c, "00200080"); got != "63C2" {
				t.Errorf("tries: %s", got)
			}
			send(t, c, "0020008008313233343536FFFF")
			off(c)
			get(t, c, selectPIV)
			if got := send(t, c, "00200080"); got != "63C3" {
				t.Errorf("the PIN outlives power: %s", got)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		c := newCard(t, "P-256", nil)
		c.PowerOff()
		if _, err := c.Transmit([]byte{0, 0xA4, 4, 0}); !errors.Is(err, chip.ErrPulled) {
			t.Errorf("an answer without power: %v", err)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*piv.Config){
		"short PIN":     func(c *piv.Config) { c.PIN = "12345" },
		"letters":       func(c *piv.Config) { c.PIN = "12345A" },
		"long PIN":      func(c *piv.Config) { c.PIN = "123456789" },
		"no PIN":        func(c *piv.Config) { c.PIN = "" },
		"long PUK":      func(c *piv.Config) { c.PUK = "123456789" },
		"key":           func(c *piv.Config) { c.Keys[0x9C] = p521 },
		"no such place": func(c *piv.Config) { c.Certificates[0x82] = []byte{1} },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t, "P-256")
			change(&cfg)
			if _, err := piv.New(cfg); err == nil {
				t.Error("a card was made")
			}
		})
	}
}
